"""Where orders stand on the milestone clock."""

from __future__ import annotations

from datetime import datetime

from orders.milestones import Facts, Milestone, Standing, standings
from orders.models import Order

#: The column that tells when a milestone was reached.
COLUMNS = {
    Milestone.ORDERED: "placed_at",
    Milestone.VERIFIED: "confirmed_at",
    Milestone.RELEASED: "released_at",
    Milestone.PICKED: "picked_at",
    Milestone.PACKED: "packed_at",
    Milestone.SHIPPED: "shipped_at",
    Milestone.DELIVERED: "delivered_at",
}


def clock_of(order: Order, *, now: datetime) -> list[Standing]:
    """This function will return every milestone of an order with its target and when it was
    reached, or why not. Reads `holds` and `lines` as they were loaded."""
    return standings(_facts(order), now=now)


def _facts(order: Order) -> Facts:
    lines = list(order.lines.all())
    moments = {milestone: getattr(order, name) for milestone, name in COLUMNS.items()}
    return Facts(
        status=str(order.status),
        placed_at=order.placed_at,
        latest_ship_at=order.latest_ship_at,
        promised_on=order.promised_on,
        reached={milestone: at for milestone, at in moments.items() if at is not None},
        open_holds=frozenset(h.type for h in order.holds.all() if h.released_at is None),
        has_backorder=any(line.backordered for line in lines),
        has_unrouted=any(line.unallocated for line in lines),
    )
