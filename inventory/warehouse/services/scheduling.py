"""Brings the floor's queue in order again when hours or urgencies changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db import connection

from oms.core.transactions import needs_transaction


@dataclass(frozen=True, slots=True)
class Slot:
    """When a demand's work is due from now on, and its priority among what is due then."""

    demand_ref: str
    due_at: datetime
    priority: int


#: Only work that differs is written; what left or ended keeps the times it had. The version stays:
#: a place in the queue is no step that a clerk's own step could collide with.
_RESCHEDULE = """
UPDATE warehouse_workorder AS w
SET due_at = d.due_at, priority = d.priority
FROM json_to_recordset(%s::json) AS d(demand_ref text, due_at timestamptz, priority int)
WHERE w.demand_kind = %s AND w.demand_ref = d.demand_ref
  AND w.status NOT IN ('handed_over', 'cancelled')
  AND (w.due_at, w.priority) IS DISTINCT FROM (d.due_at, d.priority)
"""


@needs_transaction
def reschedule(*, slots: Sequence[Slot], demand_kind: str = "fulfillment_order") -> int:
    """This function will give the demands' open work its times and priorities, in one statement.

    :returns: how many work orders have others than before.
    """
    if not slots:
        return 0
    rows: list[Mapping[str, object]] = [
        {"demand_ref": s.demand_ref, "due_at": s.due_at, "priority": s.priority} for s in slots
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RESCHEDULE, [orjson.dumps(rows).decode(), demand_kind])
        return int(cursor.rowcount)
