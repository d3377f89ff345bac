"""The one way the promise of an order is made or moved.

Every promise is kept with what it was computed from; the same day again is no new promise. A day
that moved is told once, in the transaction that moved it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from django.db import connection

from oms.core import bulk
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import PromiseMoved
from orders.models import Order

#: For the first promise and for each that has another day than the last one. Callers hold the
#: orders' rows, so that nobody else counts the same sequence.
_REMEMBER = """
WITH d AS (
    SELECT * FROM json_to_recordset(%s::json) AS x(
        order_id bigint, day date, ship_by timestamptz, cause text, inputs jsonb, at timestamptz)
), last AS (
    SELECT DISTINCT ON (p.order_id) p.order_id, p.sequence, p.promised_on
    FROM orders_promise AS p WHERE p.order_id IN (SELECT order_id FROM d)
    ORDER BY p.order_id, p.sequence DESC
), made AS (
    INSERT INTO orders_promise
        (order_id, sequence, promised_on, latest_ship_at, cause, inputs, created_at)
    SELECT d.order_id, coalesce(last.sequence, 0) + 1, d.day, d.ship_by, d.cause, d.inputs, d.at
    FROM d LEFT JOIN last USING (order_id)
    WHERE last.order_id IS NULL OR last.promised_on IS DISTINCT FROM d.day
    RETURNING order_id
)
SELECT last.order_id, last.promised_on FROM made JOIN last USING (order_id)
"""


@dataclass(frozen=True, slots=True)
class NewPromise:
    """The day and the last moment to ship of an order from now on, and what they come from.

    `order` is held by the caller and gets both, by `set_on_order`.
    """

    order: Order
    promised_on: date | None
    latest_ship_at: datetime | None
    cause: str
    inputs: Mapping[str, Any]
    at: datetime

    def set_on_order(self) -> None:
        """This method will set both on the order in hand; nothing is stored."""
        self.order.promised_on, self.order.latest_ship_at = self.promised_on, self.latest_ship_at


#: What a promise sets on its order.
FIELDS = ("promised_on", "latest_ship_at")


@needs_transaction
def promise(*, promises: Sequence[NewPromise]) -> int:
    """This function will set what the orders are promised, keep each new day with its inputs, and
    tell of each day that moved. Two statements for any number of orders, and one when some moved.

    :returns: how many orders have another day than the one they were promised before.
    """
    for new in promises:
        new.set_on_order()
    bulk.update_rows(
        Order,
        [{"id": new.order.id, **{name: getattr(new, name) for name in FIELDS}} for new in promises],
    )
    return remember(promises=promises)


@needs_transaction
def remember(*, promises: Sequence[NewPromise]) -> int:
    """This function will do the same for orders that have it set, and whose rows the caller saves
    with `FIELDS`."""
    if not promises:
        return 0
    was_on = _remember(promises)
    moved = [new for new in promises if new.order.id in was_on]
    emitting.emit_many([_moved(new, was_on[new.order.id]) for new in moved])
    return len(moved)


def _remember(promises: Sequence[NewPromise]) -> dict[int, date | None]:
    """The day promised before, of the orders whose day moved."""
    rows = [
        {
            "order_id": new.order.id,
            "day": new.promised_on,
            "ship_by": new.latest_ship_at,
            "cause": new.cause,
            "inputs": new.inputs,
            "at": new.at,
        }
        for new in promises
    ]
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [orjson.dumps(rows).decode()])
        return dict(cursor.fetchall())


def _moved(new: NewPromise, was_on: date | None) -> PromiseMoved:
    order = new.order
    return PromiseMoved(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=new.at,
        was_on=was_on.isoformat() if was_on else "",
        promised_on=new.promised_on.isoformat() if new.promised_on else "",
        cause=new.cause,
    )
