"""A count finds one unit less than is promised: from the shelf to the orders and to the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.models import Reservation, StockMovement
from inventory.services import counts, ledger
from inventory.types import CountedLine
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.outbox import selectors as outbox
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Hold, Order, TimelineEntry
from orders.tests.factories import NOW, World, a_draft, a_world
from orders.timeline_words import Places, for_staff

pytestmark = pytest.mark.django_db(transaction=True)


def _three_orders(world: World) -> list[Order]:
    """Placed one after the other, each with a unit at Reno and its work released there."""
    orders = []
    for n in range(3):
        [answer] = world.place(a_draft(f"R-{n}", placed_at=NOW + timedelta(minutes=n)))
        orders.append(Order.objects.get(public_id=answer.public_id))
    relaying.drain()
    assert set(WorkOrder.objects.values_list("node_id", "status")) == {
        (world.node_ids["reno"], "open")
    }
    return orders


def _count_reno(world: World, units: int) -> None:
    variant = world.variant_ids["A"]
    with acting(actor="staff:rosa"):
        with unit():
            count = counts.start(node_id=world.node_ids["reno"], variant_ids=[variant])
            counts.enter(count_id=count.pk, lines=[CountedLine(variant, units)])
            counts.submit(count_id=count.pk)
        with unit():
            counts.book(count_id=count.pk)
    relaying.drain()


def _nothing_is_left_over() -> None:
    health = outbox.get_health()
    assert (health.pending, health.dead_letters) == (0, 0)
    assert ledger.verify().differences == []


def test_the_youngest_order_is_served_from_the_other_node() -> None:
    world = a_world(stock_at={"reno": {"A": 3}, "dallas": {"A": 1}})
    old, middle, young = _three_orders(world)

    _count_reno(world, 2)

    _is_untouched(old, world)
    _is_untouched(middle, world)
    young = Order.objects.get(pk=young.pk)
    assert young.status == "released"
    assert [
        (w.node.code, w.attempt, w.status)
        for w in young.fulfillment_orders.select_related("node").order_by("pk")
    ] == [("reno", 1, "cancelled"), ("dallas", 2, "open")]
    works = WorkOrder.objects.filter(correlation_id=young.public_id).order_by("pk")
    assert [(w.node_id, w.status) for w in works] == [
        (world.node_ids["reno"], "cancelled"),
        (world.node_ids["dallas"], "open"),
    ]
    assert not Hold.objects.exists()
    _says(young, "Stock was missing in Reno; it is routed again")
    _the_floor_finishes(world)
    _nothing_is_left_over()


def _is_untouched(order: Order, world: World) -> None:
    assert FulfillmentOrder.objects.get(order=order).status == "open"
    held = Reservation.objects.get(demand_ref=order.public_id)
    assert (held.status, held.quantity) == ("allocated", 1)


def _says(order: Order, sentence: str) -> None:
    entry = TimelineEntry.objects.get(order=order, kind="inventory.stock.missing.v1")
    reno = Places(by_id={entry.data["node_id"]: "Reno"})
    words = for_staff(kind=entry.kind, data=entry.data, places=reno)
    assert (words.text, words.tone, entry.actor) == (sentence, "warn", "staff:rosa")


def _the_floor_finishes(world: World) -> None:
    """What is left of the work can be picked: every unit that is promised is on a shelf."""
    refs = floor.claim_next(status="open", limit=9)
    floor.pick(work_refs=refs, picker="rosa")
    relaying.drain()
    assert len(refs) == 3
    moved = StockMovement.objects.filter(kind="counted")
    assert list(moved.values_list("on_hand_delta", "actor")) == [(-1, "staff:rosa")]


def test_the_youngest_order_waits_on_hold_when_no_node_has_the_unit() -> None:
    world = a_world(stock_at={"reno": {"A": 3}})
    old, middle, young = _three_orders(world)

    _count_reno(world, 2)

    _is_untouched(old, world)
    _is_untouched(middle, world)
    young = Order.objects.get(pk=young.pk)
    hold = Hold.objects.get()
    assert (young.status, hold.order_id, hold.type) == ("confirmed", young.pk, "stock")
    assert WorkOrder.objects.get(correlation_id=young.public_id).status == "cancelled"
    assert not Reservation.objects.filter(
        demand_ref=young.public_id, status__in=Reservation.LIVE
    ).exists()
    _nothing_is_left_over()
