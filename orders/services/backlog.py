"""Orders that wait for stock: planned again, most urgent first, when some arrives."""

from __future__ import annotations

from collections.abc import Sequence

from oms.core import clock
from oms.core.errors import Conflict
from oms.core.transactions import use_case
from orders.models import Order
from orders.services import committing, holds

#: Orders tried per arrival; the rest follow with the next one.
BATCH = 100
#: Holds that end by a new route, not by a person's word.
ROUTED_HOLDS = ("stock", "routing")
#: Of a released order, units that a count did not find may still wait.
_WAITING = (Order.Status.CONFIRMED, Order.Status.RELEASED)


class NotWaiting(Conflict):
    """Only an order that waits for stock or a route can be routed again."""

    code = "orders.not_waiting"


class StillNoRoute(Conflict):
    code = "orders.still_no_route"


@use_case
def retry_order(*, order_id: int) -> None:
    """This function will route one order that waits for stock or a route, now.

    :raises NotWaiting: it has no open hold of these types.
    :raises StillNoRoute: no node can serve it; the reason says why.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    waits = order.holds.filter(type__in=ROUTED_HOLDS, released_at=None)
    types = list(waits.order_by("pk").values_list("type", flat=True))
    if not types or order.status not in _WAITING:
        raise NotWaiting(f"Order {order.number} does not wait for stock or a route.")
    routed = committing.route(orders=committing.with_lines([order]), at={order.pk: clock.now()})
    if order.pk in routed.failed:
        raise StillNoRoute(routed.failed[order.pk][1])
    for type in types:
        holds.lift(orders=[order], type=type, reason="Routed again.")


@use_case
def retry(*, variant_ids: Sequence[int]) -> int:
    """This function will route orders on a stock hold that want one of the variants.

    :returns: how many found their stock.
    """
    waiting = list(
        Order.objects.select_for_update(of=("self",))
        .filter(
            pk__in=Order.objects.filter(
                status__in=_WAITING,
                holds__type="stock",
                holds__released_at=None,
                lines__variant_id__in=list(variant_ids),
            )
            .order_by("-priority", "placed_at")
            .values("pk")[:BATCH]
        )
        .order_by("pk")
    )
    if not waiting:
        return 0
    now = clock.now()
    items = committing.with_lines(sorted(waiting, key=lambda o: (-o.priority, o.placed_at)))
    routed = committing.route(orders=items, at={order.pk: now for order in waiting})
    served = [order for order in waiting if order.pk in routed.plans]
    holds.lift(orders=served, type="stock", reason="Stock arrived.")
    return len(served)
