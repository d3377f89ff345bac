"""A batch in one call: the same rows as when somebody decides, or nothing at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import (
    Reservation,
    ReservationStatusChange,
    StockMovement,
    StockPosition,
)
from inventory.services import ledger, policies, reservations, selling
from inventory.services.taking import NothingDemanded
from inventory.tests.factories import NOON, World, make_world
from inventory.types import ChannelReserve, Demand, SellingLimit
from oms.core import clock
from oms.core.context import acting
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import NestedUseCase, unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)

_Row = dict[str, Any]


@pytest.fixture
def world() -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE", "LAMP"))
    for node in world.nodes:
        world.receive(node, "TENT", 50)
        world.receive(node, "STOVE", 50)
    return world


def _batch(world: World, prefix: str) -> list[Demand]:
    """Whatever a batch may hold: odd texts, lines that name a place twice, several nodes."""
    tent = world.leg("reno", "TENT", 2)
    odd = world.demand(f'{prefix}"{{a}},\\b NULL', replace(tent, line_ref='1"\\,{}'), at=NOON)
    return [
        world.demand(f"{prefix}1", tent),
        world.demand(f"{prefix}2", tent, replace(tent, quantity=3), world.leg("dallas", "TENT", 1)),
        replace(odd, channel="shöp, \\north", needed_on=date(2026, 3, 9), actor='key:"x"'),
        replace(world.demand(f"{prefix}3", world.leg("reno", "STOVE", 4)), is_partial=True),
    ]


def _written(prefix: str) -> dict[str, list[_Row]]:
    """Rows of the demands of a prefix, without keys, the prefix and the moment."""
    held = Reservation.objects.filter(demand_ref__startswith=prefix)
    changes = ReservationStatusChange.objects.filter(subject__in=held)
    moved = StockMovement.objects.filter(document_ref__startswith=prefix)
    told = OutboxEvent.objects.filter(aggregate_id__startswith=prefix)
    return {
        "reservations": _plain(prefix, held, "id", "public_id"),
        "changes": _plain(prefix, changes, "id", "subject_id"),
        "movements": _plain(prefix, moved, "id"),
        "events": _plain(prefix, told, "id", "event_id", "recorded_at"),
    }


def _plain(prefix: str, rows: Any, *ignored: str) -> list[_Row]:
    return [
        {key: str(value).replace(prefix, "", 2) for key, value in row.items() if key not in ignored}
        for row in rows.order_by("pk").values()
    ]


def _counts() -> list[object]:
    tables = (Reservation, ReservationStatusChange, StockMovement, OutboxEvent)
    return [
        *(table.objects.count() for table in tables),
        list(StockPosition.objects.order_by("pk").values()),
    ]


def test_it_writes_what_is_written_when_somebody_decides(world: World) -> None:
    with acting(actor="key:ab12cd34"), clock.virtual(NOON):
        assert reservations.reserve_at_once(demands=_batch(world, "fast"))
        in_one_call = _written("fast")
        positions = list(StockPosition.objects.order_by("pk").values_list("allocated", flat=True))
        with unit():
            answers = reservations.reserve_each(demands=_batch(world, "slow"))

    assert all(answer.taken and not answer.short for answer in answers.values())
    assert in_one_call == _written("slow")
    assert len(in_one_call["reservations"]) == 5
    after = StockPosition.objects.order_by("pk").values_list("allocated", flat=True)
    assert list(after) == [2 * units for units in positions]
    assert ledger.verify().differences == []


def test_callers_get_the_same_answers(world: World) -> None:
    answers = selling._serve(_batch(world, "a"))

    assert [answer.taken for answer in answers] == [(d.demand_ref,) for d in _batch(world, "a")]
    assert not any(answer.short for answer in answers)


def test_one_statement_for_any_number_of_demands(world: World) -> None:
    tent = world.leg("reno", "TENT", 1)
    reservations.reserve_at_once(demands=[world.demand("first", tent)])

    for count in (1, 20):
        demands = [world.demand(f"o{count}-{n}", tent) for n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert reservations.reserve_at_once(demands=demands)
        assert len(captured) == 1


def _is_short(world: World) -> Demand:
    return world.demand("o", world.leg("dallas", "TENT", 51))


def _has_no_place(world: World) -> Demand:
    return world.demand("o", world.leg("reno", "LAMP", 1))


def _is_anothers(world: World) -> Demand:
    return replace(world.demand("o", world.leg("dallas", "TENT", 1)), organization_id=10**9)


def _holds_something_elsewhere(world: World) -> Demand:
    with unit():
        held = [world.demand("o", world.leg("reno", "STOVE", 1))]
        reservations.hold(demands=held, expires_at=clock.now() + timedelta(hours=1))
    return world.demand("o", world.leg("dallas", "TENT", 1))


def _was_taken_before(world: World) -> Demand:
    demand = world.demand("o", world.leg("dallas", "TENT", 1))
    assert reservations.reserve_at_once(demands=[demand])
    return demand


def _needs_the_safety_stock(world: World) -> Demand:
    StockPosition.objects.filter(node_id=world.nodes["dallas"]).update(safety_stock=50)
    return world.demand("o", world.leg("dallas", "TENT", 1))


def _would_be_oversold(world: World) -> Demand:
    with unit():
        limit = SellingLimit(world.organization_id, oversell_limit=10)
        policies.set_selling_rules(rules=[limit])
    return world.demand("o", world.leg("dallas", "TENT", 51))


def _is_kept_for_a_channel(world: World) -> Demand:
    place = world.nodes["dallas"], world.variants["TENT"]
    with unit():
        policies.keep_for_channel(reserves=[ChannelReserve(*place, "shop", 1)], at=NOON)
    return replace(world.demand("o", world.leg("dallas", "TENT", 1)), channel="shop")


def _has_lots(world: World) -> Demand:
    world.track("LAMP", "lot")
    world.receive_lot("dallas", "LAMP", world.lot("LAMP", "A"), 5)
    return world.demand("o", world.leg("dallas", "LAMP", 1))


def _has_serial_numbers(world: World) -> Demand:
    world.track("LAMP", "serial")
    world.receive_units("dallas", "LAMP", "S1")
    return world.demand("o", world.leg("dallas", "LAMP", 1))


@pytest.mark.parametrize(
    "of",
    [
        _is_short,
        _has_no_place,
        _is_anothers,
        _holds_something_elsewhere,
        _was_taken_before,
        _needs_the_safety_stock,
        _would_be_oversold,
        _is_kept_for_a_channel,
        _has_lots,
        _has_serial_numbers,
    ],
)
def test_where_somebody_must_decide_nothing_is_changed(
    world: World, of: Callable[[World], Demand]
) -> None:
    demands = [world.demand("plain", world.leg("reno", "TENT", 1)), of(world)]
    before = _counts()

    assert reservations.reserve_at_once(demands=demands) is False

    assert _counts() == before
    # Then it is decided; whoever can be served is.
    plain, _ = selling._serve(demands)
    assert plain.taken == ("plain",)
    assert ledger.verify().differences == []


def test_two_sellers_who_name_one_place_are_told_apart(world: World) -> None:
    leg = world.leg("reno", "TENT", 1)
    stranger = replace(world.demand("b", leg), organization_id=10**9)

    ours, theirs = selling._serve([world.demand("a", leg), stranger])

    assert (ours.taken, theirs.taken) == (("a",), ())


@pytest.mark.parametrize(
    ("quantity", "error"), [(0, InvalidQuantity), (-1, InvalidQuantity), (1.5, InvalidQuantity)]
)
def test_bad_quantities_are_refused(world: World, quantity: Any, error: type[Exception]) -> None:
    before = _counts()
    good = world.demand("good", world.leg("reno", "TENT", 1))

    with pytest.raises(error):
        reservations.reserve_at_once(
            demands=[good, world.demand("bad", world.leg("reno", "TENT", quantity))]
        )
    with pytest.raises(NothingDemanded):
        reservations.reserve_at_once(demands=[good, world.demand("bad")])

    assert _counts() == before


def test_no_demands_are_no_batch() -> None:
    assert reservations.reserve_at_once(demands=[]) is False


def test_it_is_a_transaction_of_its_own(world: World) -> None:
    with pytest.raises(NestedUseCase), unit():
        reservations.reserve_at_once(demands=[world.demand("o", world.leg("reno", "TENT", 1))])


def test_whoever_comes_between_the_look_and_the_locks_leaves_nothing_half_done(
    world: World,
) -> None:
    demand = world.demand("late", world.leg("reno", "TENT", 1), world.leg("dallas", "TENT", 30))
    answers: list[bool] = []

    def ask() -> None:
        try:
            answers.append(reservations.reserve_at_once(demands=[demand]))
        finally:
            connection.close()

    late = Thread(target=ask)
    with unit():
        # Seen by nobody before the commit: the late one still finds fifty.
        reservations.reserve(demands=[world.demand("first", world.leg("dallas", "TENT", 30))])
        before = Reservation.objects.count()
        late.start()
        _wait_for_a_waiter()
    late.join(10)

    assert answers == [False]
    assert Reservation.objects.count() == before
    assert not StockMovement.objects.filter(document_ref="late").exists()
    assert not OutboxEvent.objects.filter(aggregate_id="late").exists()
    assert world.position("reno", "TENT").allocated == 0
    assert ledger.verify().differences == []


def _wait_for_a_waiter() -> None:
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND transactionid::text = pg_current_xact_id()::text"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("nobody waited for the lock")
