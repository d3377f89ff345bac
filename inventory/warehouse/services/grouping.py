"""Several orders' work in one carton: one of them leads, the others follow it through every step.

Each keeps its own row, lines, queue place and blocks, so that taking them apart needs no memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import F

from inventory.warehouse.models import WorkOrder
from oms.core import bulk
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction

_UNPACKED = (WorkOrder.Status.OPEN, WorkOrder.Status.PICKING, WorkOrder.Status.PICKED)


class AlreadyPacked(Conflict):
    """The units lie in one carton with another order's."""

    code = "warehouse.already_packed"


@needs_transaction
def join(*, followers: Mapping[int, WorkOrder]) -> None:
    """This function will let locked works follow their leads, by key of the follower: two
    statements."""
    counts: dict[int, int] = defaultdict(int)
    for lead in followers.values():
        counts[lead.pk] += 1
    bulk.update_rows(
        WorkOrder,
        [{"id": key, "merged_into_id": lead.pk} for key, lead in followers.items()],
    )
    _count(counts)


@needs_transaction
def leave(*, works: Sequence[WorkOrder]) -> None:
    """This function will take locked works out of their cartons; without a lead the most urgent of
    the rest leads, as whoever merged them ranks them. No statement where nothing is merged.

    :raises AlreadyPacked: a carton is closed.
    """
    merged = [work for work in works if work.merged_into_id is not None or work.merged_count]
    if not merged:
        return
    for work in merged:
        if work.status not in _UNPACKED:
            raise AlreadyPacked(f"Order {work.label} lies in a carton with another order.")
    leads = {work.merged_into_id or work.pk for work in merged}
    rows = WorkOrder.objects.select_for_update().filter(merged_into__in=leads)
    ranked = sorted(
        rows.order_by("pk"), key=lambda row: (row.due_at, -row.priority, row.demand_ref)
    )
    gone = {work.pk for work in merged}
    target: dict[int, int | None] = dict.fromkeys(gone)
    counts = dict.fromkeys([*leads, *gone], 0)
    staying: dict[int, list[int]] = {lead: [lead] for lead in leads if lead not in gone}
    for row in ranked:
        if row.pk not in gone:
            staying.setdefault(row.merged_into_id or 0, []).append(row.pk)
    for first, *rest in staying.values():
        target |= {first: None, **dict.fromkeys(rest, first)}
        counts[first] = len(rest)
    _place(target, counts)
    for work in merged:
        work.merged_into_id, work.merged_count, work.version = None, 0, work.version + 1


def _place(target: Mapping[int, int | None], counts: Mapping[int, int]) -> None:
    bulk.update_rows(
        WorkOrder,
        [
            {"id": key, "merged_into_id": target.get(key), "merged_count": counts.get(key, 0)}
            for key in sorted({*target, *counts})
        ],
    )
    WorkOrder.objects.filter(pk__in=[*target, *counts]).update(version=F("version") + 1)


def _count(counts: Mapping[int, int]) -> None:
    bulk.update_rows(
        WorkOrder, [{"id": key, "merged_count": number} for key, number in counts.items()]
    )
