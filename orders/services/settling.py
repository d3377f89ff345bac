"""What an order does once it wants less than before: what it waits for may be there now, its holds
may have lost their reason, and it may be finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from oms.core import transitions
from oms.core.transactions import needs_transaction
from orders.models import Hold, Order
from orders.services import committing, fulfillment, holds, partial, release, routing_requests
from orders.services.recording import Recorded

#: Holds that end with the lack they tell of.
_LACKS = ("stock", "routing")
_GOING = (Order.Status.CONFIRMED, Order.Status.RELEASED)


@needs_transaction
def settle(*, orders: Sequence[Order], at: datetime) -> None:
    """This function will let orders go on with what is left of them, and finish those of which all
    has left or arrived. Constant statements."""
    # Read again: what was paid back or covered may have moved them on in this transaction.
    keys = [order.pk for order in orders]
    going = list(Order.objects.filter(pk__in=keys, status__in=_GOING).order_by("pk"))
    items = routing_requests.with_lines(going)
    if not items:
        return
    open_holds = _open_holds(going)
    _recall(items)
    _route(items, open_holds, at)
    content = [item.order for item in items if not _lacks(item)]
    for type in _LACKS:
        held = [order for order in content if type in open_holds[order.pk]]
        if held:
            holds.lift(orders=held, type=type, reason="Nothing is missing any more.")
    fulfillment.finish(orders=[item.order for item in items if _is_sent(item)])


def _open_holds(orders: Sequence[Order]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    rows = Hold.objects.filter(order__in=orders, released_at=None)
    for key, type in rows.values_list("order_id", "type"):
        found[key].add(type)
    return found


def _lacks(item: Recorded) -> bool:
    return any(line.unallocated or line.backordered for line in item.lines)


def _is_sent(item: Recorded) -> bool:
    """All that is left of it has shipped."""
    owes = any(line.ordered > line.cancelled + line.shipped for line in item.lines)
    return not owes and any(line.shipped for line in item.lines)


def _recall(items: Sequence[Recorded]) -> None:
    back = [
        item.order
        for item in items
        if item.order.status == Order.Status.RELEASED and not item.has_work
    ]
    transitions.apply_many(back, "recall", reason="No node has work for it any more.")


def _route(items: Sequence[Recorded], open_holds: dict[int, set[str]], at: datetime) -> None:
    """Those that wait for no arrival and for no person find a node, or a hold says why not."""
    lacking = [
        item
        for item in items
        if any(line.unallocated for line in item.lines)
        and not any(line.backordered for line in item.lines)
        and not open_holds[item.order.pk] - set(_LACKS)
    ]
    if not lacking:
        return
    times = {item.order.pk: at for item in lacking}
    routed = committing.route(orders=lacking, at=times)
    committing.hold_failed(orders=lacking, routed=routed, at=times)
    partial.go_ahead(orders=[x.order for x in lacking if x.order.pk in routed.started])
    free = [item.order for item in lacking if item.order.pk in routed.plans]
    release.release(orders=release.not_stopped(orders=free), at={})
