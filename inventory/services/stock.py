"""Books physical stock: receipts, adjustments and returns. No balance falls below what is promised
or below zero; a refusal names the place.

All services need the caller's transaction (`oms.core.transactions.unit()` in commands).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from inventory.catalog import selectors as catalog
from inventory.models.stock import StockMovement
from inventory.nodes import selectors as nodes
from inventory.services import balances, filling, telling, tracking, units
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
#: No place holds more units of one variant.
MAX_ON_HAND = 1_000_000_000

#: What lies in the house, by condition.
_PHYSICAL = ("on_hand", "quarantined", "damaged", "returned")


class UnknownPlace(NotFound):
    code = "inventory.unknown_place"


class KitHasNoStock(Conflict):
    """A kit is stocked as its parts; book those."""

    code = "inventory.kit_has_no_stock"


class NothingChanges(Invalid):
    code = "inventory.nothing_changes"


class NotEnoughOnHand(Conflict):
    """An adjustment would leave less than nothing, or less than what is promised."""

    code = "inventory.not_enough_on_hand"


class NotEnoughAside(Conflict):
    """Fewer units would be left in a condition than none."""

    code = "inventory.not_enough_aside"


@needs_transaction
def receive(
    *,
    changes: Sequence[StockChange],
    at: datetime | None = None,
    allow_expired: bool = False,
) -> None:
    """This function will add received units to what can be sold.

    A place without a position gets one. Variants tracked by lot name the lot, others none. Constant
    statements for any number of changes.

    :raises InvalidQuantity: less than one unit.
    :raises UnknownUnit: the variant is not handled in that unit.
    :raises UnknownPlace: no such node or variant.
    :raises KitHasNoStock: the variant is a kit.
    :raises LotRequired, LotNotTracked, SerialsRequired, UnknownLot: see `tracking`.
    :raises LotExpired: a lot could never be sold; not with `allow_expired`.
    """
    changes = units.in_pieces(changes=changes)
    _require_units(changes)
    moment = at or clock.now()
    _book(
        changes,
        moment,
        lambda change: (Kind.RECEIVED, {"on_hand": change.quantity}),
        unexpired_on=None if allow_expired else moment.date(),
    )


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
    :raises InvalidQuantity: no whole number.
    :raises NotEnoughOnHand: fewer units would be left than none, or than are promised.
    :raises UnknownUnit: the variant is not handled in that unit.
    :raises UnknownPlace: no such node or variant.
    :raises KitHasNoStock: the variant is a kit.
    :raises NotEnoughInLot: the same, of a lot.
    :raises LotRequired, LotNotTracked, SerialsRequired, UnknownLot: see `tracking`.
    """
    changes = units.in_pieces(changes=changes)
    for change in changes:
        _require_signed(change.quantity)
    _book(changes, at, lambda change: (Kind.ADJUSTED, {"on_hand": change.quantity}))


@needs_transaction
def take_back(
    *, changes: Sequence[StockChange], quarantine: bool, at: datetime | None = None
) -> None:
    """This function will book returned units: to what can be sold, or aside for inspection.

    :raises InvalidQuantity: less than one unit.
    :raises UnknownUnit: the variant is not handled in that unit.
    :raises UnknownPlace: no such node or variant.
    :raises KitHasNoStock: the variant is a kit.
    :raises LotRequired, LotNotTracked, SerialsRequired, UnknownLot: see `tracking`.
    """
    changes = units.in_pieces(changes=changes)
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


def _require_signed(quantity: object) -> None:
    if isinstance(quantity, int) and not isinstance(quantity, bool):
        if quantity == 0:
            raise NothingChanges("An adjustment of zero changes nothing.")
        quantity = abs(quantity)
    require_quantity(quantity, maximum=MAX_CHANGE)


def _require_units(changes: Sequence[StockChange]) -> None:
    for change in changes:
        require_quantity(change.quantity, maximum=MAX_CHANGE)


