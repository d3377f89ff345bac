"""Parts a reservation in two: the new part is as old as what it was split from, and the sum of both
is what it was."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from inventory.models import Reservation, ReservationStatusChange
from oms.core import bulk, ids
from oms.core.context import current
from oms.core.transactions import needs_transaction


@dataclass(frozen=True, slots=True)
class Part:
    """So many units to part from a row, and how many of them were kept for its channel."""

    row: Reservation
    units: int
    earmarked: int


class PartNumbers:
    """Numbers for new parts of some rows' lines. They count per place, whatever the lot: lots that
    are apart would collide when they meet."""

    def __init__(self, rows: Sequence[Reservation]) -> None:
        used = (
            Reservation.objects.filter(
                demand_ref__in={row.demand_ref for row in rows},
                demand_kind__in={row.demand_kind for row in rows},
            )
            .values_list("demand_kind", "demand_ref", "line_ref", "position_id")
            .annotate(last=Max("part"))
            .order_by()
        )
        self._next: dict[tuple[Any, ...], int] = {tuple(line): last + 1 for *line, last in used}

    def take(self, row: Reservation, position_id: int | None) -> int:
        """This function will return a number that no part of the row's line has at the place."""
        line = (row.demand_kind, row.demand_ref, row.line_ref, position_id)
        number = self._next.get(line, 0)
        self._next[line] = number + 1
        return number


@needs_transaction
def split(*, parts: Sequence[Part], at: datetime) -> list[Reservation]:
    """This function will part the units from their rows, which must be locked and keep at least one
    unit; constant statements.

    :returns: the new rows, in order.
    """
    if not parts:
        return []
    numbers = PartNumbers([part.row for part in parts])
    keys = bulk.next_ids(Reservation, len(parts))
    new = [_part(part, key, numbers) for part, key in zip(parts, keys, strict=True)]
    for part in parts:
        part.row.quantity -= part.units
        part.row.earmarked -= part.earmarked
        part.row.version += 1
    changed = ("quantity", "earmarked", "version")
    bulk.update_rows(
        Reservation,
        [{"id": p.row.pk, **{name: getattr(p.row, name) for name in changed}} for p in parts],
    )
    names = [field.attname for field in Reservation._meta.concrete_fields]
    bulk.insert_rows(Reservation, [{name: getattr(row, name) for name in names} for row in new])
    bulk.insert_rows(
        ReservationStatusChange,
        [
            {
                "subject_id": row.pk,
                "trigger": "split",
                "from_status": "",
                "to_status": row.status,
                "actor": current().actor,
                "reason": f"from {part.row.public_id}",
                "at": at,
            }
            for part, row in zip(parts, new, strict=True)
        ],
    )
    return new


@needs_transaction
def take_off(*, parts: Sequence[Part], at: datetime) -> list[Reservation]:
    """This function will return rows that stand for just the units: a row that would keep none is
    its own part. A part is as old as its row: age decides whose promise ends."""
    whole = [part.row for part in parts if part.units == part.row.quantity]
    return [*whole, *split(parts=[p for p in parts if p.units < p.row.quantity], at=at)]


def _part(part: Part, key: int, numbers: PartNumbers) -> Reservation:
    new = copy(part.row)
    new.id, new.version = key, 0
    new.part = numbers.take(part.row, part.row.position_id)
    new.public_id = ids.public_id("rsv")
    new.quantity, new.earmarked = part.units, part.earmarked
    return new
