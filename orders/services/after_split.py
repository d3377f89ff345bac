"""Lets orders go on after a part of them got a number of its own: what waited only for that part
is routed, and what has left or arrived but for it is done."""

from __future__ import annotations

from collections.abc import Collection

from oms.core.transactions import use_case
from orders.models import Order
from orders.services import backlog, committing, fulfillment

_ALIVE = (Order.Status.CONFIRMED, Order.Status.RELEASED)


@use_case
def go_on(*, order_refs: Collection[str]) -> None:
    """This function will take each order as far as it can go now; what cannot stays as it is."""
    orders = list(
        Order.objects.select_for_update()
        .filter(public_id__in=set(order_refs), status__in=_ALIVE)
        .order_by("pk")
    )
    committing.resume(orders=backlog.waiting_for_nothing(orders))
    fulfillment.conclude(order_ids=[order.pk for order in orders])
