"""Uploaded files: kept for their owner, mapped, checked, imported in slices, stopped, purged."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from oms.core import clock
from orders.importing import mappings, uploads
from orders.importing.columns import UnreadableFile
from orders.models import ImportFile, Order
from orders.services import placement
from orders.tests.factories import World, a_world

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "Order No,sku,quantity,currency,country,region,city,postcode,street,name,Notes\n"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(django_settings.OMS, "HOME", tmp_path)
    world = a_world()
    world.receive("reno", "A", 10_000)
    return world


def _text(count: int, bad: tuple[int, ...] = ()) -> bytes:
    rows = [
        f"U-{n},{'NOPE' if n in bad else 'A'},1,USD,US,NV,Reno,89501,{n} Main Street,Person,x\n"
        for n in range(count)
    ]
    return (HEADER + "".join(rows)).encode()


def _upload(world: World, content: bytes, name: str = "orders.csv") -> ImportFile:
    return uploads.receive(
        channel=world.channel, name=name, content=[content], created_by="staff:1"
    )


def _ask(file: ImportFile, wants: str) -> None:
    uploads.ask(file_id=file.pk, wants=wants)


def test_an_upload_is_kept_for_its_owner_and_its_columns_are_suggested(world: World) -> None:
    file = _upload(world, _text(1))

    path = uploads.path_of(file)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (file.format, file.size_bytes) == ("csv", len(_text(1)))
    assert file.mapping["Order No"] == "external_ref"
    assert "Notes" not in file.mapping


@pytest.mark.parametrize(
    ("name", "content"),
    [("orders.pdf", b"x"), ("orders.csv", b""), ("orders.xlsx", b"x"), ("big.csv", None)],
)
def test_what_cannot_be_read_is_refused_and_not_kept(
    world: World, name: str, content: bytes | None, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableFile):
        _upload(world, content if content is not None else bytes(uploads.MAX_BYTES + 1), name)

    assert ImportFile.objects.count() == 0
    assert list(tmp_path.rglob("*.csv")) + list(tmp_path.rglob("*.xlsx")) == []


def test_a_mapping_is_remembered_for_the_channels_next_file(world: World) -> None:
    file = _upload(world, _text(1))
    mapping = {**file.mapping, "Notes": "customer_ref"}

    uploads.choose(file_id=file.pk, mapping=mapping)

    assert mappings.saved(channel_id=world.channel.id)["notes"] == "customer_ref"
    assert _upload(world, _text(2)).mapping["Notes"] == "customer_ref"


def test_a_mapping_that_does_not_fit_changes_nothing(world: World) -> None:
    file = _upload(world, _text(1))

    with pytest.raises(UnreadableFile, match="external_ref"):
        uploads.choose(file_id=file.pk, mapping={**file.mapping, "Order No": ""})

    file.refresh_from_db()
    assert file.mapping["Order No"] == "external_ref"
    assert mappings.saved(channel_id=world.channel.id) == {}


def test_a_check_says_what_would_change_and_changes_nothing(world: World) -> None:
    file = _upload(world, _text(30, bad=(3, 4)))
    _ask(file, "check")

    left = uploads.work_on(seconds=60)

    file.refresh_from_db()
    assert (left, file.wants, Order.objects.count()) == (False, "", 0)
    assert (file.preview["new"], file.preview["rejected"], file.preview["units"]) == (28, 2, 28)
    assert file.preview["reasons"] == {"sku unknown_sku": 2}
    assert "Person" not in str(file.preview) and "Main" not in str(file.preview)
    assert uploads.refused_of(file).read_text().count("unknown_sku") == 2


def test_an_import_runs_in_slices_and_ends_with_its_refused_rows(world: World) -> None:
    file = _upload(world, _text(250, bad=(7, 150, 249)))
    _ask(file, "import")

    slices = 0
    while uploads.work_on(seconds=0):
        slices += 1

    file.refresh_from_db()
    assert file.job is not None
    assert (slices, file.job.status, file.job.done, file.job.failed) == (2, "succeeded", 250, 3)
    assert Order.objects.count() == 247
    refused = uploads.refused_of(file).read_text().splitlines()
    assert len(refused) == 4
    assert refused[1].startswith("U-7,NOPE,1,USD")


def test_a_stopped_import_stays_stopped_and_goes_on_when_it_is_asked_to(world: World) -> None:
    file = _upload(world, _text(250))
    _ask(file, "import")
    uploads.work_on(seconds=0)
    file.refresh_from_db()

    uploads.stop(file=file, reason="wrong file")
    left = uploads.work_on(seconds=60)
    stood = Order.objects.count()
    _ask(file, "import")
    uploads.work_on(seconds=60)

    file.refresh_from_db()
    assert file.job is not None
    assert (left, stood, Order.objects.count()) == (False, 100, 250)
    assert file.job.status == "succeeded"


def test_what_is_being_worked_on_is_not_mapped_anew(world: World) -> None:
    file = _upload(world, _text(1))
    _ask(file, "import")

    with pytest.raises(uploads.BeingWorkedOn):
        uploads.choose(file_id=file.pk, mapping=file.mapping)


def test_an_error_ends_the_work_and_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("disk full")

    file = _upload(world, _text(1))
    _ask(file, "import")
    monkeypatch.setattr(placement, "place", fail)

    with pytest.raises(RuntimeError):
        uploads.work_on(seconds=60)

    file.refresh_from_db()
    assert (file.wants, file.problem) == ("", "RuntimeError")


def test_content_is_deleted_after_its_days_and_told(world: World) -> None:
    old, young = _upload(world, _text(1)), _upload(world, _text(2))
    refused = uploads.refused_of(old)
    refused.write_text("personal")
    long_ago = clock.real_now() - timedelta(days=8)
    ImportFile.objects.filter(pk=old.pk).update(created_at=long_ago)
    os.utime(refused, (long_ago.timestamp(), long_ago.timestamp()))

    uploads.purge()

    old.refresh_from_db()
    assert (uploads.path_of(old).exists(), refused.exists()) == (False, False)
    assert old.deleted_at is not None
    assert uploads.path_of(young).exists()
    with pytest.raises(uploads.ContentDeleted):
        _ask(old, "import")