def _book(
    changes: Sequence[StockChange],
    at: datetime | None,
    effect: Callable[[StockChange], tuple[str, dict[str, Any]]],
    *,
    unexpired_on: date | None = None,
) -> None:
    if not changes:
        return
    moment, actor = at or clock.now(), current().actor
    positions = lock(places={(change.node_id, change.variant_id) for change in changes})
    tracking.require_lots(changes=changes, positions=positions, unexpired_on=unexpired_on)
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
    settle(positions=positions, entries=entries, at=moment)


@needs_transaction
def settle(*, positions: Mapping[Place, Position], entries: Sequence[Entry], at: datetime) -> None:
    """This function will book entries on locked positions and tell where stock grew or fell.

    :raises NotEnoughOnHand, NotEnoughAside, NotEnoughInLot: fewer would be left than none, or than
        are promised.
    """
    require_left(positions=positions.values(), entries=entries)
    balances.book(entries=entries)
    follow(positions=positions.values(), entries=entries, at=at)


@needs_transaction
def follow(*, positions: Iterable[Position], entries: Sequence[Entry], at: datetime) -> None:
    """This function will give what arrived to those who wait for it, and tell where stock grew or
    fell; the entries are booked."""
    places = list(positions)
    change: dict[int, int] = defaultdict(int)
    for entry in entries:
        change[entry.position_id] += entry.on_hand
    filling.fill(positions=[place for place in places if change[place.id] > 0], at=at)
    emitting.emit_many(telling.of(positions=places, entries=entries, at=at))


@needs_transaction
def lock(*, places: Collection[Place]) -> dict[Place, Position]:
    """This function will lock the places' positions; a place without one gets an empty one.

    :raises UnknownPlace: no such node or variant.
    """
    balances.add_places(places=places)
    positions = {p.place: p for p in balances.lock_places(places=places)}
    missing = sorted(set(places) - positions.keys())
    if missing:
        _refuse_kits({variant_id for _, variant_id in missing})
        node_id, variant_id = missing[0]
        raise UnknownPlace(f"There is no node {node_id} or no variant {variant_id}.")
    return positions


def _refuse_kits(variant_ids: set[int]) -> None:
    found = catalog.components_of(variant_ids=variant_ids)
    if found:
        kits = catalog.facts_by_id(variant_ids=found)
        skus = sorted(facts.sku for facts in kits.values())
        raise KitHasNoStock(
            f"{skus[0]} is a kit and stocked as its parts; book those.", data={"skus": skus}
        )


def floor_of(position: Position) -> int:
    """This function will return the fewest units that may be left on hand: those promised, less
    what may be oversold."""
    return max(0, position.promised - position.oversell_limit)


def require_left(*, positions: Iterable[Position], entries: Sequence[Entry]) -> None:
    """This function will do nothing when the entries leave enough at each position.

    :raises NotEnoughOnHand: fewer units would be left than none, or than are promised.
    :raises NotEnoughAside, NotEnoughInLot: the same of a condition, of a lot.
    """
    sums: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_PHYSICAL, 0))
    for entry in entries:
        for name in _PHYSICAL:
            sums[entry.position_id][name] += getattr(entry, name)
    for position in positions:
        for name, delta in sums[position.id].items():
            has, promised = getattr(position, name), floor_of(position)
            if delta < 0 and has + delta < (promised if name == "on_hand" else 0):
                raise _not_enough(position, name, delta, promised)
    tracking.require_left(entries=entries)


def _not_enough(position: Position, balance: str, delta: int, promised: int) -> Conflict:
    node = nodes.facts_by_id(node_ids=[position.node_id])[position.node_id]
    variant = catalog.facts_by_id(variant_ids=[position.variant_id])[position.variant_id]
    has = getattr(position, balance)
    where = {"node": node.code, "sku": variant.sku, balance: has, "change": delta}
    if balance == "on_hand":
        return NotEnoughOnHand(
            f"{variant.sku} at {node.code}: {has} on hand, {promised} of them promised; "
            f"they cannot fall by {-delta}.",
            data={**where, "promised": promised},
        )
    return NotEnoughAside(
        f"{variant.sku} at {node.code}: {has} {balance}; they cannot fall by {-delta}.",
        data=where,
    )
