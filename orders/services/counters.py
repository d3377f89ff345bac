"""The counters of order lines; each change is one statement and cannot be applied twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction


class NotDelivered(Conflict):
    """More units come back than ever arrived."""

    code = "orders.not_delivered"


# `quantity` of the lines that just closed moves from allocated to shipped. Only work that the
# caller has just closed is named, so a repeated fact names nothing.
_SHIPPED = """
UPDATE orders_orderline AS l
SET allocated = l.allocated - d.units, shipped = l.shipped + d.units
FROM (
    SELECT order_line_id, sum(quantity) AS units
    FROM orders_fulfillmentline WHERE fulfillment_order_id = ANY(%s)
    GROUP BY order_line_id
) AS d
WHERE l.id = d.order_line_id
RETURNING l.order_id
"""

# A fulfillment line is counted once: the inner UPDATE returns only those not yet delivered.
_DELIVERED = """
WITH arrived AS (
    UPDATE orders_fulfillmentline SET delivered = shipped
    WHERE fulfillment_order_id = ANY(%s) AND delivered < shipped
    RETURNING order_line_id, shipped AS units
), summed AS (
    SELECT order_line_id, sum(units) AS units FROM arrived GROUP BY order_line_id
)
UPDATE orders_orderline AS l SET delivered = l.delivered + s.units
FROM summed AS s WHERE l.id = s.order_line_id
RETURNING l.order_id
"""

# What is kept for a line now and no node works on is not allocated yet. Units that were cancelled
# since they came wait no more, and were given back.
_FILLED = """
UPDATE orders_orderline AS l
SET backordered = l.backordered - least(d.units, l.backordered),
    unallocated = l.unallocated + least(d.units, l.backordered)
FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS d(order_id, position, units)
WHERE l.order_id = d.order_id AND l.position = d.position
"""

_RETURNED = """
UPDATE orders_orderline AS l SET returned = l.returned + d.units
FROM unnest(%s::bigint[], %s::int[]) AS d(id, units)
WHERE l.id = d.id AND l.order_id = %s AND l.returned + d.units <= l.delivered
"""


def _run(sql: str, fulfillment_ids: Sequence[int]) -> list[int]:
    if not fulfillment_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(fulfillment_ids)])
        return sorted({row[0] for row in cursor.fetchall()})


@needs_transaction
def record_shipped(*, fulfillment_ids: Sequence[int]) -> list[int]:
    """This function will count the units of the work as shipped and return the orders touched."""
    return _run(_SHIPPED, fulfillment_ids)


@needs_transaction
def record_delivered(*, fulfillment_ids: Sequence[int]) -> list[int]:
    """This function will count the units of the work as delivered, once, and return the orders."""
    return _run(_DELIVERED, fulfillment_ids)


@needs_transaction
def record_filled(*, units: Mapping[tuple[int, int], int]) -> None:
    """This function will count units by (order, line) as there: they wait no more."""
    if units:
        orders, positions = zip(*units, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_FILLED, [list(orders), list(positions), list(units.values())])


@needs_transaction
def record_returned(*, order_id: int, quantities: Mapping[int, int]) -> None:
    """This function will count returned units by line.

    :raises NotDelivered: a line would come back more often than it was delivered; nothing changes.
    """
    if not quantities:
        return
    keys = sorted(quantities)
    with connection.cursor() as cursor:
        cursor.execute(_RETURNED, [keys, [quantities[key] for key in keys], order_id])
        if cursor.rowcount != len(keys):
            raise NotDelivered("More units come back than were delivered.")
