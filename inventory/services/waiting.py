"""Demands that cannot be served whole: what is there is kept for them, for the rest they wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection

from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.selectors import reservations as reservations_of
from inventory.services import _backlog_sql, backlog, balances, giving_up, taking
from inventory.services.balances import Position
from inventory.services.looking import LineKey
from inventory.services.taking import Manner
from inventory.types import BacklogAnswer, BacklogLine, Demand, Leg, StillWanted
from oms.core import clock
from oms.core.transactions import needs_transaction

Status = Reservation.Status

#: Kept for good until the demand is planned; lines that have a node's stock already are left out.
_KEPT = Manner(
    trigger="confirm",
    status=Status.CONFIRMED,
    kind=StockMovement.Kind.HELD,
    expires_at=None,
    served=frozenset({Status.ALLOCATED, Status.PICKED}),
)

#: Units of (line, position) to ask for.
_Wanted = dict[tuple[LineKey, int], int]


@needs_transaction
def wait(*, lines: Sequence[BacklogLine]) -> BacklogAnswer:
    """This function will keep for the demands what is there, and queue them for what is not.

    What a demand holds softly already counts first. A demand that may not wait keeps nothing. A
    demand that lacks nothing any more waits for no line: it can be planned. Constant statements.
    """
    if not lines:
        return BacklogAnswer({})
    kept = _keep(lines)
    lacking = [
        replace(line, quantity=line.quantity - kept.get(_key(line), 0))
        for line in lines
        if line.quantity > kept.get(_key(line), 0)
    ]
    answer = backlog.enqueue(lines=lacking)
    refused = [line for line in lines if line.demand_ref in answer.refused]
    if refused:
        # Only what waits: of the rest of the demand, nodes may be working already.
        giving_up.give_up(
            soft=[StillWanted(*_key(line), line.variant_id, 0, 0) for line in refused],
            reason="may not wait",
        )
    served = {line.demand_ref: () for line in lines if line.demand_ref not in answer.refused}
    return BacklogAnswer({**served, **answer.waiting}, answer.refused)


def _key(line: BacklogLine) -> LineKey:
    return line.demand_kind, line.demand_ref, line.line_ref


def _keep(lines: Sequence[BacklogLine]) -> dict[LineKey, int]:
    own = _own(lines)
    places = {*_places(lines), *(place for held in own.values() for place in held)}
    positions = {position.id: position for position in balances.lock_ids(position_ids=places)}
    demands = _demands(lines, _choose(lines, own, positions), positions)
    result = taking.take(demands=demands, manner=_KEPT)
    kept: dict[LineKey, int] = defaultdict(int)
    for demand in demands:
        if demand.demand_ref in result.taken:
            for leg in demand.legs:
                kept[demand.demand_kind, demand.demand_ref, leg.line_ref] += leg.quantity
            for short in result.short.get(demand.demand_ref, ()):
                key = (demand.demand_kind, demand.demand_ref, short.line_ref)
                kept[key] -= short.wanted - short.available
    return kept


def _own(lines: Sequence[BacklogLine]) -> dict[LineKey, dict[int, int]]:
    """Units the lines hold softly, by position."""
    demands = [(line.demand_kind, line.demand_ref) for line in lines]
    own: dict[LineKey, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for held in reservations_of.list_soft(demands=demands):
        own[(*held.key, held.line_ref)][held.position_id] += held.units
    return own


def _places(lines: Sequence[BacklogLine]) -> list[int]:
    params: dict[str, Any] = {
        "variants": sorted({line.variant_id for line in lines}),
        "today": clock.now().date(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.FREE_PLACES, params)
        return [row[0] for row in cursor.fetchall()]


def _choose(
    lines: Sequence[BacklogLine],
    own: Mapping[LineKey, Mapping[int, int]],
    positions: Mapping[int, Position],
) -> _Wanted:
    """What a line has already, then the fullest places first: fewer parcels later."""
    free = {position.id: position.free for position in positions.values()}
    wanted: _Wanted = defaultdict(int)
    for line in lines:
        left = line.quantity
        for place, units in own.get(_key(line), {}).items():
            wanted[_key(line), place] += min(left, units)
            left -= min(left, units)
        mine = [p.id for p in positions.values() if p.variant_id == line.variant_id]
        for place in sorted(mine, key=lambda place: (-free[place], place)):
            units = min(left, max(0, free[place]))
            wanted[_key(line), place] += units
            free[place] -= units
            left -= units
    return {key: units for key, units in wanted.items() if units}


def _demands(
    lines: Sequence[BacklogLine], wanted: _Wanted, positions: Mapping[int, Position]
) -> list[Demand]:
    legs: dict[tuple[str, str], list[Leg]] = defaultdict(list)
    for ((kind, ref, line_ref), place), units in wanted.items():
        position = positions[place]
        legs[kind, ref].append(Leg(line_ref, position.variant_id, position.node_id, units))
    first = {(line.demand_kind, line.demand_ref): line for line in reversed(lines)}
    return [
        Demand(
            organization_id=first[key].organization_id,
            demand_kind=key[0],
            demand_ref=key[1],
            legs=tuple(found),
            channel=first[key].channel,
            is_partial=True,
        )
        for key, found in legs.items()
    ]
