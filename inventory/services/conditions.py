"""Changes the condition of stock for a reason: what moves where stands in `inventory.reasons`. What
is promised stays on the shelf, and much value needs a second person.

The service needs the caller's transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from inventory.catalog import selectors as catalog
from inventory.models import Serial
from inventory.reasons import OUTSIDE, REASONS, Reason
from inventory.services import numbered, stock, tracking
from inventory.services.balances import Entry, Place, Position
from inventory.services.numbered import (
    SerialElsewhere,
    SerialInStock,
    SerialKey,
    SerialOut,
    SerialPromised,
)
from inventory.services.serials import SerialNotTracked
from inventory.types import ConditionChange
from oms.core import clock
from oms.core.context import current
from oms.core.errors import FieldError, Forbidden, Invalid
from oms.core.quantities import InvalidQuantity, require_quantity
from oms.core.transactions import needs_transaction

#: Adjustments worth more than this, in the currency of the variants' prices, need a second person.
APPROVAL_ABOVE = Decimal(1_000)


class UnknownReason(Invalid):
    code = "inventory.unknown_reason"


class NeedsApproval(Forbidden):
    """The adjustment is worth so much that somebody else must approve it."""

    code = "inventory.needs_approval"


@needs_transaction
def change(
    *,
    moves: Sequence[ConditionChange],
    approved_by: str = "",
    approval_above: Decimal = APPROVAL_ABOVE,
    at: datetime | None = None,
) -> None:
    """This function will move units between conditions, in or out, as the table of reasons says.

    All moves or none; constant statements for any number of them. `approved_by` is who allowed an
    adjustment worth more than `approval_above` in all, by price: not the one who books it.

    :raises UnknownReason: not in the table.
    :raises InvalidQuantity: less than one unit, or not one of a serial number.
    :raises NeedsApproval: worth too much for one person.
    :raises UnknownPlace: no such node or variant.
    :raises LotRequired, LotNotTracked, SerialsRequired, SerialNotTracked, UnknownLot,
        UnknownSerial: what is named does not fit the variant.
    :raises NotEnoughOnHand, NotEnoughAside, NotEnoughInLot: fewer would be left than none, or than
        are promised.
    :raises SerialOut, SerialInStock, SerialElsewhere, SerialPromised: the unit cannot be moved.
    """
    if not moves:
        return
    _check(moves)
    _require_approval(moves, approved_by, approval_above)
    positions = stock.lock(places={(move.node_id, move.variant_id) for move in moves})
    _require_tracked(moves, positions)
    units = numbered.lock_by_code(codes={_key(move) for move in moves if move.serial})
    moment = at or clock.now()
    entries = [_entry(move, positions, units, approved_by, moment) for move in moves]
    stock.settle(positions=positions, entries=entries, at=moment)
    numbered.save_places(rows=units.values())


def _check(moves: Sequence[ConditionChange]) -> None:
    for index, move in enumerate(moves):
        if move.reason not in REASONS:
            detail = f"There is no reason {move.reason!r}."
            raise UnknownReason(
                detail, errors=[FieldError(f"/{index}/reason", "unknown_reason", detail)]
            )
        require_quantity(move.quantity, maximum=stock.MAX_CHANGE)
        if move.serial and move.quantity != 1:
            raise InvalidQuantity("A serial number is one unit.")
    numbered.require_named([_key(move) for move in moves if move.serial])


def _key(move: ConditionChange) -> SerialKey:
    return move.variant_id, move.serial


def _require_approval(
    moves: Sequence[ConditionChange], approved_by: str, approval_above: Decimal
) -> None:
    adjusted = [move for move in moves if REASONS[move.reason].is_adjustment]
    facts = catalog.facts_by_id(variant_ids={move.variant_id for move in adjusted})
    worth: dict[str, Decimal] = defaultdict(Decimal)
    for move in adjusted:
        if move.variant_id in facts:
            variant = facts[move.variant_id]
            worth[variant.price_currency] += variant.price_amount * move.quantity
    for currency, value in sorted(worth.items()):
        if value > approval_above and approved_by in ("", current().actor):
            raise NeedsApproval(
                f"This adjustment is worth {value} {currency}; above {approval_above} somebody "
                "else must approve it.",
                data={"value": str(value), "currency": currency, "limit": str(approval_above)},
            )


def _require_tracked(moves: Sequence[ConditionChange], positions: Mapping[Place, Position]) -> None:
    by_number = [move for move in moves if move.serial]
    for move in by_number:
        position = positions[move.node_id, move.variant_id]
        if position.tracking != "serial":
            raise SerialNotTracked(f"Variant {move.variant_id} is not tracked by serial number.")
    tracking.require_lots(changes=[move for move in moves if not move.serial], positions=positions)


def _entry(
    move: ConditionChange,
    positions: Mapping[Place, Position],
    units: Mapping[SerialKey, Serial],
    approved_by: str,
    at: datetime,
) -> Entry:
    reason = REASONS[move.reason]
    position_id = positions[move.node_id, move.variant_id].id
    unit = units[_key(move)] if move.serial else None
    if unit is not None:
        _move_unit(unit, reason, position_id)
    deltas: dict[str, Any] = reason.deltas(move.quantity)
    return Entry(
        position_id=position_id,
        kind=reason.kind,
        document_kind=move.document_kind,
        document_ref=move.document_ref,
        at=at,
        actor=current().actor,
        reason=_words(move, approved_by),
        lot_id=None if unit else move.lot_id,
        serial_id=unit.pk if unit else None,
        **deltas,
    )


def _words(move: ConditionChange, approved_by: str) -> str:
    """The code first, so that the ledger can be asked by it; who approved before any note."""
    said = [move.reason, f"approved by {approved_by}" if approved_by else "", move.note]
    return "; ".join(part for part in said if part)


def _move_unit(unit: Serial, reason: Reason, position_id: int) -> None:
    """Sets where the unit is after the move, when it is where the reason takes it from."""
    if reason.source == OUTSIDE:
        if unit.position_id is not None:
            raise numbered.refusal(SerialInStock, unit, "is in stock; it was not lost")
        unit.position_id = position_id
    else:
        _require_there(unit, reason, position_id)
    if reason.target == OUTSIDE:
        unit.position_id = None
    else:
        unit.condition = reason.target


def _require_there(unit: Serial, reason: Reason, position_id: int) -> None:
    if unit.position_id is None:
        raise numbered.refusal(SerialOut, unit, "left the house")
    if unit.position_id != position_id:
        raise numbered.refusal(SerialElsewhere, unit, "lies at another place")
    if unit.condition != reason.source:
        raise numbered.refusal(SerialElsewhere, unit, f"is {unit.condition}, not {reason.source}")
    if unit.reservation_id is not None:
        raise numbered.refusal(SerialPromised, unit, "is assigned to a demand")
