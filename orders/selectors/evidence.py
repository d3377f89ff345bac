"""What earlier orders say of an order: a constant number of statements for any number of orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from oms.core import arrays
from orders.models import Order
from orders.rules import History, Nearby

#: Newest orders of a customer that count as their history.
REMEMBERED = 50
#: Nobody needs to know whether it were more.
ENOUGH = 100
#: Newest contacts with the same mail, phone or door that are looked at.
CONTACTS = 20

#: What was never asked for, or is not any more.
_GONE = ("draft", "cancelled", "rejected", "expired")

#: `near` counts through the newest contacts of a hash, so that a mail address that stands in a
#: million contacts costs no more than another.
_NEAR = """
(SELECT count(*) FROM (
    SELECT FROM (
        SELECT c.id FROM contacts_contact c
        WHERE c.{column} = a.{column} AND c.{column} <> '' ORDER BY c.id DESC LIMIT {contacts}
    ) k
    JOIN orders_order x ON x.ship_to_id = k.id
    WHERE x.placed_at > a.placed_at - make_interval(secs => %(seconds)s)
      AND (x.placed_at, x.id) < (a.placed_at, a.id)
      AND x.organization_id = a.organization_id AND x.status <> 'draft'
    LIMIT {enough}
) s)
"""
_SQL = """
WITH a AS MATERIALIZED (
    SELECT o.id, o.organization_id, o.customer_id, o.placed_at, o.currency,
           c.email_hash, c.phone_hash, c.address_hash,
           o.id = ANY(%(first)s::bigint[]) AS is_first
    FROM orders_order o JOIN contacts_contact c ON c.id = o.ship_to_id
    WHERE o.id = ANY(%(ids)s::bigint[])
), past AS (
    SELECT a.id, orders, average, country, usual.currency,
        (SELECT count(*) FROM (
            SELECT FROM orders_order x WHERE x.customer_id = a.customer_id
              AND x.placed_at > a.placed_at - make_interval(secs => %(seconds)s)
              AND (x.placed_at, x.id) < (a.placed_at, a.id)
            LIMIT {enough}) s) AS near
    FROM a CROSS JOIN LATERAL (
        SELECT count(*) AS orders,
            avg(x.total_amount) FILTER (WHERE x.currency = a.currency) AS average,
            mode() WITHIN GROUP (ORDER BY x.country) AS country,
            mode() WITHIN GROUP (ORDER BY x.currency) AS currency
        FROM (
            SELECT x.total_amount, x.currency, x.country FROM orders_order x
            WHERE x.customer_id = a.customer_id AND (x.placed_at, x.id) < (a.placed_at, a.id)
              AND x.status <> ALL(%(gone)s)
            ORDER BY x.placed_at DESC LIMIT {remembered}
        ) x
    ) usual
    WHERE NOT a.is_first
)
SELECT a.id, coalesce(past.orders, 0), past.average, past.country, past.currency,
    coalesce(past.near, 0), {email}, {phone}, {address}
FROM a LEFT JOIN past USING (id)
""".format(
    enough=ENOUGH,
    remembered=REMEMBERED,
    **{
        name: _NEAR.format(column=f"{name}_hash", contacts=CONTACTS, enough=ENOUGH)
        for name in ("email", "phone", "address")
    },
)


def of_orders(
    *, order_ids: Sequence[int], window: timedelta, first: Collection[int] = ()
) -> dict[int, tuple[History, Nearby]]:
    """This function will return by order what its customer ordered before it, and how many orders
    with the same customer, mail, phone or door came within `window` before it. One statement.

    Nobody is asked for what the customers of `first` ordered before: they are new.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "ids": arrays.bare(order_ids),
                "first": arrays.bare(first),
                "seconds": window.total_seconds(),
                "gone": list(_GONE),
            },
        )
        rows = cursor.fetchall()
    return {
        key: (
            History(orders, _cents(average), country or "", currency or ""),
            Nearby(customer, email, phone, address),
        )
        for key, orders, average, country, currency, customer, email, phone, address in rows
    }


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round(amount, 2)


#: When another order was placed, its key and its number.
Earlier = tuple[datetime, int, int]


def lookalikes(*, orders: Sequence[Order], window: timedelta) -> dict[int, list[Earlier]]:
    """This function will return the earlier orders within `window` with the same customer and
    content, by order; those of the same batch count too. One statement."""
    rows = Order.objects.filter(
        ~Q(status__in=_GONE),
        customer__among={order.customer_id for order in orders},
        content_hash__among={order.content_hash for order in orders},
        placed_at__gte=min(order.placed_at for order in orders) - window,
    ).values_list("customer_id", "content_hash", "placed_at", "id", "number")
    groups: dict[tuple[int, str], list[Earlier]] = defaultdict(list)
    for customer_id, content_hash, placed_at, key, number in rows:
        groups[customer_id, content_hash].append((placed_at, key, number))
    return {
        order.id: [
            other
            for other in groups[order.customer_id, order.content_hash]
            if other[:2] < (order.placed_at, order.id)
        ]
        for order in orders
    }
