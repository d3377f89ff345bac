"""The milestone clock: targets backwards from the last moment to ship, times, reasons why not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import SellingRule
from oms.core.transactions import consumer
from oms.infra.outbox.services import relaying
from orders.milestones import LEADS, Facts, Milestone, WhyNot, standings, targets
from orders.models import FulfillmentOrder, Order, OrderLine
from orders.selectors import milestones
from orders.services import cancellation, fulfillment, holds, marking
from orders.tests.factories import NOW, World, a_draft, a_world

PLACED = datetime(2026, 11, 17, 8, tzinfo=UTC)
SHIP_BY = datetime(2026, 11, 17, 17, tzinfo=UTC)
PROMISED = date(2026, 11, 19)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def facts(**changes: Any) -> Facts:
    known: dict[str, Any] = {
        "status": "released",
        "placed_at": PLACED,
        "latest_ship_at": SHIP_BY,
        "promised_on": PROMISED,
        "reached": {Milestone.ORDERED: PLACED},
    }
    return Facts(**{**known, **changes})


def test_targets_count_back_from_the_last_moment_to_ship() -> None:
    due = targets(placed_at=PLACED, latest_ship_at=SHIP_BY, promised_on=PROMISED)

    assert due == {
        Milestone.ORDERED: PLACED,
        Milestone.VERIFIED: SHIP_BY - timedelta(minutes=110),
        Milestone.RELEASED: SHIP_BY - timedelta(minutes=105),
        Milestone.PICKED: SHIP_BY - timedelta(minutes=75),
        Milestone.PACKED: SHIP_BY - timedelta(minutes=45),
        Milestone.SHIPPED: SHIP_BY,
        Milestone.DELIVERED: datetime(2026, 11, 20, tzinfo=UTC),
    }


def test_an_order_that_came_late_has_its_targets_squeezed_into_the_time_there_is() -> None:
    late = SHIP_BY - timedelta(minutes=55)
    due = targets(placed_at=late, latest_ship_at=SHIP_BY, promised_on=None)

    assert due[Milestone.VERIFIED] == late
    assert due[Milestone.PICKED] == SHIP_BY - timedelta(minutes=37, seconds=30)
    assert due[Milestone.DELIVERED] is None
    moments = [due[milestone] for milestone in LEADS]
    assert moments == sorted(moments, key=lambda moment: moment or late)


def test_without_a_moment_to_ship_nothing_is_due_yet() -> None:
    due = targets(placed_at=PLACED, latest_ship_at=None, promised_on=None)

    assert {m for m, moment in due.items() if moment is not None} == {Milestone.ORDERED}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "verifying"}, WhyNot.NOT_VERIFIED),
        ({"status": "verifying", "open_holds": frozenset({"address"})}, WhyNot.ON_HOLD),
        ({"open_holds": frozenset({"stock"})}, WhyNot.WAITING_FOR_STOCK),
        ({"has_backorder": True}, WhyNot.WAITING_FOR_STOCK),
        ({"status": "cancelled"}, WhyNot.CANCELLED),
        ({"status": "rejected"}, WhyNot.REJECTED),
        ({"status": "expired"}, WhyNot.EXPIRED),
        ({"status": "completed"}, WhyNot.CLOSED),
        ({"reached": {Milestone.VERIFIED: PLACED}}, WhyNot.NOT_RELEASED),
        ({"reached": {Milestone.VERIFIED: PLACED}, "has_unrouted": True}, WhyNot.NOT_ROUTED),
        ({"reached": dict.fromkeys(["verified", "released"], PLACED)}, WhyNot.AT_THE_NODE),
        ({"reached": dict.fromkeys(["verified", "shipped"], PLACED)}, WhyNot.WITH_THE_CARRIER),
    ],
)
def test_what_is_not_reached_says_why(changes: dict[str, Any], why: WhyNot) -> None:
    told = standings(facts(**changes), now=PLACED)

    missing = [s for s in told if s.reached_at is None]
    assert missing
    assert {s.why_not for s in missing} == {why}
    assert all(s.why_not is None for s in told if s.reached_at is not None)


def test_late_is_what_missed_its_target_reached_or_not() -> None:
    released = SHIP_BY - timedelta(minutes=100)
    reached = dict.fromkeys((Milestone.ORDERED, Milestone.VERIFIED), PLACED)
    reached[Milestone.RELEASED] = released
    told = standings(facts(reached=reached), now=SHIP_BY - timedelta(minutes=60))

    assert [s.milestone for s in told if s.is_late] == [Milestone.RELEASED, Milestone.PICKED]


def test_nothing_is_late_that_will_not_happen_any_more() -> None:
    told = standings(facts(status="cancelled"), now=SHIP_BY + timedelta(days=9))

    assert [s.milestone for s in told if s.is_late] == []


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 50}, "dallas": {"B": 50}})


def _place(world: World, ref: str = "R-1", **changes: Any) -> Order:
    [answer] = world.place(a_draft(ref, **changes))
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def _refs(order: Order) -> list[str]:
    rows = FulfillmentOrder.objects.filter(order=order).exclude(status="cancelled")
    return list(rows.order_by("pk").values_list("public_id", flat=True))


def _times(order: Order) -> tuple[datetime | None, ...]:
    fresh = Order.objects.get(pk=order.pk)
    return fresh.picked_at, fresh.packed_at, fresh.shipped_at


def _carton(ref: str, minutes: float) -> fulfillment.Carton:
    return fulfillment.Carton(f"pcl_{ref}", 500, 200, 150, 80, at(minutes))


def _start(ref: str, minutes: float) -> None:
    with consumer():
        fulfillment.start(at={ref: at(minutes)})


def _pack(ref: str, minutes: float) -> None:
    with consumer():
        fulfillment.pack(cartons={ref: _carton(ref, minutes)})


def _ship(ref: str, minutes: float) -> None:
    with consumer():
        fulfillment.ship(at={ref: at(minutes)})


@pytest.mark.django_db(transaction=True)
def test_a_milestone_is_reached_with_the_last_part(world: World) -> None:
    order = _place(world, lines={"A": 1, "B": 1})
    first, second = _refs(order)

    _start(first, 10)
    assert _times(order) == (None, None, None)
    _start(second, 12)
    assert _times(order) == (at(12), None, None)
    _pack(first, 20)
    _pack(second, 25)
    assert _times(order) == (at(12), at(25), None)
    _ship(first, 40)
    assert _times(order)[2] is None
    _ship(second, 50)

    assert _times(order) == (at(12), at(25), at(50))


@pytest.mark.django_db(transaction=True)
def test_a_fact_that_comes_twice_keeps_the_first_time(world: World) -> None:
    order = _place(world)
    [ref] = _refs(order)
    _start(ref, 10)
    _start(ref, 99)

    assert _times(order) == (at(10), None, None)


@pytest.mark.django_db(transaction=True)
def test_what_was_packed_without_being_seen_picked_was_picked_by_then(world: World) -> None:
    order = _place(world)
    [ref] = _refs(order)
    _pack(ref, 20)

    assert _times(order) == (at(20), at(20), None)


@pytest.mark.django_db(transaction=True)
def test_the_last_open_unit_that_is_cancelled_completes_what_the_others_reached(
    world: World,
) -> None:
    order = _place(world, lines={"A": 1, "B": 1})
    first, second = _refs(order)
    _start(first, 10)
    FulfillmentOrder.objects.filter(public_id=second).update(status="cancelled")
    OrderLine.objects.filter(order=order, sku="B").update(cancelled=1, allocated=0)
    with consumer():
        marking.mark(at={order.pk: at(30)})

    assert _times(order) == (at(30), None, None)


@pytest.mark.django_db(transaction=True)
def test_units_that_wait_keep_the_order_from_being_picked_and_lost_ones_take_it_back(
    world: World,
) -> None:
    order = _place(world, lines={"A": 2})
    [ref] = _refs(order)
    _start(ref, 10)
    assert _times(order)[0] == at(10)
    OrderLine.objects.filter(order=order).update(allocated=1, unallocated=1)
    with consumer():
        marking.mark(at={order.pk: at(30)})

    assert _times(order) == (None, None, None)


@pytest.mark.django_db(transaction=True)
def test_marking_costs_one_statement_for_any_number_of_orders(world: World) -> None:
    orders = [_place(world, f"R-{n}") for n in range(6)]
    with CaptureQueriesContext(connection) as queries, consumer():
        marking.mark(at={order.pk: at(1) for order in orders})

    assert sum("UPDATE orders_order" in q["sql"] for q in queries) == 1


@pytest.mark.django_db(transaction=True)
def test_every_order_has_its_four_times_or_a_reason_why_not(world: World) -> None:
    SellingRule.objects.create(
        organization_id=world.organization_id, variant_id=world.variant_ids["A"], channel="shop",
        backorder_limit=99,
    )  # fmt: skip
    plain, held, waiting = (
        _place(world, "plain"),
        _place(world, "held"),
        _place(world, "waiting", lines={"A": 60}),
    )
    gone = _place(world, "gone")
    holds.place_hold(order_id=held.pk, type="fraud", reason="Check.")
    cancellation.cancel(order_id=gone.pk, reason="Changed my mind.")
    [ref] = _refs(plain)
    _start(ref, 5)

    told = {}
    for order in Order.objects.prefetch_related("lines", "holds"):
        steps = {s.milestone: s for s in milestones.clock_of(order, now=at(10))}
        told[order.external_ref] = [
            steps[m].reached_at is not None or steps[m].why_not
            for m in (Milestone.ORDERED, Milestone.PICKED, Milestone.SHIPPED, Milestone.DELIVERED)
        ]
    assert told == {
        "plain": [True, True, WhyNot.AT_THE_NODE, WhyNot.AT_THE_NODE],
        "held": [True, *[WhyNot.ON_HOLD] * 3],
        "waiting": [True, *[WhyNot.WAITING_FOR_STOCK] * 3],
        "gone": [True, *[WhyNot.CANCELLED] * 3],
    }
    assert waiting.latest_ship_at is None
