"""Demands that want less than before: they keep what they still want, and give back the rest.

What is to stay is said, not what is to go: a repeat gives back nothing. Locks go positions →
queues, as everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from inventory.models import Backorder, Reservation, StockMovement, StockPosition
from inventory.services import _backlog_sql, balances, giving_back, promising, serials, splitting
from inventory.services.balances import Position
from inventory.services.looking import LineKey
from inventory.services.splitting import Part
from inventory.types import GivenUp, Keep, StillWanted
from oms.core import clock, transitions
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

Status = Reservation.Status

_FIRM = (Status.ALLOCATED, Status.PICKED)
_SOFT = (Status.HELD, Status.CONFIRMED)
#: Who gives back first: what nobody has in his hands.
_RANK = {Status.HELD: 0, Status.CONFIRMED: 1, Status.ALLOCATED: 2, Status.PICKED: 3}

#: (kind, ref, line, node) of stock at a node, of softly held stock without the node.
_Shelf = tuple[str, str, str, int | None]


@needs_transaction
def give_up(
    *,
    reason: str,
    soft: Sequence[StillWanted] = (),
    firm: Sequence[Keep] = (),
    at: datetime | None = None,
) -> list[GivenUp]:
    """This function will let the lines keep only what they still want: places in the queue go
    first, then what is held softly; at nodes, unpicked units before picked ones and the newest
    first. Serial numbers of a reservation that becomes smaller are chosen anew.

    Constant statements for any number of lines.

    :returns: what was given back.
    """
    moment = at or clock.now()
    waiting = _waiting_variants(soft)
    positions = balances.lock_ids(position_ids=_places(soft, firm, waiting))
    left_waiting = _shorten(soft, waiting)
    parts = _too_many(soft, firm, left_waiting)
    serials.on_released(rows=[part.row for part in parts], positions=positions)
    ended = splitting.take_off(parts=parts, at=moment)
    balances.book(
        entries=giving_back.give_back(ended, StockMovement.Kind.RELEASED, at=moment, reason=reason)
    )
    transitions.apply_many(ended, "release", now=moment, reason=reason)
    emitting.emit_many(giving_back.released_events(ended, at=moment))
    if waiting:
        promising.renew(variant_ids=waiting)
    return _told(ended, positions)


def _waiting_variants(soft: Sequence[StillWanted]) -> set[int]:
    leaving = [line for line in soft if line.leaving]
    if not leaving:
        return set()
    rows = Backorder.objects.filter(
        demand_kind__in={line.demand_kind for line in leaving},
        demand_ref__in={line.demand_ref for line in leaving},
    )
    return set(rows.values_list("variant_id", flat=True))


def _places(soft: Sequence[StillWanted], firm: Sequence[Keep], waiting: set[int]) -> set[int]:
    """Where the demands hold something, and every place that could fill their queue meanwhile."""
    rows = _live(soft, firm).values_list("position_id", flat=True)
    found = {key for key in rows if key is not None}
    if waiting:
        found |= set(
            StockPosition.objects.filter(variant_id__in=waiting).values_list("pk", flat=True)
        )
    return found


def _live(soft: Sequence[StillWanted], firm: Sequence[Keep]) -> QuerySet[Reservation]:
    keys = {_key(line) for line in soft} | {_key(line) for line in firm}
    return Reservation.objects.filter(
        status__in=Reservation.LIVE,
        demand_kind__in={kind for kind, _, _ in keys},
        demand_ref__in={ref for _, ref, _ in keys},
    )


def _shorten(soft: Sequence[StillWanted], waiting: set[int]) -> dict[LineKey, int]:
    """How many units the lines still wait for."""
    if not waiting:
        return {}
    promising.lock_to_book(variant_ids=waiting)
    names = zip(*(_key(line) for line in soft), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.SHORTEN, [*map(list, names), [line.leaving for line in soft]])
        return {(kind, ref, line): units for kind, ref, line, units in cursor.fetchall()}


def _key(line: StillWanted | Keep) -> LineKey:
    return line.demand_kind, line.demand_ref, line.line_ref


def _too_many(
    soft: Sequence[StillWanted], firm: Sequence[Keep], waiting: Mapping[LineKey, int]
) -> list[Part]:
    at_nodes = {(*_key(line), line.node_id): line for line in firm}
    anywhere = {_key(line): line for line in soft}
    rows = _live(soft, firm).select_for_update(of=("self",)).select_related("position")
    shelves: dict[tuple[_Shelf, int], list[Reservation]] = defaultdict(list)
    for row in rows.order_by("pk"):
        shelves[_shelf(row), row.variant_id].append(row)
    parts = []
    for (shelf, variant_id), mine in shelves.items():
        if shelf in at_nodes:
            parts += _over(mine, at_nodes[shelf].units.get(variant_id, 0))
        elif shelf[3] is None and shelf[:3] in anywhere:
            line = anywhere[shelf[:3]]
            # Parts of a kit go with its last one.
            if variant_id == line.variant_id or not line.units:
                parts += _over(mine, line.units - waiting.get(shelf[:3], 0))
    return parts


def _shelf(row: Reservation) -> _Shelf:
    node_id = row.position.node_id if row.position and row.status in _FIRM else None
    return row.demand_kind, row.demand_ref, row.line_ref, node_id


def _over(rows: Sequence[Reservation], keep: int) -> list[Part]:
    """What is to go of the rows so that `keep` units stay."""
    over = sum(row.quantity for row in rows) - keep
    parts = []
    for row in sorted(rows, key=lambda row: (_RANK[Status(row.status)], -row.pk)):
        units = min(over, row.quantity)
        if units > 0:
            over -= units
            parts.append(Part(row, units, max(0, row.earmarked - (row.quantity - units))))
    return parts


def _told(rows: Sequence[Reservation], positions: Sequence[Position]) -> list[GivenUp]:
    node_of = {position.id: position.node_id for position in positions}
    return [
        GivenUp(
            row.demand_ref,
            row.line_ref,
            node_of[row.position_id],
            row.variant_id,
            row.lot_id,
            row.quantity,
        )
        for row in rows
        if row.position_id is not None
    ]
