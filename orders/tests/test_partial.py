"""Orders that may ship in parts: what is there goes at once, the rest waits."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inventory.models import SellingRule
from inventory.services import ledger, supply
from inventory.types import SupplyDraft, SupplyRef
from inventory.warehouse.models import WorkOrder
from oms.core import clock
from oms.core.transactions import unit
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Hold, Order
from orders.services import holds, shipping_parts
from orders.services.shipping_parts import NothingThere
from orders.tests.factories import World, a_world
from orders.tests.test_cancellation import counters, place
from orders.tests.test_short_picks import works

pytestmark = pytest.mark.django_db(transaction=True)


def ahead(world: World) -> World:
    SellingRule.objects.create(organization_id=world.organization_id, backorder_limit=None)
    return world


def announce(world: World, day: date) -> None:
    with unit():
        supply.announce(
            lines=[
                SupplyDraft(
                    SupplyRef(world.organization_id, "purchase_order", "PO-1"),
                    world.node_ids["reno"],
                    world.variant_ids["A"],
                    50,
                    day,
                )
            ]
        )


def test_what_is_there_ships_and_the_rest_follows_with_its_own_promise() -> None:
    world = ahead(a_world(stock_at={"reno": {"A": 2, "B": 5}}))
    soon = clock.now().date() + timedelta(days=30)
    announce(world, soon)

    order = place(world, lines={"A": 5, "B": 1}, is_partial_allowed=True)

    first = Order.objects.get(pk=order.pk)
    assert (first.status, counters(order)) == ("released", [(0, 0, 3, 2, 0), (0, 0, 0, 1, 0)])
    assert works(order) == [("reno", "open", [2, 1])]
    part = FulfillmentOrder.objects.get()
    assert part.promised_on and first.promised_on and part.promised_on < first.promised_on
    assert first.promised_on >= soon
    world.receive("reno", "A", 9)
    relaying.drain()
    assert counters(order) == [(0, 0, 0, 5, 0), (0, 0, 0, 1, 0)]
    assert works(order) == [("reno", "open", [2, 1]), ("reno", "open", [3])]
    assert ledger.verify().count == 0


def test_without_leave_the_whole_order_waits() -> None:
    world = ahead(a_world(stock_at={"reno": {"A": 2, "B": 5}}))

    order = place(world, lines={"A": 5, "B": 1})

    assert (works(order), Order.objects.get(pk=order.pk).status) == ([], "confirmed")


def test_the_rest_that_may_not_wait_is_held_and_stops_nothing_else() -> None:
    world = a_world(stock_at={"reno": {"A": 2, "B": 5}})

    order = place(world, lines={"A": 5, "B": 1}, is_partial_allowed=True)

    hold = Hold.objects.get(released_at=None)
    assert (hold.type, hold.scopes) == ("stock", ["routing"])
    assert counters(order) == [(0, 3, 0, 2, 0), (0, 0, 0, 1, 0)]
    assert works(order) == [("reno", "open", [2, 1])]
    assert not WorkOrder.objects.get().is_blocked
    world.receive("reno", "A", 3)
    relaying.drain()
    assert counters(order) == [(0, 0, 0, 5, 0), (0, 0, 0, 1, 0)]
    assert not Hold.objects.filter(released_at=None).exists()
    assert ledger.verify().count == 0


def test_staff_let_a_waiting_order_ship_what_is_there() -> None:
    world = ahead(a_world(stock_at={"reno": {"A": 2}}))
    order = place(world, lines={"A": 5})
    assert counters(order) == [(0, 2, 3, 0, 0)]

    shipping_parts.ship_what_is_there(order_id=order.pk)

    assert counters(order) == [(0, 0, 3, 2, 0)]
    fresh = Order.objects.get(pk=order.pk)
    assert (fresh.status, fresh.is_partial_allowed) == ("released", True)
    with pytest.raises(NothingThere):
        shipping_parts.ship_what_is_there(order_id=order.pk)
    assert ledger.verify().count == 0


def test_staff_let_a_held_order_ship_what_is_there() -> None:
    world = a_world(stock_at={"reno": {"A": 2}})
    order = place(world, lines={"A": 5})

    shipping_parts.ship_what_is_there(order_id=order.pk)

    assert counters(order) == [(0, 3, 0, 2, 0)]
    assert Hold.objects.get(released_at=None).scopes == ["routing"]
    assert works(order) == [("reno", "open", [2])]


def test_nothing_there_is_said_and_changes_nothing() -> None:
    world = a_world(stock_at={"reno": {"B": 1}})
    order = place(world, lines={"A": 5})

    with pytest.raises(NothingThere):
        shipping_parts.ship_what_is_there(order_id=order.pk)

    assert Order.objects.get(pk=order.pk).is_partial_allowed is False


def test_a_person_who_holds_the_order_holds_all_of_it() -> None:
    world = ahead(a_world(stock_at={"reno": {"A": 2}}))
    order = place(world, lines={"A": 5})
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")

    shipping_parts.ship_what_is_there(order_id=order.pk)

    assert not WorkOrder.objects.exists()
