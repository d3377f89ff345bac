"""Numbered units: each in one place, in one condition, promised to one demand at most; every step
is a movement of one. Shipped and released reservations let their units go.

All services need the caller's transaction. Positions are locked first, then reservations, then
serial numbers by key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from inventory.models import RecallItem, Reservation, Serial
from inventory.models.lots import Block
from inventory.models.stock import StockMovement
from inventory.selectors import lots as lot_selectors
from inventory.selectors.serials import UnknownSerial
from inventory.services import balances, numbered, stock, tracking
from inventory.services.balances import Entry, Place, Position
from inventory.services.numbered import InvalidSerial, SerialInStock
from inventory.types import OpenWork, SerialPick, SerialUnit
from oms.core import bulk, clock
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.transactions import needs_transaction

__all__ = [
    "UnknownSerial", "assign", "block", "on_consumed", "on_released", "receive", "take_back",
    "unassign", "unblock",
]  # fmt: skip

Kind = StockMovement.Kind
Status = Reservation.Status

#: Where a numbered unit may lie: the balances that count units in the house.
CONDITIONS = frozenset({"on_hand", "quarantined", "damaged", "returned"})

_TAKES_UNITS = frozenset({Status.ALLOCATED, Status.PICKED})
_RETURNED_AS = {"quarantined": Kind.QUARANTINED, "damaged": Kind.DAMAGED}


class SerialNotTracked(Invalid):
    """The variant is not tracked by serial number, so one would be lost at once."""

    code = "inventory.serial_not_tracked"


class SerialKnown(Conflict):
    """A unit of the variant has that number already; one that left is taken back, not received."""

    code = "inventory.serial_known"


class NotAssignable(Conflict):
    """The reservation takes no serial numbers: over, of another kind of goods, or full."""

    code = "inventory.serials_not_assignable"


class SerialRecalled(Conflict):
    """The unit is under an open recall; it is free for sale again only after that is closed."""

    code = "inventory.serial_recalled"


class SerialsMissing(Conflict):
    """Numbered units leave by their numbers: assign one to each unit before shipping."""

    code = "inventory.serials_missing"


@needs_transaction
def receive(
    *, serials: Sequence[SerialUnit], at: datetime | None = None, allow_expired: bool = False
) -> dict[str, int]:
    """This function will take new numbered units in, with one movement each.

    :returns: primary keys by serial number.
    :raises InvalidSerial: a number is empty, too long or named twice; no such condition.
    :raises UnknownPlace, SerialNotTracked, UnknownLot, LotExpired: as for other goods.
    :raises SerialKnown: a unit of the variant has the number already.
    """
    moment = at or clock.now()
    positions = _open(serials)
    tracking.require_known(changes=serials, unexpired_on=None if allow_expired else moment.date())
    keys = _insert(serials, positions, moment)
    entries = [
        _movement(unit, positions, keys[unit.variant_id, unit.code], Kind.RECEIVED, moment)
        for unit in serials
    ]
    stock.settle(positions=positions, entries=entries, at=moment)
    return {code: pk for (_, code), pk in keys.items()}


@needs_transaction
def take_back(*, serials: Sequence[SerialUnit], at: datetime | None = None) -> None:
    """This function will book numbered units that left as returned, in the condition they are in.

    :raises InvalidSerial, UnknownPlace, SerialNotTracked: as for `receive`.
    :raises UnknownSerial: no unit of the variant has the number.
    :raises SerialInStock: a unit never left.
    """
    moment = at or clock.now()
    positions = _open(serials)
    rows = numbered.lock_by_code(codes={(unit.variant_id, unit.code) for unit in serials})
    for row in rows.values():
        if row.position_id is not None:
            raise numbered.refusal(SerialInStock, row, "is in stock; it did not leave")
    entries = []
    for unit in serials:
        row = rows[unit.variant_id, unit.code]
        row.position_id = positions[unit.node_id, unit.variant_id].id
        row.condition = unit.condition
        kind = _RETURNED_AS.get(unit.condition, Kind.RETURNED)
        entries.append(_movement(unit, positions, row.pk, kind, moment))
    stock.settle(positions=positions, entries=entries, at=moment)
    numbered.save_places(rows=rows.values())


@needs_transaction
def assign(*, picks: Sequence[SerialPick]) -> None:
    """This function will note which units were taken from the shelf for which reservations.

    Assigning the same unit to the same reservation again changes nothing.

    :raises InvalidSerial: a number is named twice.
    :raises NotAssignable: a reservation holds no allocated units with serial numbers, or fewer.
    :raises UnknownSerial: no unit of the reservation's variant has the number.
    :raises SerialOut, SerialElsewhere, SerialBlocked, SerialPromised: why a unit cannot be taken.
    """
    reservations = _lock_reservations(picks)
    named = [(reservations[pick.reservation_id], code) for pick in picks for code in pick.codes]
    numbered.require_named([(row.variant_id, code) for row, code in named])
    units = numbered.lock_by_code(codes={(row.variant_id, code) for row, code in named})
    today = clock.now().date()
    taken = _assigned(reservations)
    for row, code in named:
        unit = units[row.variant_id, code]
        numbered.require_takeable(unit, row, today)
        unit.reservation_id = row.pk
        taken[row.pk].add(unit.pk)
    for row in reservations.values():
        if len(taken[row.pk]) > row.quantity:
            raise _not_assignable(row, f"takes {row.quantity} serial numbers, no more")
    bulk.update_rows(
        Serial, [{"id": unit.pk, "reservation_id": unit.reservation_id} for unit in units.values()]
    )


@needs_transaction
def unassign(*, reservation_ids: Collection[int]) -> int:
    """This function will let go of the units that were noted for reservations.

    :returns: how many there were.
    """
    return Serial.objects.filter(reservation_id__in=set(reservation_ids)).update(reservation=None)


@needs_transaction
def on_consumed(
    *, rows: Sequence[Reservation], positions: Iterable[Position]
) -> dict[int, list[tuple[int, int | None]]]:
    """This function will let the units of reservations that are shipped now leave the house.

    `positions` are the locked ones of the rows; without one that is tracked by serial number this
    costs no statement.

    :returns: for each such reservation its movements, as (quantity, serial key).
    :raises SerialsMissing: a reservation has more units than serial numbers.
    """
    leaving = _of_numbered(rows, positions)
    if not leaving:
        return {}
    units = _assigned([row.pk for row in leaving])
    for row in leaving:
        if len(units[row.pk]) != row.quantity:
            raise SerialsMissing(
                f"{row.demand_ref} ships {row.quantity} numbered units, "
                f"{len(units[row.pk])} of them have a serial number.",
                data={"demand_ref": row.demand_ref, "line_ref": row.line_ref},
            )
    Serial.objects.filter(reservation_id__in=list(units)).update(position=None, reservation=None)
    return {key: [(1, pk) for pk in sorted(keys)] for key, keys in units.items()}


@needs_transaction
def on_released(*, rows: Sequence[Reservation], positions: Iterable[Position]) -> None:
    """This function will free the units of reservations that are given back now; no statement
    without a position that is tracked by serial number."""
    freed = _of_numbered(rows, positions)
    if freed:
        unassign(reservation_ids=[row.pk for row in freed])


@needs_transaction
def block(*, serial_ids: Collection[int], block: str) -> list[OpenWork]:
    """This function will keep units from being sold from the commit on; what is assigned stays.

    :returns: the assigned units among them.
    :raises InvalidSerial: no such kind of block.
    :raises UnknownSerial: there is no such unit.
    :raises SerialRecalled: an open recall blocks a unit for another reason.
    """
    if block not in Block.values or not block:
        raise InvalidSerial(f"A unit cannot be blocked as {block!r}.")
    return _set_block(serial_ids, block)


@needs_transaction
def unblock(*, serial_ids: Collection[int]) -> list[OpenWork]:
    """This function will let units be sold again, where their lots may be.

    :returns: the assigned units among them.
    :raises UnknownSerial: there is no such unit.
    :raises SerialRecalled: a unit is under an open recall.
    """
    return _set_block(serial_ids, Block.NONE)


def _set_block(serial_ids: Collection[int], block: str) -> list[OpenWork]:
    numbered.lock_places_of(serial_ids=serial_ids)
    rows = Serial.objects.select_for_update().filter(pk__in=set(serial_ids)).order_by("pk")
    if len(list(rows)) != len(set(serial_ids)):
        raise UnknownSerial("There is no such serial number.")
    if block != Block.RECALLED:
        _refuse_recalled(serial_ids)
    Serial.objects.filter(pk__in=set(serial_ids)).exclude(block=block).update(block=block)
    return lot_selectors.list_open_work(serial_ids=serial_ids)


def _refuse_recalled(serial_ids: Collection[int]) -> None:
    items = RecallItem.objects.filter(serial_id__in=serial_ids, recall__closed_at__isnull=True)
    item = items.select_related("serial", "recall").order_by("pk").first()
    if item is not None and item.serial is not None:
        why = f"is under recall {item.recall.public_id}; close that first"
        raise numbered.refusal(SerialRecalled, item.serial, why)


def _open(units: Sequence[SerialUnit]) -> dict[Place, Position]:
    """Checks what is named and locks its places."""
    numbered.require_named([(unit.variant_id, unit.code) for unit in units])
    for unit in units:
        if unit.condition not in CONDITIONS:
            raise InvalidSerial(f"A unit cannot be {unit.condition!r}.")
    positions = stock.lock(places={(unit.node_id, unit.variant_id) for unit in units})
    for position in positions.values():
        if position.tracking != "serial":
            raise SerialNotTracked(
                f"Variant {position.variant_id} is not tracked by serial number."
            )
    return positions


def _insert(
    units: Sequence[SerialUnit], positions: Mapping[Place, Position], at: datetime
) -> dict[tuple[int, str], int]:
    made = bulk.insert_rows(
        Serial,
        [
            {
                "variant_id": unit.variant_id,
                "code": unit.code,
                "lot_id": unit.lot_id,
                "position_id": positions[unit.node_id, unit.variant_id].id,
                "reservation_id": None,
                "condition": unit.condition,
                "block": Block.NONE,
                "created_at": at,
            }
            for unit in units
        ],
        on_conflict="ON CONFLICT (variant_id, code) DO NOTHING",
        returning="variant_id, code, id",
    )
    keys = {(variant_id, code): pk for variant_id, code, pk in made}
    known = [unit.code for unit in units if (unit.variant_id, unit.code) not in keys]
    if known:
        raise SerialKnown(
            f"Serial number {known[0]!r} is known already; take a unit that left back instead.",
            errors=[
                FieldError("/serials", "serial_known", f"{code!r} is known.") for code in known
            ],
        )
    return keys


def _movement(
    unit: SerialUnit, positions: Mapping[Place, Position], serial_id: int, kind: str, at: datetime
) -> Entry:
    entry = Entry(
        position_id=positions[unit.node_id, unit.variant_id].id,
        kind=kind,
        document_kind=unit.document_kind,
        document_ref=unit.document_ref,
        at=at,
        actor=current().actor,
        reason=unit.reason,
        serial_id=serial_id,
    )
    return replace(entry, **{unit.condition: 1})  # type: ignore[arg-type]  # one of CONDITIONS


def _lock_reservations(picks: Sequence[SerialPick]) -> dict[int, Reservation]:
    wanted = {pick.reservation_id for pick in picks}
    held = Reservation.objects.filter(pk__in=wanted, position__isnull=False)
    places = [p for p in held.values_list("position_id", flat=True).distinct() if p is not None]
    tracked = {p.id for p in balances.lock_ids(position_ids=places) if p.tracking == "serial"}
    rows = Reservation.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    found = {row.pk: row for row in rows}
    if wanted - found.keys():
        raise NotAssignable("There is no such reservation.")
    for row in found.values():
        if row.position_id not in tracked:
            raise _not_assignable(row, "is not of goods with serial numbers")
        if row.status not in _TAKES_UNITS:
            raise _not_assignable(row, f"is {row.status}")
    return found


def _not_assignable(row: Reservation, why: str) -> NotAssignable:
    return NotAssignable(
        f"What {row.demand_ref} has reserved {why}.",
        data={"demand_ref": row.demand_ref, "line_ref": row.line_ref},
    )


def _assigned(reservations: Collection[int]) -> dict[int, set[int]]:
    units: dict[int, set[int]] = {key: set() for key in reservations}
    rows = Serial.objects.filter(reservation_id__in=list(reservations))
    for pk, reservation_id in rows.values_list("pk", "reservation_id"):
        assert reservation_id is not None
        units[reservation_id].add(pk)
    return units


def _of_numbered(rows: Sequence[Reservation], positions: Iterable[Position]) -> list[Reservation]:
    tracked = {position.id for position in positions if position.tracking == "serial"}
    return [row for row in rows if row.position_id in tracked] if tracked else []
