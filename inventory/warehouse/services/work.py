"""Gives work to the floor, stops it and takes it back; the same demand is never worked twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from inventory.warehouse.events import WorkCancelled, WorkReleased
from inventory.warehouse.models import SCOPES, WorkLine, WorkOrder, WorkOrderStatusChange
from inventory.warehouse.services import grouping
from inventory.warehouse.types import WorkDraft
from oms.core import bulk, clock, ids, transitions
from oms.core.context import current
from oms.core.errors import Conflict, Invalid
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

#: Units of a line, or of each part of a kit.
Left = int | Mapping[int, int]

_UNPICKED = (WorkOrder.Status.OPEN, WorkOrder.Status.PICKING)
_CLOSED = (WorkOrder.Status.HANDED_OVER, WorkOrder.Status.CANCELLED)


class NoLines(Invalid):
    code = "warehouse.no_lines"


class AlreadyPicked(Conflict):
    """The units are off the shelf: somebody must bring them back before the work can change."""

    code = "warehouse.already_picked"


@needs_transaction
def release_many(*, drafts: Sequence[WorkDraft]) -> list[str]:
    """This function will put work into the nodes' queues, once per demand.

    :returns: work references in the order of the drafts; those of before for demands known already.
    :raises NoLines: a draft asks for nothing.
    :raises InvalidQuantity: a line of less than one unit.
    """
    if not drafts:
        return []
    _check(drafts)
    now = clock.now()
    fresh = dict(
        bulk.insert_rows(
            WorkOrder,
            [_work_row(draft, now) for draft in drafts],
            on_conflict="ON CONFLICT (demand_kind, demand_ref) DO NOTHING",
            returning="public_id, id",
        )
    )
    refs = _refs(drafts)
    by_ref = {refs[_key(draft)]: draft for draft in reversed(drafts)}
    new = [(ref, pk, by_ref[ref]) for ref, pk in fresh.items()]
    _insert_lines(new)
    _insert_history(new, now)
    emitting.emit_many([_released(ref, draft, now) for ref, _, draft in new])
    return [refs[_key(draft)] for draft in drafts]


@needs_transaction
def block(*, stops: Mapping[str, Mapping[str, str]]) -> int:
    """This function will stop exactly these steps of what is still open for the orders.

    `stops` names, by correlation, each scope (picking with packing, label, shipping) and the code
    of what stops it, which the floor is told; a scope that is not named goes on.

    :returns: how many work orders changed.
    """
    if not stops:
        return 0
    rows = (
        WorkOrder.objects.select_for_update()
        .filter(correlation_id__in=list(stops))
        .exclude(status__in=_CLOSED)
        .order_by("pk")
        .values_list("pk", "correlation_id", "blocked_scopes", "version")
    )
    wanted = {ref: {s: codes[s] for s in SCOPES if s in codes} for ref, codes in stops.items()}
    return bulk.update_rows(
        WorkOrder,
        [
            {"id": pk, "blocked_scopes": wanted[ref], "version": version + 1}
            for pk, ref, blocked, version in rows
            if blocked != wanted[ref]
        ],
    )


@needs_transaction
def cancel(
    *,
    demand_refs: Collection[str],
    reason: str,
    demand_kind: str = "fulfillment_order",
    at: datetime | None = None,
) -> int:
    """This function will withdraw the demands' work; without work, or cancelled before, is fine.

    Stock stays promised until the demand's owner releases it. Merged work leaves its carton first;
    the others stay together.

    :returns: how many work orders it ended.
    :raises AlreadyPacked: it lies in a carton with another order's units.
    :raises IllegalTransition: one of them was handed over; nothing is cancelled.
    """
    works = list(
        WorkOrder.objects.select_for_update()
        .filter(demand_kind=demand_kind, demand_ref__in=set(demand_refs))
        .filter(~Q(status=WorkOrder.Status.CANCELLED))
        .order_by("pk")
    )
    moment = at or clock.now()
    grouping.leave(works=works)
    transitions.apply_many(
        works,
        "cancel",
        now=moment,
        reason=reason,
        event_for=lambda work: WorkCancelled(
            organization_id=work.organization_id,
            work_ref=work.public_id,
            demand_kind=work.demand_kind,
            demand_ref=work.demand_ref,
            order_ref=work.correlation_id,
            node_id=work.node_id,
            occurred_at=moment,
        ),
    )
    return len(works)


@needs_transaction
def lock_statuses(
    *, demand_refs: Collection[str], demand_kind: str = "fulfillment_order"
) -> dict[str, str]:
    """This function will lock the demands' work and return how far each is; nobody takes a unit
    for it before the transaction ends. Demands without work are absent."""
    works = (
        WorkOrder.objects.select_for_update()
        .filter(demand_kind=demand_kind, demand_ref__in=set(demand_refs))
        .order_by("pk")
    )
    return dict(works.values_list("demand_ref", "status"))


@needs_transaction
def shrink(
    *, left: Mapping[str, Mapping[str, Left]], demand_kind: str = "fulfillment_order"
) -> int:
    """This function will leave only so many units to pick: demand → line → units, 0 for none; of
    a kit, the units of each part by variant.

    Lines that are not named stay. Without work, or where it is cancelled, nothing happens. Work
    that has nothing left is withdrawn by `cancel`.

    :returns: how many work orders changed.
    :raises AlreadyPicked: the units were taken from the shelf; nothing changes.
    """
    works = list(
        WorkOrder.objects.select_for_update()
        .filter(demand_kind=demand_kind, demand_ref__in=list(left))
        .exclude(status=WorkOrder.Status.CANCELLED)
        .order_by("pk")
    )
    demand_of = {work.pk: work.demand_ref for work in works}
    changed = [
        (line, _units(left[demand_of[line.work_order_id]][line.line_ref], line.variant_id))
        for line in WorkLine.objects.filter(work_order__in=works)
        if left[demand_of[line.work_order_id]].get(line.line_ref, line.quantity) != line.quantity
    ]
    hit = {line.work_order_id for line, _ in changed}
    late = [work for work in works if work.status not in _UNPICKED and work.pk in hit]
    if late:
        raise AlreadyPicked(f"The units of order {late[0].label} are picked already.")
    WorkLine.objects.filter(pk__in=[line.pk for line, units in changed if not units]).delete()
    bulk.update_rows(
        WorkLine, [{"id": line.pk, "quantity": units} for line, units in changed if units]
    )
    return WorkOrder.objects.filter(pk__in=hit).update(version=F("version") + 1)


def _units(left: Left, variant_id: int) -> int:
    return left if isinstance(left, int) else left.get(variant_id, 0)


def _check(drafts: Sequence[WorkDraft]) -> None:
    for draft in drafts:
        if not draft.lines:
            raise NoLines(f"{draft.demand_ref} has no lines to pick.")
        for line in draft.lines:
            require_quantity(line.quantity)


def _key(draft: WorkDraft) -> tuple[str, str]:
    return draft.demand_kind, draft.demand_ref


def _work_row(draft: WorkDraft, now: datetime) -> dict[str, Any]:
    at = draft.at or now
    return {
        "public_id": ids.public_id("wrk", at=at),
        "organization_id": draft.organization_id,
        "node_id": draft.node_id,
        "demand_kind": draft.demand_kind,
        "demand_ref": draft.demand_ref,
        "label": draft.label,
        "correlation_id": draft.correlation_id,
        "status": WorkOrder.Status.OPEN.value,
        "priority": draft.priority,
        "due_at": draft.due_at,
        "blocked_scopes": {},
        "released_by": current().actor,
        "picker": "",
        "packer": "",
        "claimed_by": "",
        "merged_count": 0,
        "cancel_reason": "",
        "version": 0,
        "created_at": at,
    }


def _refs(drafts: Sequence[WorkDraft]) -> dict[tuple[str, str], str]:
    rows = WorkOrder.objects.filter(
        demand_kind__in={draft.demand_kind for draft in drafts},
        demand_ref__in={draft.demand_ref for draft in drafts},
    ).values_list("demand_kind", "demand_ref", "public_id")
    return {(kind, demand): ref for kind, demand, ref in rows}


def _insert_lines(new: Sequence[tuple[str, int, WorkDraft]]) -> None:
    bulk.insert_rows(
        WorkLine,
        [
            {
                "work_order_id": pk,
                "line_ref": line.line_ref,
                "variant_id": line.variant_id,
                "quantity": line.quantity,
                "picked": 0,
                "cancel_asked": 0,
            }
            for _, pk, draft in new
            for line in draft.lines
        ],
    )


def _insert_history(new: Sequence[tuple[str, int, WorkDraft]], now: datetime) -> None:
    bulk.insert_rows(
        WorkOrderStatusChange,
        [
            {
                "subject_id": pk,
                "trigger": "release",
                "from_status": "",
                "to_status": WorkOrder.Status.OPEN.value,
                "actor": current().actor,
                "reason": "",
                "at": draft.at or now,
            }
            for _, pk, draft in new
        ],
    )


def _released(ref: str, draft: WorkDraft, now: datetime) -> WorkReleased:
    return WorkReleased(
        organization_id=draft.organization_id,
        work_ref=ref,
        demand_kind=draft.demand_kind,
        demand_ref=draft.demand_ref,
        order_ref=draft.correlation_id,
        node_id=draft.node_id,
        occurred_at=draft.at or now,
    )
