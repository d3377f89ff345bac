"""Shelves that hold less than the books say: the picker takes what is there, the books are put
right, the place is counted, and the order's owner looks for the rest elsewhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from inventory.catalog import selectors as catalog
from inventory.selectors import counts as open_counts
from inventory.selectors import stock as balances
from inventory.services import counts, giving_up, stock
from inventory.types import GivenUp, Keep, StockChange
from inventory.warehouse.events import WorkCancelled, WorkShort
from inventory.warehouse.models import PICKING, WorkLine, WorkOrder
from inventory.warehouse.services import floor
from oms.core import bulk, transitions
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.quantities import require_quantity
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting

#: Units by (line, variant).
Missing = Mapping[tuple[str, int], int]

_UNPICKED = (WorkOrder.Status.OPEN, WorkOrder.Status.PICKING)
REASON = "short pick"


class NothingMissing(Invalid):
    """Name at least one line and how many of its units are not there."""

    code = "warehouse.nothing_missing"


class NotAsked(Invalid):
    """The work asks for fewer units of it, or none."""

    code = "warehouse.not_asked"


class PickedAlready(Conflict):
    """The work is picked: what is missing now is missing from a carton, not from a shelf."""

    code = "warehouse.picked_already"


class SharedCarton(Conflict):
    """Works of several orders go in one carton: report what is missing of each by itself."""

    code = "warehouse.shared_carton"


@use_case
def report(*, work_ref: str, missing: Missing, picker: str, at: datetime | None = None) -> None:
    """This function will finish a pick with fewer units than were asked for.

    What is missing is no longer promised, taken out of the books (units with serial numbers are
    left to the count) and counted; the rest is picked. Of a kit that lacks a part, no part is
    taken. Without anything left the work ends.

    :raises UnknownWork: a reference nobody knows.
    :raises WorkBlocked: the order is on hold.
    :raises NothingMissing: no line was named.
    :raises InvalidQuantity: less than one unit.
    :raises NotAsked: a line is not part of the work, or asks for less. Nothing changes.
    :raises PickedAlready: the work is picked, packed or gone.
    :raises SharedCarton: it goes in one carton with another order's.
    """
    works, when = floor.lock([work_ref], at, scope=PICKING)
    if len(works) > 1:
        raise SharedCarton(f"Order {works[0].label} shares a carton; take them apart first.")
    [work] = works
    if work.status not in _UNPICKED:
        raise PickedAlready(
            f"The work is {work.get_status_display()}.", data={"state": work.status}
        )
    lines = list(work.lines.order_by("pk"))
    _check(missing, lines)
    lost = _give_up(work, lines, missing, when(work))
    _correct(work, lost, when(work))
    is_nothing_left = not _leave(lines, missing)
    if is_nothing_left:
        transitions.apply(
            work,
            "cancel",
            actor=picker,
            now=when(work),
            reason=REASON,
            event=WorkCancelled(**floor.facts(work, when)),
        )
    else:
        floor.finish_pick(works=[work], picker=picker, when=when)
    emitting.emit(
        WorkShort(
            **floor.facts(work, when),
            lines=[(line, variant, units) for (line, variant), units in sorted(missing.items())],
            reason=REASON,
            is_nothing_left=is_nothing_left,
        )
    )


def _check(missing: Missing, lines: Sequence[WorkLine]) -> None:
    if not missing:
        raise NothingMissing()
    asked = {(line.line_ref, line.variant_id): line.quantity for line in lines}
    for key, units in missing.items():
        require_quantity(units)
        if units > asked.get(key, 0):
            detail = f"The work asks for {asked.get(key, 0)} of it."
            raise NotAsked(detail, errors=[FieldError(f"/lines/{key[0]}", "too_many", detail)])


def _give_up(
    work: WorkOrder, lines: Sequence[WorkLine], missing: Missing, at: datetime
) -> list[GivenUp]:
    short = {line_ref for line_ref, _ in missing}
    keep: dict[str, dict[int, int]] = defaultdict(dict)
    for line in lines:
        if line.line_ref in short:
            lost = missing.get((line.line_ref, line.variant_id), 0)
            keep[line.line_ref][line.variant_id] = line.quantity - lost
    return giving_up.give_up(
        firm=[
            Keep("order", work.correlation_id, line_ref, work.node_id, units)
            for line_ref, units in keep.items()
        ],
        reason=REASON,
        at=at,
    )


def _correct(work: WorkOrder, lost: Sequence[GivenUp], at: datetime) -> None:
    """Out of the books, as far as they say that the units are there and nobody's."""
    facts = catalog.facts_by_id(variant_ids={item.variant_id for item in lost})
    spare = balances.unpromised(node_id=work.node_id, variant_ids=list(facts))
    units: Counter[tuple[int, int | None]] = Counter()
    for item in lost:
        if facts[item.variant_id].tracking == "serial":
            continue
        taken = max(0, min(item.units, spare[item.variant_id]))
        spare[item.variant_id] -= taken
        units[item.variant_id, item.lot_id] += taken
    changes = [
        StockChange(
            node_id=work.node_id,
            variant_id=variant_id,
            quantity=-n,
            reason=REASON,
            document_kind="work_order",
            document_ref=work.public_id,
            lot_id=lot_id,
        )
        for (variant_id, lot_id), n in units.items()
        if n
    ]
    if changes:
        stock.adjust(changes=changes, at=at)
    _count(work.node_id, set(facts))


def _count(node_id: int, variant_ids: set[int]) -> None:
    fresh = variant_ids - open_counts.being_counted(node_id=node_id, variant_ids=variant_ids)
    if fresh:
        counts.start(node_id=node_id, variant_ids=sorted(fresh), reason=REASON)


def _leave(lines: Sequence[WorkLine], missing: Missing) -> bool:
    """Takes what is missing out of the work, and kits that lack a part; says whether anything is
    left."""
    parts = Counter(line.line_ref for line in lines)
    broken = {line_ref for line_ref, _ in missing if parts[line_ref] > 1}
    left = {
        line.pk: 0
        if line.line_ref in broken
        else line.quantity - missing.get((line.line_ref, line.variant_id), 0)
        for line in lines
    }
    WorkLine.objects.filter(pk__in=[key for key, units in left.items() if not units]).delete()
    bulk.update_rows(
        WorkLine, [{"id": key, "quantity": units} for key, units in left.items() if units]
    )
    return any(left.values())
