"""Books physical stock: receipts, adjustments and returns. No balance falls below what is promised
or below zero; a refusal names the place.

All services need the caller's transaction (`oms.core.transactions.unit()` in commands).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from inventory.catalog import selectors as catalog
from inventory.events import StockReceived
from inventory.models.stock import StockMovement
from inventory.nodes import selectors as nodes
from inventory.services import balances, filling
from inventory.services.balances import Entry, Place, Position
from inventory.types import StockChange
from oms.core import clock
from oms.core.context import current
from oms.core.errors import Conflict, Invalid, NotFound
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

Kind = StockMovement.Kind

#: A delivery or count of one variant above this is a typing error.
MAX_CHANGE = 100_000_000

#: Variants in one event; opening stock may name tens of thousands.
_EVENT_VARIANTS = 1_000


class UnknownPlace(NotFound):
    code = "inventory.unknown_place"


class NothingChanges(Invalid):
    code = "inventory.nothing_changes"


class NotEnoughOnHand(Conflict):
    """An adjustment would leave less than nothing, or less than what is promised."""

    code = "inventory.not_enough_on_hand"


@needs_transaction
def receive(*, changes: Sequence[StockChange], at: datetime | None = None) -> None:
    """This function will add received units to what can be sold.

    A place without a position gets one. Constant statements for any number of changes.

    :raises InvalidQuantity: less than one unit.
    :raises UnknownPlace: no such node or variant.
    """
    _require_units(changes)
    _book(changes, at, lambda change: (Kind.RECEIVED, {"on_hand": change.quantity}))


@needs_transaction
def receive_once(*, changes: Sequence[StockChange], at: datetime | None = None) -> int:
    """This function will receive what its document has not brought before.

    Safe to repeat after a crash: a document that was booked is passed over.

    :returns: how many changes were booked.
    """
    booked = set(
        StockMovement.objects.filter(
            kind=Kind.RECEIVED,
            document_kind__in={change.document_kind for change in changes},
            document_ref__in={change.document_ref for change in changes},
        ).values_list("document_kind", "document_ref")
    )
    fresh = [c for c in changes if (c.document_kind, c.document_ref) not in booked]
    receive(changes=fresh, at=at)
    return len(fresh)


@needs_transaction
def adjust(*, changes: Sequence[StockChange], at: datetime | None = None) -> None:
    """This function will correct what is on hand by signed quantities.

    :raises NothingChanges: a quantity of zero.
    :raises NotEnoughOnHand: fewer units would be left than none, or than are promised.
    :raises UnknownPlace: no such node or variant.
    """
    for change in changes:
        if change.quantity == 0:
            raise NothingChanges("An adjustment of zero changes nothing.")
        require_quantity(abs(change.quantity), maximum=MAX_CHANGE)
    _book(changes, at, lambda change: (Kind.ADJUSTED, {"on_hand": change.quantity}))


@needs_transaction
def take_back(
    *, changes: Sequence[StockChange], quarantine: bool, at: datetime | None = None
) -> None:
    """This function will book returned units: to what can be sold, or aside for inspection.

    :raises InvalidQuantity: less than one unit.
    :raises UnknownPlace: no such node or variant.
    """
    _require_units(changes)
    kind, balance = (Kind.QUARANTINED, "quarantined") if quarantine else (Kind.RETURNED, "on_hand")
    _book(changes, at, lambda change: (kind, {balance: change.quantity}))


@needs_transaction
def bring_in(*, changes: Sequence[StockChange], kind: str, at: datetime | None = None) -> None:
    """This function will add units that were announced to what can be sold, as what they are.

    :raises InvalidQuantity: less than one unit.
    :raises UnknownPlace: no such node or variant.
    """
    _require_units(changes)
    _book(changes, at, lambda change: (kind, {"on_hand": change.quantity}))


@needs_transaction
def send_out(*, changes: Sequence[StockChange], at: datetime | None = None) -> None:
    """This function will take units that leave for another node off what is on hand.

    :raises InvalidQuantity: less than one unit.
    :raises NotEnoughOnHand: fewer units would be left than are promised.
    :raises UnknownPlace: no such node or variant.
    """
    _require_units(changes)
    _book(changes, at, lambda change: (Kind.TRANSFERRED_OUT, {"on_hand": -change.quantity}))


def _require_units(changes: Sequence[StockChange]) -> None:
    for change in changes:
        require_quantity(change.quantity, maximum=MAX_CHANGE)


def _book(
    changes: Sequence[StockChange],
    at: datetime | None,
    effect: Callable[[StockChange], tuple[str, dict[str, Any]]],
) -> None:
    if not changes:
        return
    moment, actor = at or clock.now(), current().actor
    positions = _lock(changes)
    entries = []
    for change in changes:
        kind, deltas = effect(change)
        entries.append(
            Entry(
                position_id=positions[change.node_id, change.variant_id].id,
                kind=kind,
                document_kind=change.document_kind,
                document_ref=change.document_ref,
                at=moment,
                actor=actor,
                reason=change.reason,
                lot_id=change.lot_id,
                **deltas,
            )
        )
    _require_left(positions, entries)
    balances.book(entries=entries)
    grown = _grown(positions, entries)
    if grown:
        filling.fill(positions=[position for position, _ in grown], at=moment)
        emitting.emit_many(list(_received(grown, moment)))


def _lock(changes: Sequence[StockChange]) -> dict[Place, Position]:
    places = {(change.node_id, change.variant_id) for change in changes}
    balances.add_places(places=places)
    positions = {p.place: p for p in balances.lock_places(places=places)}
    missing = sorted(places - positions.keys())
    if missing:
        node_id, variant_id = missing[0]
        raise UnknownPlace(f"There is no node {node_id} or no variant {variant_id}.")
    return positions


def _require_left(positions: Mapping[Place, Position], entries: Sequence[Entry]) -> None:
    sums: dict[int, int] = defaultdict(int)
    for entry in entries:
        sums[entry.position_id] += entry.on_hand
    for position in positions.values():
        delta = sums[position.id]
        promised = max(0, position.promised - position.oversell_limit)
        if delta < 0 and position.on_hand + delta < promised:
            raise _not_enough(position, delta, promised)


def _not_enough(position: Position, delta: int, promised: int) -> NotEnoughOnHand:
    node = nodes.facts_by_id(node_ids=[position.node_id])[position.node_id]
    variant = catalog.facts_by_id(variant_ids=[position.variant_id])[position.variant_id]
    return NotEnoughOnHand(
        f"{variant.sku} at {node.code}: {position.on_hand} on hand, {promised} of them promised; "
        f"they cannot fall by {-delta}.",
        data={
            "node": node.code,
            "sku": variant.sku,
            "on_hand": position.on_hand,
            "promised": promised,
            "change": delta,
        },
    )


def _grown(
    positions: Mapping[Place, Position], entries: Sequence[Entry]
) -> list[tuple[Position, int]]:
    """Positions with more sellable units than before, and how many more, by (node, variant)."""
    sums: dict[int, int] = defaultdict(int)
    for entry in entries:
        sums[entry.position_id] += entry.on_hand
    return [(p, sums[p.id]) for _, p in sorted(positions.items()) if sums[p.id] > 0]


def _received(grown: Sequence[tuple[Position, int]], at: datetime) -> Iterator[StockReceived]:
    """One event per node and owner, split where the list of variants grows long."""
    groups: dict[tuple[int, int], list[tuple[Position, int]]] = defaultdict(list)
    for position, units in grown:
        groups[position.node_id, position.organization_id].append((position, units))
    for (node_id, organization_id), group in groups.items():
        for start in range(0, len(group), _EVENT_VARIANTS):
            part = group[start : start + _EVENT_VARIANTS]
            yield StockReceived(
                organization_id=organization_id,
                node_id=node_id,
                variant_ids=[position.variant_id for position, _ in part],
                units=sum(units for _, units in part),
                occurred_at=at,
            )
