"""Gives promised units another line's name: no unit is freed, taken or moved, and no state changes.

Positions are locked first, by (node, variant), then the reservations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime

from inventory.models import Reservation, ReservationStatusChange
from inventory.services import balances, serials, splitting
from inventory.services.rearranging import AlreadyPicked
from inventory.services.reserved import rows_of
from inventory.services.splitting import Part, PartNumbers
from inventory.types import DemandAtNode, Renaming
from oms.core import bulk, clock
from oms.core.context import current
from oms.core.transactions import needs_transaction

Status = Reservation.Status

_SOFT = frozenset({Status.HELD, Status.CONFIRMED})
_FIRM = frozenset({Status.ALLOCATED, Status.PICKED})

#: So many units of a row, which is the rest of the row where none are left.
_Take = tuple[Reservation, int, Renaming]


@needs_transaction
def rename(*, renamings: Sequence[Renaming]) -> list[int]:
    """This function will let other lines hold units, at the same place and in the same status.

    The newest reservations of a line go first; of one of which a part goes, the rest stays. Serial
    numbers are chosen anew. Constant statements for any number of renamings.

    :returns: units renamed, in the order given; fewer than thought where less is held by now.
    :raises AlreadyPicked: units of a line are off the shelf; nothing changes.
    """
    if not renamings:
        return []
    now = clock.now()
    items = [
        DemandAtNode(r.demand_kind, r.demand_ref, r.node_id, line_refs=frozenset({r.line_ref}))
        for r in renamings
    ]
    positions = balances.lock_for_demands(items=items)
    rows = rows_of(items, statuses=_SOFT | _FIRM)
    takes = [list(_takes(renaming, rows)) for renaming in renamings]
    every = [take for mine in takes for take in mine]
    _refuse_picked(every)
    serials.on_released(rows=[row for row, _, _ in every], positions=positions)
    _name(_parted(every, now), now)
    return [sum(units for _, units, _ in mine) for mine in takes]


def _takes(renaming: Renaming, rows: Sequence[Reservation]) -> Iterator[_Take]:
    mine = [row for row in rows if _is_meant(renaming, row)]
    left = sum(row.quantity for row in mine) - renaming.leave
    for row in reversed(mine):
        if left <= 0:
            return
        yield row, min(left, row.quantity), renaming
        left -= row.quantity


def _is_meant(renaming: Renaming, row: Reservation) -> bool:
    statuses = _FIRM if renaming.is_allocated else _SOFT
    is_there = renaming.node_id is None or (
        row.position is not None and row.position.node_id == renaming.node_id
    )
    line = (row.demand_kind, row.demand_ref, row.line_ref, row.variant_id)
    wanted = (renaming.demand_kind, renaming.demand_ref, renaming.line_ref, renaming.variant_id)
    return is_there and line == wanted and row.status in statuses


def _refuse_picked(takes: Sequence[_Take]) -> None:
    picked = next((row for row, _, _ in takes if row.status == Status.PICKED), None)
    if picked is not None:
        raise AlreadyPicked(f"{picked.public_id} is picked.", data={"state": str(picked.status)})


def _parted(takes: Sequence[_Take], now: datetime) -> list[tuple[Reservation, Renaming]]:
    """The rows to rename, each with its new name: whole ones, and parts of others."""
    parts = [
        Part(row, units, row.earmarked - min(row.earmarked, row.quantity - units))
        for row, units, _ in takes
        if units < row.quantity
    ]
    names = [renaming for row, units, renaming in takes if units < row.quantity]
    whole = [(row, renaming) for row, units, renaming in takes if units == row.quantity]
    return [*whole, *zip(splitting.split(parts=parts, at=now), names, strict=True)]


def _name(rows: Sequence[tuple[Reservation, Renaming]], now: datetime) -> None:
    if not rows:
        return
    renamed = [_renamed(row, renaming) for row, renaming in rows]
    numbers = PartNumbers(renamed)
    for row in renamed:
        row.part = numbers.take(row, row.position_id)
    bulk.update_rows(
        Reservation,
        [
            {
                "id": row.pk,
                "demand_ref": row.demand_ref,
                "line_ref": row.line_ref,
                "part": row.part,
                "version": row.version,
            }
            for row in renamed
        ],
    )
    bulk.insert_rows(
        ReservationStatusChange,
        [
            {
                "subject_id": row.pk,
                "trigger": "rename",
                "from_status": row.status,
                "to_status": row.status,
                "actor": current().actor,
                "reason": f"from {renaming.demand_ref} line {renaming.line_ref}",
                "at": now,
            }
            for row, renaming in rows
        ],
    )


def _renamed(row: Reservation, renaming: Renaming) -> Reservation:
    new = copy(row)
    new.demand_ref, new.line_ref = renaming.to_ref, renaming.to_line
    new.version += 1
    return new
