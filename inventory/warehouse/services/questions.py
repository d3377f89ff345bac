"""Cancelling what a node has begun is a question to the floor: until it is answered, the work is
neither packed nor handed over. What nobody has in his hands yet is taken back without asking.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from carriers.services import withdrawing
from carriers.services.withdrawing import LabelUnderway
from inventory.services import giving_up
from inventory.types import Keep
from inventory.warehouse.events import WorkCancelAnswered, WorkCancelled
from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import put_backs
from inventory.warehouse.services.floor import UnknownWork, facts
from inventory.warehouse.types import WorkState
from oms.core import bulk, clock, transitions
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting

Status = WorkOrder.Status

DEMAND = "fulfillment_order"
#: Units are off the shelf.
_BEGUN = (Status.PICKED, Status.PACKED, Status.LABELED, Status.HANDED_OVER)

#: Units by (line, variant).
Units = Mapping[tuple[str, int], int]


class NothingAsked(Conflict):
    """Nobody waits for an answer about this work: it was given, or the work has moved on."""

    code = "warehouse.nothing_asked"


class CartonClosed(Conflict):
    """Units of a closed carton are cancelled all together, or not at all."""

    code = "warehouse.carton_closed"


@needs_transaction
def look(*, demand_refs: Collection[str]) -> dict[str, WorkState]:
    """This function will lock the demands' work and tell where it stands; without work, or
    cancelled, is absent. Two statements."""
    works = {
        work.pk: work
        for work in WorkOrder.objects.select_for_update()
        .filter(demand_kind=DEMAND, demand_ref__in=set(demand_refs))
        .exclude(status=Status.CANCELLED)
        .order_by("pk")
    }
    units: dict[int, dict[tuple[str, int], int]] = defaultdict(dict)
    begun = {work.pk for work in works.values() if work.status in _BEGUN}
    for line in WorkLine.objects.filter(work_order__in=works):
        units[line.work_order_id][line.line_ref, line.variant_id] = line.quantity
        if line.picked:
            begun.add(line.work_order_id)
    return {
        work.demand_ref: WorkState(
            status=work.status,
            units=units[work.pk],
            is_begun=work.pk in begun,
            is_asked=work.cancel_asked_at is not None,
            is_merged=bool(work.merged_into_id or work.merged_count),
        )
        for work in works.values()
    }


@needs_transaction
def cut(*, left: Mapping[str, Units]) -> None:
    """This function will leave only so many units to pick, by demand; what is not named stays.

    The work is locked, not begun, and keeps something.
    """
    works = dict(
        WorkOrder.objects.filter(demand_kind=DEMAND, demand_ref__in=list(left))
        .exclude(status=Status.CANCELLED)
        .values_list("pk", "demand_ref")
    )
    lines = [
        (line, left[works[line.work_order_id]][line.line_ref, line.variant_id])
        for line in WorkLine.objects.filter(work_order__in=works)
        if (line.line_ref, line.variant_id) in left[works[line.work_order_id]]
    ]
    _store(lines)
    WorkOrder.objects.filter(pk__in=works).update(version=F("version") + 1)


@needs_transaction
def ask(*, units: Mapping[str, Units], reason: str, at: datetime) -> None:
    """This function will ask the floor whether units in its hands can be cancelled, by demand.

    The work is locked, begun and not asked about.
    """
    works = {
        work.pk: work
        for work in WorkOrder.objects.filter(demand_kind=DEMAND, demand_ref__in=list(units))
        .exclude(status=Status.CANCELLED)
        .order_by("pk")
    }
    rows = WorkLine.objects.filter(work_order__in=works)
    bulk.update_rows(
        WorkLine,
        [
            {
                "id": line.pk,
                "cancel_asked": units[works[line.work_order_id].demand_ref].get(
                    (line.line_ref, line.variant_id), 0
                ),
            }
            for line in rows
        ],
    )
    WorkOrder.objects.filter(pk__in=works).update(
        cancel_asked_at=at,
        cancel_reason=reason[:200],
        claimed_by="",
        claimed_until=None,
        version=F("version") + 1,
    )
    transitions.note(list(works.values()), "ask_cancel", reason=reason, at=at)


@use_case
def answer(*, work_ref: str, is_accepted: bool, reason: str = "") -> None:
    """This function will say whether the units asked about can be cancelled.

    Yes: their promise ends, a put-back tells to lay them back, and without anything left the work
    ends and its label is given back. No: the work goes on.

    :raises UnknownWork: a reference nobody knows.
    :raises NothingAsked: nobody waits for an answer.
    :raises LabelUnderway: its label is being bought in this moment; nothing changes.
    :raises ParcelGone: the carrier has it; nothing changes.
    """
    work = WorkOrder.objects.select_for_update().filter(public_id=work_ref).first()
    if work is None:
        raise UnknownWork(f"There is no work order {work_ref}.")
    if work.cancel_asked_at is None:
        raise NothingAsked(f"Nobody asked to cancel units of order {work.label}.")
    now = clock.now()
    if is_accepted:
        _accept(work, now)
    else:
        _refuse(work, reason, now)
    emitting.emit(
        WorkCancelAnswered(
            **facts(work, lambda _work: now), is_accepted=is_accepted, reason=reason[:200]
        )
    )


def answer_overdue(*, limit: int) -> int:
    """This function will answer for a floor that did not within `CANCEL_ANSWER_MINUTES`, as
    `CANCEL_UNANSWERED` says; work whose label is being bought is left for the next time.

    :returns: how many questions were answered.
    """
    since = clock.now() - timedelta(minutes=settings.OMS["CANCEL_ANSWER_MINUTES"])
    overdue = WorkOrder.objects.filter(cancel_asked_at__lte=since).order_by("cancel_asked_at")
    is_accepted = settings.OMS["CANCEL_UNANSWERED"] == "accept"
    return sum(
        _answered(ref, is_accepted) for ref in overdue.values_list("public_id", flat=True)[:limit]
    )


def _answered(work_ref: str, is_accepted: bool) -> bool:
    try:
        answer(work_ref=work_ref, is_accepted=is_accepted, reason="Nobody answered in time.")
    except (LabelUnderway, NothingAsked):
        return False
    return True


def _accept(work: WorkOrder, at: datetime) -> None:
    lines = [(line, line.quantity - line.cancel_asked) for line in work.lines.order_by("pk")]
    is_whole = not any(left for _, left in lines)
    if not is_whole and work.status != Status.PICKED:
        raise CartonClosed(f"The carton of order {work.label} is closed.")
    back: Counter[int] = Counter()
    for line, _ in lines:
        back[line.variant_id] += line.cancel_asked
    put_backs.ask(work=work, units=back, at=at)
    _give_up(work, lines, at)
    if is_whole:
        withdrawing.withdraw(
            demand_kind=DEMAND, demand_refs=[work.demand_ref], reason="order cancelled"
        )
        transitions.apply(
            work,
            "cancel",
            now=at,
            reason=work.cancel_reason,
            event=WorkCancelled(**facts(work, lambda _work: at)),
        )
    else:
        _store(lines)
        _close(work, "accept_cancel", work.cancel_reason, at)


def _give_up(work: WorkOrder, lines: Sequence[tuple[WorkLine, int]], at: datetime) -> None:
    keep: dict[str, dict[int, int]] = defaultdict(dict)
    for line, left in lines:
        keep[line.line_ref][line.variant_id] = left
    giving_up.give_up(
        firm=[
            Keep("order", work.correlation_id, line_ref, work.node_id, units)
            for line_ref, units in keep.items()
        ],
        reason="order cancelled",
        at=at,
    )


def _refuse(work: WorkOrder, reason: str, at: datetime) -> None:
    work.lines.update(cancel_asked=0)
    _close(work, "refuse_cancel", reason, at)


def _close(work: WorkOrder, trigger: str, reason: str, at: datetime) -> None:
    WorkOrder.objects.filter(pk=work.pk).update(cancel_asked_at=None, version=F("version") + 1)
    transitions.note([work], trigger, reason=reason, at=at)


def _store(lines: Sequence[tuple[WorkLine, int]]) -> None:
    """Lines with what is left of each; those of which nothing is are gone."""
    WorkLine.objects.filter(pk__in=[line.pk for line, left in lines if not left]).delete()
    bulk.update_rows(
        WorkLine,
        [
            {"id": line.pk, "quantity": left, "picked": min(line.picked, left), "cancel_asked": 0}
            for line, left in lines
            if left
        ],
    )
