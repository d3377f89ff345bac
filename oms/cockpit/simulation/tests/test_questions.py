"""Each question about stock finds what it asks for."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest

from inventory.models import Reservation, ReservationStatusChange, StockPosition
from inventory.services import balances, reservations
from inventory.services.balances import Entry
from inventory.tests.factories import NOON, World, at_node, make_world
from oms.cockpit.simulation.bench import raw_placing
from oms.cockpit.simulation.proving import questions, weakening
from oms.cockpit.simulation.proving.weakening import Protection
from oms.core.transactions import unit
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def _answers() -> list[int]:
    return [
        questions.units_oversold_now(),
        questions.units_oversold_ever(),
        questions.units_unbacked(),
        questions.reservations_ended_twice(),
    ]


def _allocate(world: World, units: int) -> None:
    with unit():
        [position] = balances.lock_places(places=[(world.nodes["reno"], world.variants["TENT"])])
        balances.book(
            entries=[
                Entry(
                    position_id=position.id,
                    kind="allocated" if units > 0 else "released",
                    document_kind="order",
                    document_ref="o",
                    at=NOON,
                    actor="test",
                    allocated=units,
                )
            ]
        )


def test_sound_stock_has_nothing_to_tell() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 3))])
        reservations.consume(items=[at_node("o")])

    assert _answers() == [0, 0, 0, 0]
    assert questions.units_unsold() == 2


def test_a_unit_that_was_sold_twice_and_given_back_is_told_of() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)

    with weakening.without(Protection.GUARD, Protection.CHECK):
        _allocate(world, 3)
        during = questions.units_oversold_now(), questions.units_oversold_ever()
        _allocate(world, -3)
        after = questions.units_oversold_now(), questions.units_oversold_ever()

    assert during == (2, 2)
    assert after == (0, 2)


def test_a_balance_without_a_reservation_is_told_of() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    StockPosition.objects.update(held=2)

    assert questions.units_unbacked() == 2


def test_a_reservation_that_ended_twice_is_told_of() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    with unit():
        reservations.hold(
            demands=[world.demand("o", world.leg("reno", "TENT", 1))],
            expires_at=NOON + timedelta(days=10_000),
        )
        reservations.release(items=[at_node("o")], reason="test")
    ReservationStatusChange.objects.create(
        subject=Reservation.objects.get(), trigger="expire", from_status="held",
        to_status="expired", actor="test", at=NOON,
    )  # fmt: skip

    assert questions.reservations_ended_twice() == 1


def test_somebody_who_waits_for_a_lock_is_told_of() -> None:
    options = raw_placing.connect_options()
    with psycopg.connect(**options) as first, psycopg.connect(**options) as second:
        assert questions.longest_lock_wait() == 0
        first.execute("SELECT pg_advisory_xact_lock(1, 1)")
        waiter = threading.Thread(
            target=second.execute, args=("SELECT pg_advisory_xact_lock(1, 1)",)
        )
        waiter.start()
        wait_for(lambda: questions.longest_lock_wait() > 0, seconds=30, what="a wait for a lock")
        first.commit()
        waiter.join()
