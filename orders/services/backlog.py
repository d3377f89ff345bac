"""Orders that wait for stock: planned again, most urgent first, when some arrives."""

from __future__ import annotations

from collections.abc import Sequence

from oms.core import clock
from oms.core.transactions import use_case
from orders.models import Order
from orders.services import committing, holds

#: Orders tried per arrival; the rest follow with the next one.
BATCH = 100


@use_case
def retry(*, variant_ids: Sequence[int]) -> int:
    """This function will route orders on a stock hold that want one of the variants.

    :returns: how many found their stock.
    """
    waiting = list(
        Order.objects.select_for_update(of=("self",))
        .filter(
            pk__in=Order.objects.filter(
                status=Order.Status.CONFIRMED,
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
