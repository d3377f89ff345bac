"""What tests of changed orders share: how an order stands, and one call for a whole change."""

from __future__ import annotations

from typing import Any

from inventory.models import Backorder, Reservation, StockPosition
from inventory.warehouse.models import WorkLine, WorkOrder
from oms.infra.outbox.services import relaying
from orders.models import (
    Amendment,
    FulfillmentLine,
    FulfillmentOrder,
    Hold,
    Order,
    OrderLine,
)
from orders.services.amending import amendments
from orders.tests.factories import World, a_draft

#: Everything an edit may touch.
TABLES = (Order, OrderLine, FulfillmentOrder, FulfillmentLine, Hold, Reservation, StockPosition,
          Backorder, WorkOrder, WorkLine)  # fmt: skip


def a_placed(world: World, ref: str = "R-1", *, drain: bool = True, **draft: Any) -> Order:
    """An order that stands, released to its node unless told otherwise."""
    [answer] = world.place(a_draft(ref, **draft))
    assert answer.is_placed, answer.error
    if drain:
        relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def edit(order: Order, *actions: Any, reason: str = "Customer called.") -> Amendment:
    """Begun and confirmed at once."""
    amendment = amendments.begin(order_id=order.pk, actions=actions, reason=reason)
    return confirm(amendment)


def confirm(amendment: Amendment, **changes: Any) -> Amendment:
    version = Order.objects.values_list("version", flat=True).get(pk=amendment.order_id)
    given = {"version": version, "reason": "Customer called.", **changes}
    return amendments.confirm(public_id=amendment.public_id, **given)


def rows(*models: Any) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables, to compare before and after."""
    return {m.__name__: list(m.objects.order_by("pk").values()) for m in models or TABLES}


def counters(order: Order) -> list[tuple[int, int, int, int, int, int]]:
    """(ordered, cancelled, unallocated, backordered, allocated, shipped) of each line."""
    names = ("ordered", "cancelled", "unallocated", "backordered", "allocated", "shipped")
    lines = OrderLine.objects.filter(order=order).order_by("position")
    return [tuple(row) for row in lines.values_list(*names)]


def works(order: Order) -> list[tuple[str, int, str, list[int]]]:
    found = FulfillmentOrder.objects.filter(order=order).select_related("node").order_by("pk")
    return [
        (w.node.code, w.attempt, w.status, list(w.lines.values_list("quantity", flat=True)))
        for w in found
    ]


def floor_of(order: Order) -> list[tuple[str, dict[str, int]]]:
    return [
        (w.status, dict(w.lines.values_list("line_ref", "quantity")))
        for w in WorkOrder.objects.filter(correlation_id=order.public_id).order_by("pk")
    ]
