"""Orders that were one: what was paid for the original is for all of them.

The original is billed for the family, so that a split neither asks for money again nor gives any
back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db.models import Q

from orders.models import Order


def of(*, order_ids: Collection[int]) -> list[Order]:
    """This function will return the orders and all that were ever one with them, by key."""
    roots = {
        original or key
        for key, original in Order.objects.filter(pk__in=order_ids).values_list(
            "pk", "split_from_id"
        )
    }
    return list(Order.objects.filter(Q(pk__in=roots) | Q(split_from__in=roots)).order_by("pk"))


def payers(orders: Sequence[Order]) -> dict[int, str]:
    """This function will return under whose identifier each order of whole families is paid."""
    names = {order.pk: order.public_id for order in orders}
    return {order.pk: names[order.split_from_id or order.pk] for order in orders}


def owed(orders: Sequence[Order]) -> dict[str, Decimal]:
    """This function will return what whole families are worth now, by their payers."""
    whose = payers(orders)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        sums[whose[order.pk]] += order.owed_amount
    return dict(sums)
