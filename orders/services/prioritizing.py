"""Computes priorities anew where what they come from changed: the level, its rank, the value."""

from __future__ import annotations

from collections.abc import Collection

import orjson
from django.db import connection
from django.db.models import Q
from moneyed import CURRENCIES

from inventory.warehouse.services import scheduling
from oms.core import money
from oms.core.transactions import needs_transaction
from orders.channels import selectors as channels
from orders.models import FulfillmentOrder, Order
from orders.services.resequencing import LIVE, slots_of
from orders.tiers import VALUES

_OPEN = ("received", "verifying", "confirmed", "released")

#: The same as `orders.tiers.priority`.
_RECOMPUTE = """
UPDATE orders_order AS o
SET priority = l.rank * %(values)s
    + least(trunc((o.total_amount - o.cancelled_amount) / m.unit), %(values)s - 1)::int
FROM json_to_recordset(%(levels)s::json) AS l(owner bigint, code text, rank int),
     json_to_recordset(%(units)s::json) AS m(currency text, unit numeric)
WHERE o.id = ANY(%(orders)s) AND l.owner = o.organization_id AND l.code = o.tier
  AND m.currency = o.currency
  AND o.priority <> l.rank * %(values)s
      + least(trunc((o.total_amount - o.cancelled_amount) / m.unit), %(values)s - 1)::int
RETURNING o.id, o.priority
"""


@needs_transaction
def recompute(*, order_ids: Collection[int]) -> int:
    """This function will give the open orders among these the priority of their level and value,
    and the floor's queue with them. Constant statements.

    :returns: how many have another one than before.
    """
    return _recompute(Q(pk__in=list(order_ids)))


@needs_transaction
def recompute_level(*, organization_id: int, level: str) -> int:
    """This function will do the same for all open orders of a level."""
    return _recompute(Q(organization_id=organization_id, tier=level))


def _recompute(wanted: Q) -> int:
    open_orders = Order.objects.select_for_update().filter(wanted, status__in=_OPEN)
    orders = dict(open_orders.order_by("pk").values_list("pk", "organization_id"))
    if not orders:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _RECOMPUTE,
            {
                "values": VALUES,
                "levels": orjson.dumps(_ranks(set(orders.values()))).decode(),
                "units": _units(),
                "orders": list(orders),
            },
        )
        changed = dict(cursor.fetchall())
    works = FulfillmentOrder.objects.filter(order__in=list(changed), status__in=LIVE)
    scheduling.reschedule(slots=slots_of(list(works), changed))
    return len(changed)


def _ranks(organization_ids: Collection[int]) -> list[dict[str, object]]:
    levels = channels.levels_by_organization(organization_ids=organization_ids)
    return [
        {"owner": owner, "code": level.code, "rank": level.rank}
        for owner, own in levels.items()
        for level in own.values()
    ]


def _units() -> str:
    rows = [{"currency": code, "unit": str(money.exponent(code))} for code in CURRENCIES]
    return orjson.dumps(rows).decode()
