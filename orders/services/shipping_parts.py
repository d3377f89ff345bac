"""Staff decide that what is there of an order ships now."""

from __future__ import annotations

from oms.core import clock
from oms.core.errors import Conflict
from oms.core.transactions import use_case
from orders.models import Order
from orders.services import committing, partial, release, routing_requests
from orders.services.cancel_planning import OPEN


class NothingThere(Conflict):
    """No unit that the order waits for is there, or it waits for none."""

    code = "orders.nothing_there"


@use_case
def ship_what_is_there(*, order_id: int) -> None:
    """This function will let an order ship in parts, and send what is there of it now.

    :raises NothingThere: there is no unit to send; the order stays as it was.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    [item] = routing_requests.with_lines([order])
    if order.status not in OPEN or not any(x.unallocated or x.backordered for x in item.lines):
        raise NothingThere(f"Order {order.number} waits for nothing.")
    order.is_partial_allowed = True
    order.save(update_fields=["is_partial_allowed"])
    at = {order.pk: clock.now()}
    parts = partial.with_something_there(
        items=[item], waiting={order.pk} if any(x.backordered for x in item.lines) else set()
    )
    if not committing.route_parts(orders=parts, at=at):
        raise NothingThere(f"Nothing that order {order.number} waits for is there.")
    partial.go_ahead(orders=[order])
    release.release(orders=release.not_stopped(orders=[order]), at={})
