"""Serial numbers: which a code names, and how many at a place may be promised."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import BooleanField, Case, Count, F, Q, Value, When
from django.db.models.functions import Coalesce

from inventory.models import Serial
from oms.core.errors import FieldError, NotFound


class UnknownSerial(NotFound):
    """No unit of that variant has the serial number."""

    code = "inventory.unknown_serial"


def ids_by_code(*, variant_id: int, codes: Collection[str]) -> dict[str, int]:
    """This function will return the keys of a variant's serial numbers by code.

    :raises UnknownSerial: names each code that no unit of the variant has.
    """
    found = dict(
        Serial.objects.filter(variant_id=variant_id, code__in=set(codes)).values_list("code", "pk")
    )
    unknown = [code for code in codes if code not in found]
    if unknown:
        raise unknown_serial(unknown)
    return found


def unknown_serial(codes: Collection[str]) -> UnknownSerial:
    """This function will return the error that names serial numbers nobody knows."""
    first = next(iter(codes))
    return UnknownSerial(
        f"There is no serial number {first!r} of this variant.",
        errors=[FieldError("/serials", "unknown_serial", f"No unit {code!r}.") for code in codes],
    )


def list_free(*, position_ids: Collection[int]) -> list[tuple[int, int, date | None, bool]]:
    """This function will return sellable units that no reservation names, as (position, units, last
    day of sale, is blocked): a block of a unit's lot blocks the unit, and its lot's days count. No
    positions cost no statement."""
    if not position_ids:
        return []
    blocked = Case(
        When(~Q(block="") | (Q(lot__isnull=False) & ~Q(lot__block="")), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    rows = (
        Serial.objects.filter(
            position_id__in=set(position_ids), reservation__isnull=True, condition="on_hand"
        )
        .annotate(last_day=Coalesce("lot__removal_on", "lot__expires_on"), is_blocked=blocked)
        .values_list("position_id", "last_day", "is_blocked")
        .annotate(units=Count("pk"))
        .order_by("position_id", F("last_day").asc(nulls_last=True), "is_blocked")
    )
    return [(position, units, day, barred) for position, day, barred, units in rows]
