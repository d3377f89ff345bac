"""Tags of orders: short words people group them by; many orders in one statement."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from django.db import connection

from oms.core import clock
from oms.core.errors import FieldError, Invalid
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.events import OrderTagged

#: An order with more is a list of its own.
MAX_TAGS = 20
#: A word, not a sentence: nothing that could name a person.
_TAG = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

# Rows in the order of their keys, as everywhere; those that change nothing are left alone.
_CHANGE = """
WITH wanted AS MATERIALIZED (
  SELECT id, tags FROM orders_order
  WHERE id = ANY(%(orders)s) AND (NOT tags @> %(add)s::varchar[] OR tags && %(remove)s::varchar[])
  ORDER BY id FOR UPDATE
), changed AS (
  SELECT w.id, w.tags AS before, ARRAY(
    SELECT tag FROM unnest(w.tags || %(add)s::varchar[]) AS tag
    WHERE tag <> ALL(%(remove)s::varchar[]) GROUP BY tag ORDER BY tag
  ) AS after
  FROM wanted w
)
UPDATE orders_order AS o SET tags = c.after FROM changed c
WHERE o.id = c.id AND cardinality(c.after) <= %(most)s AND c.after <> c.before
RETURNING o.id, o.organization_id, o.public_id, o.number, c.before, c.after
"""


class InvalidTags(Invalid):
    code = "orders.invalid_tags"


@use_case
def change(
    *, order_ids: Sequence[int], add: Collection[str] = (), remove: Collection[str] = ()
) -> set[int]:
    """This function will put tags on orders and take others off, in one statement, and tell of
    each order that changed. One that would have more than MAX_TAGS keeps what it has.

    :returns: the keys of the orders that changed.
    :raises InvalidTags: names each word that is no tag; nothing changes.
    """
    added, removed = _clean(add, "add"), _clean(remove, "remove")
    if not added and not removed:
        raise InvalidTags("Name a tag to add or to remove.")
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGE,
            {
                "orders": list(order_ids),
                "add": sorted(added - removed),
                "remove": sorted(removed),
                "most": MAX_TAGS,
            },
        )
        rows = cursor.fetchall()
    now = clock.now()
    emitting.emit_many(
        [
            OrderTagged(
                organization_id=organization_id,
                order_ref=reference,
                number=str(number),
                occurred_at=now,
                added=sorted(set(after) - set(before)),
                removed=sorted(set(before) - set(after)),
            )
            for _, organization_id, reference, number, before, after in sorted(rows)
        ]
    )
    return {row[0] for row in rows}


def _clean(words: Collection[str], name: str) -> set[str]:
    tags = [word.strip().lower() for word in words]
    errors = [
        FieldError(f"/{name}/{index}", "invalid_tag", "Letters a-z, digits, - and _; at most 40.")
        for index, tag in enumerate(tags)
        if not _TAG.fullmatch(tag)
    ]
    if errors:
        raise InvalidTags("See errors.", errors=errors)
    return set(tags)
