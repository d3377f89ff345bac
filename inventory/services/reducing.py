"""Gives back a part of what nodes have set aside for demands; the rest stays where it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.services import balances, giving_back, serials, splitting
from inventory.services.reserved import rows_of
from inventory.services.splitting import Part
from inventory.types import Cut, DemandAtNode
from oms.core import clock, transitions
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

Status = Reservation.Status

_UNPICKED = frozenset({Status.ALLOCATED})
#: (demand kind, demand reference, line, variant, node)
_Key = tuple[str, str, str, int, int]


class NotHeld(Conflict):
    """A demand would give back more than it holds unpicked."""

    code = "inventory.not_held"


@needs_transaction
def reduce(*, cuts: Sequence[Cut], reason: str) -> int:
    """This function will give back so many units of the lines at their nodes, the newest first.

    A reservation that keeps some of its units is split. Constant statements for any number of cuts.

    :returns: units given back.
    :raises NotHeld: a line holds fewer unpicked units there; nothing changes.
    """
    wanted = _wanted(cuts)
    if not wanted:
        return 0
    items = [
        DemandAtNode(kind, ref, node_id, line_refs=frozenset({line}))
        for kind, ref, line, _, node_id in wanted
    ]
    positions = balances.lock_for_demands(items=items)
    losses = _choose(wanted, rows_of(items, statuses=_UNPICKED))
    now = clock.now()
    # Numbers were chosen for all of its units; they are chosen anew for those it keeps.
    serials.on_released(rows=[row for row, _ in losses], positions=positions)
    whole = [row for row, units in losses if units == row.quantity]
    parts = [_part(row, units) for row, units in losses if units < row.quantity]
    ended = [*whole, *splitting.split(parts=parts, at=now)]
    kind = StockMovement.Kind.RELEASED
    balances.book(entries=giving_back.give_back(ended, kind, at=now, reason=reason))
    transitions.apply_many(ended, "release", now=now, reason=reason)
    emitting.emit_many(giving_back.released_events(ended, at=now))
    return sum(row.quantity for row in ended)


def _wanted(cuts: Sequence[Cut]) -> dict[_Key, int]:
    wanted: dict[_Key, int] = defaultdict(int)
    for cut in cuts:
        key = (cut.demand_kind, cut.demand_ref, cut.line_ref, cut.variant_id, cut.node_id)
        wanted[key] += cut.units
    return {key: units for key, units in wanted.items() if units}


def _choose(
    wanted: Mapping[_Key, int], rows: Sequence[Reservation]
) -> list[tuple[Reservation, int]]:
    left = dict(wanted)
    losses = []
    for row in reversed(rows):
        node_id = row.position.node_id if row.position else 0
        key = (row.demand_kind, row.demand_ref, row.line_ref, row.variant_id, node_id)
        units = min(left.get(key, 0), row.quantity)
        if units:
            left[key] -= units
            losses.append((row, units))
    short = next((key for key, units in left.items() if units), None)
    if short is not None:
        raise NotHeld(f"{short[1]} holds fewer unpicked units of line {short[2]} there.")
    return losses


def _part(row: Reservation, units: int) -> Part:
    return Part(row, units, max(0, row.earmarked - (row.quantity - units)))
