"""Takes units out of work nobody has begun and makes work of them that stands beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F

from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import work
from inventory.warehouse.services.work import AlreadyPicked
from inventory.warehouse.types import WorkDraft
from oms.core import bulk, clock
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction


class NotThere(Conflict):
    """The work has fewer units than are to be taken out of it."""

    code = "warehouse.not_there"


class BeingPicked(Conflict):
    """A clerk has just taken it from the queue; the claim ends by itself within a minute."""

    code = "warehouse.being_picked"
    is_retryable = True


@dataclass(frozen=True, slots=True)
class Cut:
    """Units to take out of one demand's work, by (line, variant), and the work they become.

    Without a draft they become nobody's here: their stock goes elsewhere.
    """

    demand_ref: str
    takes: Mapping[tuple[str, int], int]
    draft: WorkDraft | None = None


@needs_transaction
def divide(*, cuts: Sequence[Cut], demand_kind: str = "fulfillment_order") -> None:
    """This function will take the units out and release the drafts; what is blocked stays so.

    Work that has no line left keeps its row: whoever took the last of it withdraws it by
    `work.cancel`. Constant statements.

    :raises AlreadyPicked: somebody has begun with one of them, or it is over; nothing changes.
    :raises BeingPicked: a clerk holds a claim on one.
    :raises NotThere: a line has fewer units.
    """
    if not cuts:
        return
    works = lock_unbegun(demand_refs=[cut.demand_ref for cut in cuts], demand_kind=demand_kind)
    _take_out(cuts, works)
    drafts = [cut.draft for cut in cuts if cut.draft]
    work.release_many(drafts=drafts)
    # All work of an order is stopped by the same.
    stops = {
        cut.draft.correlation_id: works[cut.demand_ref].blocked_scopes
        for cut in cuts
        if cut.draft and works[cut.demand_ref].blocked_scopes
    }
    work.block(stops=stops)


@needs_transaction
def lock_unbegun(
    *, demand_refs: Collection[str], demand_kind: str = "fulfillment_order"
) -> dict[str, WorkOrder]:
    """This function will lock the demands' work and return it by demand.

    :raises AlreadyPicked: somebody has begun with one of them, or it is over.
    :raises BeingPicked: a clerk holds a claim on one.
    """
    rows = (
        WorkOrder.objects.select_for_update()
        .filter(demand_kind=demand_kind, demand_ref__in=set(demand_refs))
        .order_by("pk")
    )
    works = {row.demand_ref: row for row in rows}
    now = clock.real_now()
    for row in works.values():
        if row.status != WorkOrder.Status.OPEN:
            raise AlreadyPicked(
                f"The work for order {row.label} has begun.", data={"work_ref": row.public_id}
            )
        if row.claimed_until is not None and row.claimed_until > now:
            raise BeingPicked(
                f"Somebody is about to pick order {row.label}.", data={"work_ref": row.public_id}
            )
    return works


def _take_out(cuts: Sequence[Cut], works: Mapping[str, WorkOrder]) -> None:
    lines = {
        (line.work_order_id, line.line_ref, line.variant_id): line
        for line in WorkLine.objects.filter(work_order__in=[w.pk for w in works.values()])
    }
    changed: list[tuple[WorkLine, int]] = []
    for cut in cuts:
        mine = works.get(cut.demand_ref)
        for (line_ref, variant_id), units in cut.takes.items():
            line = lines.get((mine.pk, line_ref, variant_id)) if mine else None
            if line is None or line.quantity < units:
                raise NotThere("The work has fewer units.", data={"line_ref": line_ref})
            changed.append((line, line.quantity - units))
    WorkLine.objects.filter(pk__in=[line.pk for line, left in changed if not left]).delete()
    bulk.update_rows(
        WorkLine, [{"id": line.pk, "quantity": left} for line, left in changed if left]
    )
    WorkOrder.objects.filter(pk__in=[w.pk for w in works.values()]).update(version=F("version") + 1)
