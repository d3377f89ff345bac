"""Refuses orders: nothing of them is kept, and what they took is given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import F

from oms.core import clock, transitions
from oms.core.transactions import needs_transaction
from orders.events import OrderRejected
from orders.models import Order, OrderLine
from orders.services import holding, paying


@needs_transaction
def reject_many(
    *,
    orders: Sequence[Order],
    reason_for: Callable[[Order], str],
    at_for: Callable[[Order], datetime] | None = None,
) -> None:
    """This function will reject orders that are being verified: lines closed, holds ended, each
    told, what was paid to be given back. Nothing was reserved for them. Constant statements for
    any number.

    :raises IllegalTransition: one of them is not being verified.
    """
    if not orders:
        return
    now = clock.now()
    time_of = at_for or (lambda _order: now)
    transitions.apply_many(
        orders,
        "reject",
        at_for=time_of,
        event_for=lambda order: OrderRejected(
            organization_id=order.organization_id,
            order_ref=order.public_id,
            number=str(order.number),
            occurred_at=time_of(order),
            reason=reason_for(order)[:200],
        ),
    )
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(
        cancelled_amount=F("total_amount")
    )
    OrderLine.objects.filter(order__in=orders).update(
        cancelled=F("ordered"), unallocated=0, backordered=0, allocated=0
    )
    holding.close_all(orders=orders, author="system:rejection", reason="Order rejected.")
    paying.settle(order_ids=[order.pk for order in orders])
