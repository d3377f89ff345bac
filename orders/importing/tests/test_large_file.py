"""Ten thousand orders, 37 of them wrong, one process killed: none is lost, none is there twice."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from inventory.services import ledger
from orders.importing import formats, runner
from orders.models import Order
from orders.tests.factories import World, a_world
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ORDERS, WRONG = 10_000, 37
#: Of processor time, ours and not the database's, so that a busy machine fails nobody.
SECONDS = 60.0

_IMPORT = """
import pathlib, sys, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
settings.OMS["HOME"] = pathlib.Path(sys.argv[2])
call_command("import_orders", sys.argv[3], "--channel", "shop", "--no-work")
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(settings.OMS, "HOME", tmp_path)
    return a_world(stock_at={"reno": {"A": 20_000}})


def _write(path: Path) -> Path:
    """Every 270th order is wrong in its SKU."""
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(
            ("external_ref", "sku", "quantity", "currency", "country", "region", "city",
             "postcode", "street", "name")
        )  # fmt: skip
        writer.writerows(
            (f"L-{n}", "NOPE" if n and n % 270 == 0 else "A", 1, "USD", "US", "NV", "Reno", "89501",
             f"{n} Main Street", "Ada Example")
            for n in range(ORDERS)
        )  # fmt: skip
    assert len(range(270, ORDERS, 270)) == WRONG
    return path


def _begin(path: Path, home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _IMPORT, connection.settings_dict["NAME"], str(home), str(path)],
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _import(world: World, path: Path) -> tuple[runner.Progress, Path]:
    return runner.run(
        reader=formats.open_reader(path, "csv"),
        channel=world.channel,
        folder=settings.OMS["HOME"] / "imports",
        created_by="test",
    )


def _kill_in_the_middle(path: Path, home: Path) -> int:
    """Returns how many orders stood when the process was gone."""
    importing = _begin(path, home)
    try:
        wait_for(
            lambda: Order.objects.count() >= ORDERS // 10,
            seconds=300,
            what="the first tenth",
            every=0.05,
        )
    finally:
        os.killpg(importing.pid, signal.SIGKILL)
        importing.wait()
    return Order.objects.count()


def test_what_was_refused_comes_again_corrected_and_only_that(world: World, tmp_path: Path) -> None:
    path = _write(tmp_path / "orders.csv")
    stood = _kill_in_the_middle(path, tmp_path)
    assert ORDERS // 10 <= stood < ORDERS - WRONG

    began = time.process_time()
    progress, refused = _import(world, path)
    seconds = time.process_time() - began

    assert (progress.placed, progress.rejected) == (ORDERS - WRONG, WRONG)
    assert Order.objects.count() == ORDERS - WRONG
    with refused.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [int(row["error_row"]) for row in rows] == [270 * n + 2 for n in range(1, WRONG + 1)]
    assert {(row["error_field"], row["error_code"]) for row in rows} == {("sku", "unknown_sku")}
    assert seconds < SECONDS

    corrected = tmp_path / "corrected.csv"
    corrected.write_text(refused.read_text().replace("NOPE", "A"))
    again, _ = _import(world, corrected)

    assert (again.placed, again.replayed, again.rejected) == (WRONG, 0, 0)
    references = Order.objects.values_list("external_ref", flat=True)
    assert set(references) == {f"L-{n}" for n in range(ORDERS)}
    assert len(references) == ORDERS
    assert ledger.verify().differences == []
