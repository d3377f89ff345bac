"""The floor as screens, clerks and other groups read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from inventory.nodes import selectors as nodes
from inventory.warehouse.models import SCOPE_OF, SCOPES, Parcel, WorkOrder
from inventory.warehouse.types import NodeLoad, WorkFacts
from oms.core import clock

#: Statuses in which there is still something to do, in the order of the work.
OPEN = ("open", "picking", "picked", "packed", "labeled")

#: Each node's day begins at its own midnight.
_DONE_TODAY = """
SELECT w.node_id, count(*)
FROM nodes_node n JOIN warehouse_workorder w ON w.node_id = n.id
WHERE w.status = 'handed_over'
  AND w.handed_over_at >= date_trunc('day', %(now)s AT TIME ZONE n.timezone) AT TIME ZONE n.timezone
GROUP BY w.node_id
"""

_FIELDS = (
    "public_id", "demand_kind", "demand_ref", "correlation_id", "node_id", "label", "status",
    "blocked_scopes", "priority", "due_at", "picker", "packer", "picked_at", "packed_at",
    "labeled_at", "handed_over_at", "created_at",
)  # fmt: skip


def node_load() -> list[NodeLoad]:
    """This function will return every active node's queue, by code, in three statements."""
    counts: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(OPEN, 0))
    blocked: dict[int, int] = defaultdict(int)
    oldest: dict[int, list[datetime]] = defaultdict(list)
    rows = (
        WorkOrder.objects.exclude(status__in=["handed_over", "cancelled"])
        .values("node_id", "status")
        .annotate(n=Count("id"), stopped=Count("id", filter=is_stopped()), due=Min("due_at"))
        .order_by()
    )
    for row in rows:
        counts[row["node_id"]][row["status"]] = row["n"]
        blocked[row["node_id"]] += row["stopped"]
        oldest[row["node_id"]].append(row["due"])
    done = _done_today()
    return [
        NodeLoad(
            node_id=node.id,
            counts=dict(counts[node.id]),
            open=sum(counts[node.id].values()),
            blocked=blocked[node.id],
            done_today=done.get(node.id, 0),
            oldest_due_at=min(oldest[node.id], default=None),
        )
        for node in nodes.list_active()
    ]


def is_stopped() -> Q:
    """This function will tell, in a query, whether the next step of work may not be done."""
    stopped = Q()
    for scope in SCOPES:
        statuses = [status for status, needed in SCOPE_OF.items() if needed == scope]
        stopped |= Q(status__in=statuses, blocked_scopes__has_key=scope)
    return stopped


def handed_over_last_hour() -> dict[int, int]:
    """This function will return how many work orders left each node in the last hour."""
    since = clock.now() - timedelta(hours=1)
    left = WorkOrder.objects.filter(status="handed_over", handed_over_at__gte=since)
    return dict(left.values_list("node_id").annotate(Count("id")).order_by())


def count_by_status() -> dict[str, int]:
    """This function will return how many work orders stand in each status; none is 0."""
    found = dict(WorkOrder.objects.values_list("status").annotate(Count("id")).order_by())
    return {status: found.get(status, 0) for status in WorkOrder.Status.values}


def list_refs(
    *,
    status: str,
    order_refs: Collection[str] | None = None,
    limit: int | None = None,
) -> list[str]:
    """This function will return work in a status that may go on, most urgent first, claiming
    nothing. What goes in another order's carton is not told."""
    follows = WorkOrder.objects.filter(
        is_stopped() | Q(cancel_asked_at__isnull=False), merged_into=OuterRef("pk")
    )
    works = WorkOrder.objects.filter(
        ~is_stopped(), ~Exists(follows), status=status, merged_into=None, cancel_asked_at=None
    )
    if order_refs is not None:
        works = works.filter(correlation_id__in=set(order_refs))
    ordered = works.order_by("due_at", "-priority", "pk").values_list("public_id", flat=True)
    return list(ordered[:limit])


def facts_for(*, order_refs: Collection[str]) -> list[WorkFacts]:
    """This function will return the work of orders, oldest first."""
    works = WorkOrder.objects.filter(correlation_id__in=set(order_refs))
    return [WorkFacts(*row) for row in works.order_by("pk").values_list(*_FIELDS)]


def facts_by_refs(*, work_refs: Collection[str]) -> list[WorkFacts]:
    """This function will return work by its own references, oldest first."""
    works = WorkOrder.objects.filter(public_id__in=set(work_refs))
    return [WorkFacts(*row) for row in works.order_by("pk").values_list(*_FIELDS)]


def list_work(
    *, node_ids: Sequence[int] | None = None, statuses: Sequence[str] = OPEN
) -> QuerySet[WorkOrder]:
    """This function will return work with its node, most urgent first, for screens."""
    works = WorkOrder.objects.select_related("node").filter(status__in=statuses)
    if node_ids is not None:
        works = works.filter(node_id__in=node_ids)
    return works.order_by("due_at", "-priority", "pk")


def parcel_refs(*, work_refs: Collection[str]) -> dict[str, str]:
    """This function will return the parcel of each packed work order."""
    return dict(
        Parcel.objects.filter(work_order__public_id__in=set(work_refs)).values_list(
            "work_order__public_id", "public_id"
        )
    )


def _done_today() -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_DONE_TODAY, {"now": clock.now()})
        return dict(cursor.fetchall())
