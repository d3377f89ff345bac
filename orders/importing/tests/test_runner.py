"""The import: every row accounted for, resumable anywhere, nothing twice."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest

from orders.channels import selectors as channels
from orders.channels.models import Channel, ServiceLevel
from orders.importing import preview, runner
from orders.importing.text_files import CsvReader
from orders.models import Order
from orders.services import placement
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

COLUMNS = "external_ref,sku,quantity,currency,country,region,city,postcode,street,name\n"


@pytest.fixture
def world() -> World:
    world = a_world()
    world.receive("reno", "A", 10_000)
    return world


def _file(folder: Path, count: int, bad: set[int] = frozenset()) -> CsvReader:  # type: ignore[assignment]
    path = folder / "orders.csv"
    rows = [
        f"F-{n},{'NOPE' if n in bad else 'A'},1,USD,US,NV,Reno,89501,{n} Main Street,Person {n}\n"
        for n in range(count)
    ]
    path.write_text(COLUMNS + "".join(rows))
    return CsvReader(path)


def _errors(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_import_places_the_good_and_files_the_bad(world: World, tmp_path: Path) -> None:
    progress, path = runner.run(
        reader=_file(tmp_path, 120, bad={3, 77}),
        channel=world.channel,
        folder=tmp_path / "out",
        created_by="test",
    )

    assert (progress.placed, progress.rejected, Order.objects.count()) == (118, 2, 118)
    assert [(e["error_row"], e["error_field"], e["error_code"]) for e in _errors(path)] == [
        ("5", "sku", "unknown_sku"),
        ("79", "sku", "unknown_sku"),
    ]
    assert _errors(path)[0]["name"] == "Person 3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_import_again_places_nothing_twice(world: World, tmp_path: Path) -> None:
    for _ in range(2):
        progress, path = runner.run(
            reader=_file(tmp_path, 30, bad={1}),
            channel=world.channel,
            folder=tmp_path / "out",
            created_by="test",
        )

    assert (progress.placed, progress.rejected, Order.objects.count()) == (29, 1, 29)
    assert len(_errors(path)) == 1


def test_import_killed_between_batches_goes_on_behind_the_last(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    real = placement.place

    def die_in_the_second_batch(**kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls != 2:
            return real(**kwargs)  # type: ignore[arg-type]
        within = kwargs.pop("within")

        def then_die(answers: object) -> None:
            within(answers)  # type: ignore[operator]
            raise KeyboardInterrupt  # after the error file was written, before the commit

        return real(**kwargs, within=then_die)  # type: ignore[arg-type]

    def run() -> tuple[runner.Progress, Path]:
        return runner.run(
            reader=_file(tmp_path, 250, bad={5, 150, 249}),
            channel=world.channel,
            folder=tmp_path / "out",
            created_by="test",
        )

    monkeypatch.setattr(placement, "place", die_in_the_second_batch)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert Order.objects.count() == 99
    progress, path = run()

    assert (progress.placed, progress.rejected, Order.objects.count()) == (247, 3, 247)
    assert [e["error_row"] for e in _errors(path)] == ["7", "152", "251"]


def test_dry_run_says_the_same_and_changes_nothing(world: World, tmp_path: Path) -> None:
    path = tmp_path / "dry-run.errors.csv"
    world.place(a_draft("F-7"))

    found = preview.look(reader=_file(tmp_path, 40, bad={2}), channel=world.channel, path=path)

    assert (found.total, found.done) == (40, 40)
    assert (found.new, found.repeated, found.rejected, found.held) == (38, 1, 1, 0)
    assert (found.units, found.amounts) == (38, {"USD": 760})
    assert found.reasons == {"sku unknown_sku": 1}
    assert found.first[1:3] == [
        {"line": 3, "reference": "F-1", "units": 1, "outcome": "new", "codes": []},
        {
            "line": 4,
            "reference": "F-2",
            "units": 1,
            "outcome": "rejected",
            "codes": ["unknown_sku"],
        },
    ]
    assert found.first[7]["outcome"] == "repeated"
    assert (Order.objects.count(), len(_errors(path))) == (1, 1)


def test_dry_run_stops_when_it_is_told_to(world: World, tmp_path: Path) -> None:
    found = preview.look(
        reader=_file(tmp_path, 250),
        channel=world.channel,
        path=tmp_path / "dry-run.errors.csv",
        told=lambda _: False,
    )

    assert (found.total, found.done) == (250, 100)


def test_import_stops_at_its_time_and_goes_on_behind(world: World, tmp_path: Path) -> None:
    seen = []
    for until in (0.0, None):
        progress, _ = runner.run(
            reader=_file(tmp_path, 150),
            channel=world.channel,
            folder=tmp_path / "out",
            created_by="test",
            until=until,
        )
        seen.append(progress.placed)

    assert (seen, Order.objects.count()) == ([100, 150], 150)


def test_import_takes_own_levels_and_files_what_the_channel_does_not_offer(
    world: World, tmp_path: Path
) -> None:
    ServiceLevel.objects.create(
        organization_id=world.organization_id, code="gold", name="Gold", rank=35, deadline_days=2
    )
    Channel.objects.update(tiers=["standard", "gold"])
    channel = channels.get_facts(organization_id=world.organization_id, code="shop")
    file = tmp_path / "orders.csv"
    row = "F-{0},A,1,USD,US,NV,Reno,89501,{0} Main Street,Person {0},{1}\n"
    head = COLUMNS.rstrip() + ",tier\n"
    file.write_text(head + row.format(1, "gold") + row.format(2, "same_day"))
    progress, errors = runner.run(
        reader=CsvReader(file), channel=channel, folder=tmp_path / "out", created_by="test"
    )

    assert (progress.placed, progress.rejected) == (1, 1)
    assert list(Order.objects.values_list("external_ref", "tier")) == [("F-1", "gold")]
    told = [(e["error_field"], e["error_code"]) for e in _errors(errors)]
    assert told == [("tier", "tier_not_offered")]
