"""Holds: rows that keep an order from moving. One open hold per type and order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from inventory.warehouse.services import work
from oms.core import clock
from oms.core.context import current
from oms.core.errors import Conflict, NotFound
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting
from orders.events import HoldReleased
from orders.models import Hold, Order
from orders.services import committing, holding


class AlreadyOnHold(Conflict):
    code = "orders.already_on_hold"


class NotOnHold(NotFound):
    code = "orders.not_on_hold"


class OrderClosed(Conflict):
    code = "orders.closed"


@use_case
def place_hold(*, order_id: int, type: str, reason: str) -> None:
    """This function will put an order on hold, also in the middle of a pick.

    :raises AlreadyOnHold: a hold of this type is open.
    :raises OrderClosed: nothing can move any more.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.closed_at is not None:
        raise OrderClosed(f"Order {order.number} is {order.get_status_display()}.")
    draft = holding.HoldDraft(order=order, type=type, reason=reason)
    if not holding.open_many(drafts=[draft]):
        raise AlreadyOnHold(f"Order {order.number} has an open hold of this type.")
    work.block(correlation_ids=[order.public_id], is_blocked=True)


@use_case
def release_hold(*, order_id: int, type: str, reason: str) -> None:
    """This function will lift a hold; with the last one the order moves on where it stopped.

    :raises NotOnHold: no hold of this type is open.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    if not lift(orders=[order], type=type, reason=reason):
        raise NotOnHold(f"Order {order.number} has no open hold of this type.")


@needs_transaction
def lift(*, orders: Sequence[Order], type: str, reason: str) -> int:
    """This function will lift holds of one type and let the orders without others move on.

    :returns: how many holds were lifted.
    """
    now, actor = clock.now(), current().actor
    open_holds = list(
        Hold.objects.select_for_update().filter(order__in=orders, released_at=None).order_by("pk")
    )
    lifted = [hold for hold in open_holds if hold.type == type]
    for hold in lifted:
        hold.released_at, hold.released_by, hold.release_reason = now, actor, reason[:200]
    Hold.objects.bulk_update(lifted, ["released_at", "released_by", "release_reason"])
    left = {hold.order_id for hold in open_holds if hold.released_at is None}
    mine = {hold.order_id for hold in lifted}
    emitting.emit_many(
        [_released(order, type, open_holds, now) for order in orders if order.pk in mine]
    )
    free = [order for order in orders if order.pk in mine - left]
    work.block(correlation_ids=[order.public_id for order in free], is_blocked=False)
    committing.resume(orders=free)
    return len(lifted)


def _released(order: Order, type: str, open_holds: Sequence[Hold], now: datetime) -> HoldReleased:
    return HoldReleased(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=now,
        hold_type=type,
        open_holds=sum(h.order_id == order.pk and h.released_at is None for h in open_holds),
    )
