"""Cancels orders of which nothing has been taken from a shelf yet."""

from __future__ import annotations

from django.db.models import F

from inventory.services import backlog, reservations
from inventory.warehouse.services import work
from oms.core import clock, transitions
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting
from orders.events import OrderCancelled
from orders.models import FulfillmentOrder, Order, OrderLine
from orders.services import holding, merging, paying


class CannotCancel(Conflict):
    """A node has begun, or the order is closed."""

    code = "orders.cannot_cancel"


@use_case
def cancel(*, order_id: int, reason: str) -> Order:
    """This function will cancel an order whole: stock freed, work withdrawn, holds closed.

    :raises CannotCancel: a unit was picked, packed or shipped.
    :raises IllegalTransition: the order is closed already.
    """
    return cancel_within(order_id=order_id, reason=reason)


@needs_transaction
def cancel_within(*, order_id: int, reason: str) -> Order:
    """This function will do the same in its caller's transaction.

    :raises CannotCancel: a unit was picked, packed or shipped.
    :raises IllegalTransition: the order is closed already.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    fulfillments = list(
        FulfillmentOrder.objects.select_for_update().filter(order=order).order_by("pk")
    )
    if any(f.status in ("in_progress", "packed", "closed") for f in fulfillments):
        raise CannotCancel("A node has begun to work on it; ask the floor to stop first.")
    now = clock.now()
    transitions.apply(order, "cancel", reason=reason, now=now)
    live = [f for f in fulfillments if f.status in ("proposed", "open", "scheduled")]
    merging.leave(works=live)
    transitions.apply_many(live, "cancel", reason=reason, now=now)
    work.cancel(demand_refs=[f.public_id for f in live], reason=reason)
    reservations.release(
        items=[
            reservations.DemandAtNode(
                demand_kind="order", demand_ref=order.public_id, node_id=None, at=now
            )
        ],
        reason="cancelled",
    )
    # Last of the stock: what arrives for it in this very moment is given back by its handler.
    backlog.cancel(demands=[("order", order.public_id)])
    OrderLine.objects.filter(order=order).update(
        cancelled=F("ordered"), unallocated=0, backordered=0, allocated=0
    )
    Order.objects.filter(pk=order.pk).update(cancelled_amount=F("total_amount"))
    holding.close_all(orders=[order], author="system:cancellation", reason="Order cancelled.")
    paying.settle(order_ids=[order.pk])
    emitting.emit(
        OrderCancelled(
            organization_id=order.organization_id,
            order_ref=order.public_id,
            number=str(order.number),
            occurred_at=now,
            reason=reason[:200],
        )
    )
    return order
