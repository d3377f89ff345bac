"""Holds, release, cancellation and backlog through the services, with the relay in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.warehouse.models import WorkOrder
from oms.core.context import acting
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Hold, Order, OrderLine, TimelineEntry
from orders.services import cancellation, holds, overriding
from orders.services.holds import AlreadyOnHold, NotOnHold
from orders.tests.factories import ADA, World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return a_world()


def _order(world: World, **changes: object) -> Order:
    [answer] = world.place(replace(a_draft(), **changes))  # type: ignore[arg-type]
    return Order.objects.get(public_id=answer.public_id)


def test_a_confirmed_order_is_released_to_its_node(world: World) -> None:
    order = _order(world)
    relaying.drain()

    order = Order.objects.get(pk=order.pk)
    work = WorkOrder.objects.get(correlation_id=order.public_id)
    assert (order.status, work.status, work.node_id) == (
        "released",
        "open",
        world.node_ids["reno"],
    )
    assert FulfillmentOrder.objects.get(order=order).status == "open"
    kinds = list(TimelineEntry.objects.filter(order=order).order_by("pk").values_list("kind"))
    assert kinds[0] == ("orders.order.received.v1",)


def test_a_held_order_is_not_released_until_the_last_hold_is_lifted(world: World) -> None:
    order = _order(world, recipient=replace(ADA, region="HI"))
    relaying.drain()
    assert WorkOrder.objects.count() == 0

    holds.place_hold(order_id=order.pk, type="operator", reason="Look at it.")
    with acting(actor="staff:1"):
        overriding.override(order_id=order.pk, rule="address", reason="Customer called.")
    relaying.drain()
    order = Order.objects.get(pk=order.pk)
    assert (order.status, WorkOrder.objects.count()) == ("verifying", 0)

    holds.release_hold(order_id=order.pk, type="operator", reason="Fine.")
    relaying.drain()
    order = Order.objects.get(pk=order.pk)
    assert (order.status, WorkOrder.objects.count()) == ("released", 1)


def test_a_hold_in_the_middle_of_the_floor_blocks_its_work(world: World) -> None:
    order = _order(world)
    relaying.drain()
    holds.place_hold(order_id=order.pk, type="operator", reason="Stop.")
    assert WorkOrder.objects.get().is_blocked

    holds.release_hold(order_id=order.pk, type="operator", reason="Go on.")
    assert not WorkOrder.objects.get().is_blocked


def test_hold_twice_and_release_of_nothing_are_errors(world: World) -> None:
    order = _order(world)
    holds.place_hold(order_id=order.pk, type="fraud", reason="Check.")
    with pytest.raises(AlreadyOnHold):
        holds.place_hold(order_id=order.pk, type="fraud", reason="Check.")
    with pytest.raises(NotOnHold):
        holds.release_hold(order_id=order.pk, type="payment", reason="-")
    assert Hold.objects.filter(released_at=None).count() == 1


def test_stock_that_arrives_serves_the_waiting_order(world: World) -> None:
    order = _order(world, lines=a_draft(lines={"A": 12}).lines)
    relaying.drain()
    assert Hold.objects.get().type == "stock"

    world.receive("dallas", "A", 12)
    relaying.drain()

    order = Order.objects.get(pk=order.pk)
    line = OrderLine.objects.get(order=order)
    assert (order.status, line.allocated, line.unallocated) == ("released", 12, 0)
    assert Hold.objects.filter(released_at=None).count() == 0


def test_cancel_frees_stock_and_withdraws_work(world: World) -> None:
    order = _order(world, lines=a_draft(lines={"A": 4}).lines)
    relaying.drain()
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    relaying.drain()

    order = Order.objects.get(pk=order.pk)
    line = OrderLine.objects.get(order=order)
    assert (order.status, line.cancelled, line.allocated) == ("cancelled", 4, 0)
    assert WorkOrder.objects.get().status == "cancelled"
    [again] = world.place(a_draft("R-2", lines={"A": 10}))
    assert again.holds == ()


def test_an_order_no_carrier_takes_is_held_for_its_route_and_not_for_stock(world: World) -> None:
    world.receive("reno", "A", 500)
    order = _order(world, lines=a_draft(lines={"A": 150}).lines)
    assert Hold.objects.get().type == "routing"

    holds.release_hold(order_id=order.pk, type="routing", reason="Try again.")

    assert [(hold.type, hold.released_at is None) for hold in Hold.objects.order_by("pk")] == [
        ("routing", False),
        ("routing", True),
    ]
