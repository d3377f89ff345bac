"""Who takes the last of a lot while it is blocked either comes too late or is told of; the control
shows that without the locks somebody is forgotten."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from inventory.models import Lot
from inventory.services import balances, ledger, lots, reservations
from inventory.tests.factories import World, make_world
from inventory.types import OpenWork
from oms.core.testing.races import run_together
from oms.core.transactions import unit
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def _race(world: World, lot_id: int) -> list[OpenWork]:
    """Blocks the lot while a reservation of it is made and not committed; returns what was told."""
    reserved, blocked = threading.Event(), threading.Event()

    def take() -> None:
        with unit():
            result = reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 2))])
            assert result.taken == ("o",)
            reserved.set()
            wait_for(
                lambda: blocked.is_set() or _somebody_waits(),
                seconds=20,
                what="the block is over, or waits",
                every=0.01,
            )

    def stop() -> list[OpenWork]:
        assert reserved.wait(20)
        with unit():
            work = lots.block(lot_ids=[lot_id], block="hold", reason="Smells.")
        blocked.set()
        return work

    failure, work = run_together([take, stop])
    assert failure is None
    return work


def _stocked() -> tuple[World, int]:
    world = make_world()
    world.track("TENT", "lot")
    lot_id = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot_id, 5)
    return world, lot_id


def test_a_reservation_in_the_making_is_told_of() -> None:
    world, lot_id = _stocked()

    work = _race(world, lot_id)

    assert [(item.demand_ref, item.quantity) for item in work] == [("o", 2)]
    assert Lot.objects.get().block == "hold"
    assert ledger.verify().count == 0


def test_control_without_the_locks_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    world, lot_id = _stocked()
    monkeypatch.setattr(balances, "lock_ids", lambda *, position_ids: [])

    assert _race(world, lot_id) == []
