"""What tests of splitting and merging look at: orders, their work, their stock, the floor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from inventory.models import Reservation, SellingRule
from inventory.warehouse.models import WorkOrder
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Order
from orders.tests.factories import NOW, World, a_draft


def place(world: World, ref: str, *, minutes: int = 0, **changes: Any) -> Order:
    """A released order; `lines` as in `a_draft`."""
    at = NOW + timedelta(minutes=minutes)
    [answer] = world.place(a_draft(ref, **{"placed_at": at, **changes}))
    assert answer.is_placed, answer.error
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def may_be_backordered(world: World) -> None:
    """Everything may be sold while there is none."""
    SellingRule.objects.create(organization_id=world.organization_id, backorder_limit=None)


def work_of(order: Order) -> FulfillmentOrder:
    return FulfillmentOrder.objects.exclude(status="cancelled").get(order=order)


def works(order: Order) -> list[tuple[str, int, int, str, dict[int, int]]]:
    """(node, attempt, part, status, units by position), oldest first."""
    rows = FulfillmentOrder.objects.filter(order=order).select_related("node").order_by("pk")
    return [
        (w.node.code, w.attempt, w.part, str(w.status), dict(
            w.lines.order_by("pk").values_list("order_line__position", "quantity")))
        for w in rows
    ]  # fmt: skip


def held(order: Order) -> dict[str, list[tuple[int, str]]]:
    """Live reservations by line: units and status."""
    rows = Reservation.objects.filter(demand_ref=order.public_id, status__in=Reservation.LIVE)
    found: dict[str, list[tuple[int, str]]] = {}
    for line, units, status in rows.order_by("pk").values_list("line_ref", "quantity", "status"):
        found.setdefault(line, []).append((units, status))
    return found


def floor(order: Order) -> list[tuple[str, bool, dict[str, int]]]:
    """(status, is blocked, units by line), oldest first."""
    rows = WorkOrder.objects.filter(correlation_id=order.public_id).order_by("pk")
    return [
        (str(w.status), w.is_blocked, dict(w.lines.values_list("line_ref", "quantity")))
        for w in rows
    ]


def floor_refs(order: Order) -> list[str]:
    rows = WorkOrder.objects.filter(correlation_id=order.public_id).order_by("pk")
    return list(rows.values_list("public_id", flat=True))


def counters(order: Order) -> dict[int, dict[str, int]]:
    names = ("ordered", "cancelled", "unallocated", "backordered", "allocated", "shipped",
             "delivered")  # fmt: skip
    return {
        line.position: {name: getattr(line, name) for name in names if getattr(line, name)}
        for line in order.lines.order_by("position")
    }
