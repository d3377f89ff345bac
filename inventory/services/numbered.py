"""Rows of numbered units: locked by key, judged before anything is written, written at once.

Positions are locked before them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from inventory.models import Reservation, Serial
from inventory.models.lots import Lot
from inventory.selectors.serials import unknown_serial
from inventory.services import balances
from oms.core import bulk
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.transactions import needs_transaction

#: (variant, serial number)
SerialKey = tuple[int, str]

_MAX_CODE = 60


class InvalidSerial(Invalid):
    code = "inventory.invalid_serial"


class SerialInStock(Conflict):
    """The unit never left, so it cannot come back."""

    code = "inventory.serial_in_stock"


class SerialOut(Conflict):
    """The unit left the house, so it cannot be promised or moved."""

    code = "inventory.serial_out"


class SerialElsewhere(Conflict):
    """The unit lies at another place, or in another condition."""

    code = "inventory.serial_elsewhere"


class SerialBlocked(Conflict):
    """The unit, or its lot, may not be sold."""

    code = "inventory.serial_blocked"


class SerialPromised(Conflict):
    """The unit is assigned to a demand already."""

    code = "inventory.serial_promised"


def list_positions(*, serial_ids: Collection[int]) -> list[int]:
    """This function will return the positions that units lie at."""
    held = Serial.objects.filter(pk__in=set(serial_ids), position__isnull=False)
    return [p for p in held.values_list("position_id", flat=True).distinct() if p is not None]


@needs_transaction
def lock_places_of(*, serial_ids: Collection[int]) -> None:
    """This function will lock the positions that units lie at, so that nobody promises them now."""
    balances.lock_ids(position_ids=list_positions(serial_ids=serial_ids))


@needs_transaction
def lock_by_code(*, codes: Collection[SerialKey]) -> dict[SerialKey, Serial]:
    """This function will lock units, by key, and return them by (variant, number) with their lots.

    :raises UnknownSerial: names every number that no unit of the variant has.
    """
    if not codes:
        return {}
    rows = (
        Serial.objects.select_for_update(of=("self",))
        .select_related("lot")
        .filter(
            variant_id__in={variant for variant, _ in codes}, code__in={code for _, code in codes}
        )
        .order_by("pk")
    )
    found = {(row.variant_id, row.code): row for row in rows}
    unknown = sorted(set(codes) - found.keys())
    if unknown:
        raise unknown_serial([code for _, code in unknown])
    return {key: found[key] for key in codes}


@needs_transaction
def save_places(*, rows: Iterable[Serial]) -> None:
    """This function will write where units are and in which condition; one statement."""
    bulk.update_rows(
        Serial,
        [
            {"id": row.pk, "position_id": row.position_id, "condition": row.condition}
            for row in rows
        ],
    )


def require_named(keys: Sequence[SerialKey]) -> None:
    """This function will accept serial numbers that can be ones, each named once.

    :raises InvalidSerial: a number is empty, too long or named twice.
    """
    seen: set[SerialKey] = set()
    for key in keys:
        code = key[1]
        if code != code.strip() or not 1 <= len(code) <= _MAX_CODE:
            raise InvalidSerial(f"Give a serial number of 1 to {_MAX_CODE} characters.")
        if key in seen:
            raise InvalidSerial(f"Serial number {code!r} is named twice.")
        seen.add(key)


def require_takeable(unit: Serial, reservation: Reservation, today: date) -> None:
    """This function will accept a unit that may be taken from the shelf for a reservation, and one
    that was.

    :raises SerialOut, SerialElsewhere, SerialPromised, SerialBlocked: why it may not be.
    """
    if unit.reservation_id == reservation.pk:
        return
    if unit.position_id is None:
        raise refusal(SerialOut, unit, "left the house")
    if unit.position_id != reservation.position_id:
        raise refusal(SerialElsewhere, unit, "lies at another place")
    if unit.condition != "on_hand":
        raise refusal(SerialElsewhere, unit, f"is {unit.condition}, not for sale")
    if unit.reservation_id is not None:
        raise refusal(SerialPromised, unit, "is assigned to another demand")
    if unit.block or not _may_be_sold(unit.lot, reservation.needed_on or today):
        raise refusal(SerialBlocked, unit, "may not be sold")


def refusal(kind: type[Conflict], unit: Serial, why: str) -> Conflict:
    """This function will return the error that names a unit and what is in the way."""
    detail = f"Serial number {unit.code!r} {why}."
    return kind(
        detail,
        errors=[FieldError("/serials", kind.code.rpartition(".")[2], detail)],
        data={"serial": unit.code},
    )


def _may_be_sold(lot: Lot | None, day: date) -> bool:
    if lot is None:
        return True
    last_day = lot.removal_on or lot.expires_on
    return not lot.block and (last_day is None or last_day > day)
