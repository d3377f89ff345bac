"""Puts the open orders of a node in order again when its hours changed.

An order keeps the day on which it was to leave; what moves is the moment on that day until which it
may. Where the node does not work on that day any more it leaves on the last working day before, or,
without any left, on the first one after. What the customer was promised stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson
from django.db import connection

from inventory.nodes import selectors as nodes
from inventory.nodes.types import NodeFacts
from inventory.warehouse.services import scheduling
from oms.core import clock
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import OrderRescheduled
from orders.models import FulfillmentOrder, Order
from routing.promise import Calendar

#: (organization, node)
Place = tuple[int, int]

Work = FulfillmentOrder.Status
#: Work that has not left.
LIVE = (Work.PROPOSED, Work.OPEN, Work.SCHEDULED, Work.IN_PROGRESS, Work.PACKED)

_MOVE_WORK = """
UPDATE orders_fulfillmentorder AS f SET latest_ship_at = d.until, version = f.version + 1
FROM orders_order AS o, json_to_recordset(%s::json)
     AS d(owner bigint, node bigint, was timestamptz, until timestamptz)
WHERE o.id = f.order_id AND o.organization_id = d.owner AND f.node_id = d.node
  AND f.latest_ship_at = d.was AND f.status = ANY(%s)
RETURNING f.order_id, f.public_id, f.latest_ship_at
"""

#: An order ships with its first part.
_MOVE_ORDERS = """
UPDATE orders_order AS o SET latest_ship_at = first.at
FROM (
    SELECT order_id, min(latest_ship_at) AS at FROM orders_fulfillmentorder
    WHERE order_id = ANY(%s) AND status = ANY(%s) GROUP BY order_id
) AS first
WHERE o.id = first.order_id AND o.latest_ship_at IS DISTINCT FROM first.at
RETURNING o.id, o.latest_ship_at
"""


@needs_transaction
def resequence(*, zones: Mapping[Place, str]) -> int:
    """This function will move the last moments to ship of the open orders at the places to the
    nodes' hours of now, and the floor's queue with them; `zones` are the time zones until now.

    A constant number of statements for any number of orders. A repeat changes nothing.

    :returns: how many orders ship by another moment than before.
    """
    orders = _lock(zones)
    moves = _moves(zones)
    if not moves or not orders:
        return 0
    live = [status.value for status in LIVE]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_WORK, [orjson.dumps(moves).decode(), live])
        moved = cursor.fetchall()
        cursor.execute(_MOVE_ORDERS, [sorted({row[0] for row in moved}), live])
        times = dict(cursor.fetchall())
    scheduling.reschedule(
        slots=[scheduling.Slot(ref, at, orders[key].priority) for key, ref, at in moved]
    )
    emitting.emit_many([_rescheduled(orders[key], at) for key, at in sorted(times.items())])
    return len(times)


def _rescheduled(order: Order, at: datetime) -> OrderRescheduled:
    return OrderRescheduled(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=clock.now(),
        latest_ship_at=at,
    )


def _lock(zones: Iterable[Place]) -> dict[int, Order]:
    """The orders with work at the places, by key, held until the end."""
    owners, places = {owner for owner, _ in zones}, {node for _, node in zones}
    works = FulfillmentOrder.objects.filter(
        node_id__in=places, status__in=LIVE, order__organization_id__in=owners
    )
    orders = Order.objects.select_for_update().filter(pk__in=works.values("order_id"))
    found = orders.only("organization_id", "public_id", "number", "priority")
    return {order.pk: order for order in found.order_by("pk")}


def _moves(zones: Mapping[Place, str]) -> list[dict[str, object]]:
    """Each moment that occurs at a place, with the one it becomes; some days, not all orders."""
    facts = nodes.facts_by_id(node_ids={node for _, node in zones})
    rows = FulfillmentOrder.objects.filter(node_id__in=list(facts), status__in=LIVE)
    found = rows.values_list("order__organization_id", "node_id", "latest_ship_at").distinct()
    moments = [row for row in found.order_by() if row[:2] in zones]
    moves = []
    for owner, node, was in moments:
        until = _until(facts[node], was, zones[owner, node])
        if until != was:
            moves.append({"owner": owner, "node": node, "was": was, "until": until})
    return moves


def _until(node: NodeFacts, was: datetime, zone: str) -> datetime:
    calendar = Calendar(node.timezone, node.cutoff_time, node.processing_minutes, node.working_days)
    day = was.astimezone(ZoneInfo(zone)).date()
    return calendar.cutoff_at(calendar.kept_day(day, today=calendar.local_day(clock.now())))


def slots_of(
    works: Sequence[FulfillmentOrder], priorities: Mapping[int, int]
) -> list[scheduling.Slot]:
    """This function will return what the floor is told of works, by the priority of the order."""
    return [
        scheduling.Slot(work.public_id, work.latest_ship_at, priorities[work.order_id])
        for work in works
    ]
