"""Gives up promises of stock that turns out to be missing: the youngest first, no more of them than
the missing units, and never what is picked already."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from inventory.catalog import selectors as catalog
from inventory.events import StockMissing
from inventory.models import (
    ChannelAllotment,
    LotBalance,
    Reservation,
    StockMovement,
)
from inventory.nodes import selectors as nodes
from inventory.services import balances, giving_back, serials, splitting
from inventory.services.balances import Entry, Position
from inventory.services.choosing import Given, Need, choose
from inventory.services.splitting import Part
from oms.core import transitions
from oms.core.context import current
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

Kind = StockMovement.Kind
Status = Reservation.Status

#: What may be taken back: nobody has these units in his hands.
_UNPICKED = (Status.HELD, Status.CONFIRMED, Status.ALLOCATED)


class PickedIsMissing(Conflict):
    """Fewer units would be left than are picked already: a person must look."""

    code = "inventory.picked_is_missing"


@needs_transaction
def displace(
    *, positions: Sequence[Position], entries: Sequence[Entry], reason: str, at: datetime
) -> list[StockMissing]:
    """This function will end as many promises as `entries` leave without stock; the caller books
    the entries afterwards, in the same transaction.

    Given up are, in this order: holds that ran out, what is kept for channels, then soft holds,
    confirmed and allocated reservations, of each the newest first. One that needs to lose only
    some of its units is split. Of goods with lots, a lot's own allocations go first. Constant
    statements for any number of positions, which must be locked.

    :returns: one fact for each demand and node that lost units; they are emitted.
    :raises PickedIsMissing: units that are picked already would be missing.
    """
    needs = _needs(positions, entries)
    if not needs:
        return []
    rows = _unpicked(needs)
    kept = _kept(needs)
    given = [choose(need, rows[need.position_id], kept[need.position_id], at) for need in needs]
    _require_enough(positions, given)
    expired = [row for item in given for row in item.expired]
    losses = [loss for item in given for loss in item.losses]
    # Numbers were chosen for all of its units; they are chosen anew for those it keeps.
    serials.on_released(rows=[loss.row for loss in losses], positions=positions)
    ended = splitting.take_off(
        parts=[Part(loss.row, loss.units, loss.earmarked) for loss in losses], at=at
    )
    balances.book(
        entries=[
            *giving_back.give_back(expired, Kind.EXPIRED, at=at),
            *giving_back.give_back(ended, Kind.RELEASED, at=at, reason=reason),
            *_kept_entries(given, entries, reason, at),
        ]
    )
    transitions.apply_many(expired, "expire", now=at)
    transitions.apply_many(ended, "release", now=at, reason=reason)
    told = _missing(ended, positions, reason, at)
    emitting.emit_many([*giving_back.released_events(expired, at=at), *told])
    return told


def _needs(positions: Sequence[Position], entries: Sequence[Entry]) -> list[Need]:
    """Positions that would hold less than they promise, and their lots that would."""
    change: dict[int, int] = defaultdict(int)
    lot_change: dict[tuple[int, int], int] = defaultdict(int)
    for entry in entries:
        change[entry.position_id] += entry.on_hand
        if entry.lot_id is not None:
            lot_change[entry.position_id, entry.lot_id] += entry.on_hand
    by_lot = _lots_short(lot_change)
    needs = []
    for position in positions:
        left = position.on_hand + change[position.id] + position.oversell_limit
        need = Need(position.id, position.promised - left, by_lot.get(position.id, {}))
        if need.units > 0 or need.by_lot:
            needs.append(need)
    return needs


def _lots_short(change: Mapping[tuple[int, int], int]) -> dict[int, dict[int, int]]:
    falling = {key: units for key, units in change.items() if units < 0}
    short: dict[int, dict[int, int]] = defaultdict(dict)
    if not falling:
        return short
    balances_ = LotBalance.objects.filter(
        position_id__in={position for position, _ in falling},
        lot_id__in={lot for _, lot in falling},
    )
    for row in balances_:
        units = row.allocated - row.on_hand - falling.get((row.position_id, row.lot_id), 0)
        if units > 0:
            short[row.position_id][row.lot_id] = units
    return short


def _unpicked(needs: Sequence[Need]) -> dict[int, list[Reservation]]:
    found: dict[int, list[Reservation]] = defaultdict(list)
    rows = (
        Reservation.objects.select_for_update()
        .filter(position_id__in=[need.position_id for need in needs], status__in=_UNPICKED)
        .order_by("pk")
    )
    for row in rows:
        assert row.position_id is not None
        found[row.position_id].append(row)
    return found


def _kept(needs: Sequence[Need]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = ChannelAllotment.objects.filter(
        position_id__in=[need.position_id for need in needs], remaining__gt=0
    ).order_by("-remaining", "channel")
    for row in rows:
        found[row.position_id][row.channel] = row.remaining
    return found


def _require_enough(positions: Sequence[Position], given: Sequence[Given]) -> None:
    short = next((item for item in given if item.missing), None)
    if short is None:
        return
    position = next(p for p in positions if p.id == short.position_id)
    node = nodes.facts_by_id(node_ids=[position.node_id])[position.node_id]
    variant = catalog.facts_by_id(variant_ids=[position.variant_id])[position.variant_id]
    picked = Reservation.objects.filter(position_id=position.id, status=Status.PICKED)
    demands = sorted(set(picked.values_list("demand_ref", flat=True)))
    raise PickedIsMissing(
        f"{variant.sku} at {node.code}: {short.missing} more are picked than would be left. "
        "Look at the picked work, then count again.",
        data={
            "node": node.code,
            "sku": variant.sku,
            "missing": short.missing,
            "demands": demands,
        },
    )


def _kept_entries(
    given: Sequence[Given], entries: Sequence[Entry], reason: str, at: datetime
) -> list[Entry]:
    """What channels lose, under the document that takes the stock away."""
    document = {entry.position_id: entry for entry in entries}
    return [
        Entry(
            position_id=item.position_id,
            kind=Kind.EARMARKED,
            document_kind=document[item.position_id].document_kind,
            document_ref=document[item.position_id].document_ref,
            at=at,
            actor=current().actor,
            reason=reason,
            channel=channel,
            earmarked=-units,
        )
        for item in given
        for channel, units in item.kept.items()
    ]


def _missing(
    rows: Sequence[Reservation], positions: Sequence[Position], reason: str, at: datetime
) -> list[StockMissing]:
    node_of = {position.id: position.node_id for position in positions}
    lost: dict[tuple[int, str, str, int], Counter[tuple[str, int]]] = defaultdict(Counter)
    for row in rows:
        assert row.position_id is not None
        demand = (row.organization_id, row.demand_kind, row.demand_ref, node_of[row.position_id])
        lost[demand][row.line_ref, row.variant_id] += row.quantity
    return [
        StockMissing(
            organization_id=organization_id,
            demand_kind=kind,
            demand_ref=ref,
            node_id=node_id,
            lines=[(line, variant, units) for (line, variant), units in sorted(lines.items())],
            reason=reason,
            occurred_at=at,
        )
        for (organization_id, kind, ref, node_id), lines in sorted(
            lost.items(), key=lambda item: item[0]
        )
    ]
