"""`count_stock`: a file becomes a booked count, or nothing at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from inventory.models import Lot, LotBalance, StockCount, StockMovement
from inventory.nodes import services as nodes
from inventory.services import counts, ledger, reservations, stock
from inventory.tests.factories import World, make_world
from inventory.types import StockChange
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(skus=("TENT", "STOVE", "MILK"))
    world.receive("reno", "TENT", 5)
    world.receive("reno", "STOVE", 3)
    return world


def _file(folder: Path, *rows: str, head: str = "sku,counted") -> Path:
    path = folder / "found.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8-sig")
    return path


def _run(path: Path, *options: str) -> None:
    call_command("count_stock", "--node", "reno", "--csv", str(path), *options)


def _answer(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], dict[str, Any]]:
    *lines, last = capsys.readouterr().out.splitlines()
    return lines, json.loads(last)


def test_a_file_is_booked_and_says_who_lost(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with unit():
        reservations.reserve(
            demands=[
                world.demand("old", world.leg("reno", "TENT", 3)),
                world.demand("young", world.leg("reno", "TENT", 2)),
            ]
        )

    _run(_file(tmp_path, "TENT,4", "STOVE,3"), "--reason", "monthly", "--json")

    lines, answer = _answer(capsys)
    count = StockCount.objects.get()
    assert lines == [
        "TENT: 4 found, -1 against the books.",
        "order young loses 1.",
        f"2 counted, 1 differ. Booked as {count.public_id}.",
    ]
    assert answer == {
        "count": count.public_id,
        "is_dry_run": False,
        "lines": 2,
        "differences": [{"sku": "TENT", "lot": "", "counted": 4, "difference": -1}],
        "missing": [{"demand_kind": "order", "demand_ref": "young", "units": 1}],
    }
    movement = StockMovement.objects.get(kind="counted")
    assert (movement.reason, movement.actor) == ("monthly", "command:count_stock")
    assert (count.status, world.position("reno", "TENT").on_hand) == ("applied", 4)
    assert ledger.verify().differences == []


def test_a_dry_run_says_the_same_and_books_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = StockMovement.objects.count()

    _run(_file(tmp_path, "TENT,1", "STOVE,9"), "--dry-run", "--json")

    lines, answer = _answer(capsys)
    assert lines[-1] == "2 counted, 2 differ. Nothing was booked."
    assert [row["difference"] for row in answer["differences"]] == [-4, 6]
    assert (answer["count"], answer["is_dry_run"]) == ("", True)
    assert StockMovement.objects.count() == before
    assert not StockCount.objects.exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("TENT,-1", "Row 3: Give a whole number"),
        ("TENT,1.5", "Row 3: Give a whole number"),
        ("TENT,", "Row 3: Give a whole number"),
        ("TENT,999999999999", "Row 3: Give a whole number"),
        ("TENT,٣", "Row 3: Give a whole number"),
        ("NOBODY,1", "Row 3: NOBODY is not in the catalog."),
        ("STOVE,1", "Row 2: Give one number for a place"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_booked(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, said: str
) -> None:
    with pytest.raises(CommandError):
        _run(_file(tmp_path, "STOVE,2", row))

    assert said in capsys.readouterr().out
    assert not StockCount.objects.exists()
    assert world.position("reno", "STOVE").on_hand == 3


def test_a_bin_must_be_counted_whole_and_alone(world: World, tmp_path: Path) -> None:
    with unit():
        nodes.upsert_bins(node_id=world.nodes["reno"], codes=["A-1"])
        counts.assign_bin(
            node_id=world.nodes["reno"],
            variant_ids=[world.variants["TENT"], world.variants["STOVE"]],
            bin_code="A-1",
        )

    with pytest.raises(CommandError, match="Not counted yet: STOVE"):
        _run(_file(tmp_path, "TENT,5"), "--bin", "A-1")
    with pytest.raises(CommandError, match="not on the sheet"):
        _run(_file(tmp_path, "TENT,5", "STOVE,1"), "--sku", "TENT")
    _run(_file(tmp_path, "TENT,5", "STOVE,1"), "--bin", "A-1")

    assert world.position("reno", "STOVE").on_hand == 1
    assert str(StockCount.objects.get().bin) == "A-1"


def test_lots_are_named_by_their_codes(world: World, tmp_path: Path) -> None:
    world.track("MILK", "lot")
    variant = world.variants["MILK"]
    lot = Lot.objects.create(variant_id=variant, code="L1")
    with unit():
        stock.receive(changes=[StockChange(world.nodes["reno"], variant, 4, lot_id=lot.pk)])
    head = "sku,counted,lot"

    with pytest.raises(CommandError, match="MILK has no lot L9"):
        _run(_file(tmp_path, "MILK,2,L9", head=head))
    _run(_file(tmp_path, "MILK,2,L1", head=head))

    assert LotBalance.objects.get(lot=lot).on_hand == 2


@pytest.mark.parametrize(
    ("head", "said"), [("sku,units", "lacks the column counted"), ("", "lacks the column")]
)
def test_a_file_without_its_columns_is_refused(
    world: World, tmp_path: Path, head: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        _run(_file(tmp_path, "TENT,1", head=head))
    with pytest.raises(CommandError, match="does not exist"):
        _run(tmp_path / "nowhere.csv")


def test_an_unknown_node_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no node moon"):
        call_command("count_stock", "--node", "moon", "--csv", str(_file(tmp_path, "TENT,1")))
