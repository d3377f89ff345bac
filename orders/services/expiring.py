"""Ends orders that nobody paid in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from inventory.services import backlog, reservations
from oms.core import clock, transitions
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.billing import selectors as balances
from orders.billing import services as billing
from orders.events import OrderExpired
from orders.models import Order, OrderLine
from orders.services import holding, paying

#: Orders ended in one transaction; the rest follow in the next.
BATCH = 100
REASON = "Not paid in time."
_WAITING = (Order.Status.RECEIVED, Order.Status.VERIFYING)


@use_case
def expire_unpaid() -> int:
    """This function will end orders that had to be covered by now and are not: their stock is free
    again, their holds are closed, and what was captured of them is to be refunded.

    Orders that moved on meanwhile (a person let them) are left alone and not looked at again.

    :returns: how many orders were looked at; call again while it is not 0.
    """
    now = clock.now()
    found = balances.list_overdue(now=now, limit=BATCH)
    if not found:
        return 0
    orders = list(
        Order.objects.select_for_update()
        .filter(public_id__in=found, status__in=_WAITING)
        .order_by("pk")
    )
    # Read again under the orders' locks: a report may have covered one in this moment.
    standings = balances.standings(order_refs=[order.public_id for order in orders])
    _end([order for order in orders if not standings[order.public_id].is_covered], now)
    billing.stop_waiting(order_refs=found)
    return len(found)


def _end(orders: Sequence[Order], now: datetime) -> None:
    if not orders:
        return
    keys = [order.pk for order in orders]
    transitions.apply_many(orders, "expire", reason=REASON, now=now)
    demands = [("order", order.public_id) for order in orders]
    reservations.release(
        items=[reservations.DemandAtNode(*demand, node_id=None, at=now) for demand in demands],
        reason="expired",
    )
    backlog.cancel(demands=demands)
    OrderLine.objects.filter(order__in=keys).update(
        cancelled=F("ordered"), unallocated=0, backordered=0, allocated=0
    )
    Order.objects.filter(pk__in=keys).update(cancelled_amount=F("total_amount"))
    holding.close_all(orders=orders, author="system:expiry", reason=REASON)
    paying.settle(order_ids=keys)
    emitting.emit_many(
        [
            OrderExpired(
                organization_id=order.organization_id,
                order_ref=order.public_id,
                number=str(order.number),
                occurred_at=now,
                reason=REASON,
            )
            for order in orders
        ]
    )
