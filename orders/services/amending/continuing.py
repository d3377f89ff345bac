"""Lets an edited order go on from where it stands: routed, released, held or finished."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from oms.core import clock, transitions
from oms.core.transactions import needs_transaction
from orders.models import Hold, Order, Promise
from orders.services import committing, holding, holds, release, routing_requests, stopping
from orders.services.amending.taking_back import REASON
from orders.services.recording import Recorded

_ROUTABLE = (Order.Status.CONFIRMED, Order.Status.RELEASED)


@needs_transaction
def move_on(*, order_id: int, since: Mapping[str, datetime]) -> None:
    """This function will route what the order lacks and release it, unless a hold for a person is
    open; an order that lacks nothing any more loses the holds for stock and route.

    `since` is when its lines began to wait: they keep their place.
    """
    order = Order.objects.get(pk=order_id)
    if order.status not in _ROUTABLE:
        return
    [item] = routing_requests.with_lines([order])
    if order.status == Order.Status.RELEASED and not item.has_work:
        transitions.apply_many([order], "recall", reason=REASON, now=clock.now())
    stops = Hold.objects.filter(order=order, released_at=None, scopes__contains=[stopping.ROUTING])
    waits = set(stops.values_list("type", flat=True))
    if waits <= set(holding.ROUTED_HOLDS):
        _route(item, waits, since)


def _route(item: Recorded, waits: Collection[str], since: Mapping[str, datetime]) -> None:
    order, now = item.order, clock.now()
    item.waiting_since = dict(since)
    if any(line.unallocated for line in item.lines) and not any(
        line.backordered for line in item.lines
    ):
        at = {order.pk: now}
        routed = committing.route(orders=[item], at=at, cause=Promise.Cause.EDITED)
        committing.hold_failed(orders=[item], routed=routed, at=at)
        if order.pk in routed.failed:
            return
    holds.lift_many(orders=[order], types={order.pk: waits}, reason="The order was changed.")
    release.release(orders=[order], at={})
