"""How far the orders of one channel are."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from orders.models import Hold, Order


@dataclass(frozen=True, slots=True)
class Progress:
    """`moving` orders are neither finished nor stopped by a hold."""

    total: int
    delivered: int
    finished: int
    moving: int


_SQL = """
SELECT count(*),
       count(*) FILTER (WHERE o.delivered_at IS NOT NULL),
       count(*) FILTER (WHERE o.closed_at IS NOT NULL),
       count(*) FILTER (WHERE o.closed_at IS NULL AND h.order_id IS NULL)
FROM orders_order AS o
LEFT JOIN (
    SELECT DISTINCT order_id FROM orders_hold WHERE released_at IS NULL
) AS h ON h.order_id = o.id
WHERE o.channel_id = %s AND o.status <> 'draft'
"""


def of_channel(*, channel_id: int) -> Progress:
    """This function will count the channel's orders in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [channel_id])
        row = cursor.fetchone()
    assert row is not None
    return Progress(*row)


def list_moving_refs(*, channel_id: int) -> list[str]:
    """This function will return the orders of the channel that are neither finished nor on hold."""
    placed = Order.objects.exclude(status=Order.Status.DRAFT)
    moving = placed.filter(channel_id=channel_id, closed_at=None)
    on_hold = Hold.objects.filter(released_at=None).values("order_id")
    return list(moving.exclude(pk__in=on_hold).values_list("public_id", flat=True))
