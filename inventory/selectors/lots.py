"""Lots: which a code names, where they lie, and who waits for units of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from django.db.models import Q, QuerySet

from inventory.models import Lot, LotBalance, Reservation
from inventory.types import OpenWork
from oms.core.errors import FieldError, NotFound

_OPEN = (Reservation.Status.ALLOCATED, Reservation.Status.PICKED)


class UnknownLot(NotFound):
    """No lot of that variant has the code or key."""

    code = "inventory.unknown_lot"


def ids_by_code(*, variant_id: int, codes: Collection[str]) -> dict[str, int]:
    """This function will return the keys of a variant's lots by code.

    :raises UnknownLot: names each code the variant has no lot of.
    """
    found = dict(
        Lot.objects.filter(variant_id=variant_id, code__in=set(codes)).values_list("code", "pk")
    )
    unknown = [code for code in codes if code not in found]
    if unknown:
        raise UnknownLot(
            f"There is no lot {unknown[0]!r} of this variant.",
            errors=[FieldError("/lots", "unknown_lot", f"No lot {code!r}.") for code in unknown],
        )
    return found


def list_balances(*, lot_id: int) -> QuerySet[LotBalance]:
    """This function will return where a lot lies, by node."""
    rows = LotBalance.objects.filter(lot_id=lot_id).select_related("position__node")
    return rows.order_by("position__node__code")


def position_ids(*, lot_ids: Collection[int]) -> list[int]:
    """This function will return the positions that have, or had, units of the lots."""
    rows = LotBalance.objects.filter(lot_id__in=set(lot_ids))
    return list(rows.values_list("position_id", flat=True).distinct())


def list_places(*, lot_ids: Collection[int]) -> list[tuple[int, int]]:
    """This function will return (lot, position) where units of the lots may be sold or are
    promised."""
    rows = LotBalance.objects.filter(lot_id__in=set(lot_ids), on_hand__gt=0)
    return list(rows.order_by("lot_id", "position_id").values_list("lot_id", "position_id"))


def list_open_work(
    *, lot_ids: Collection[int] = (), serial_ids: Collection[int] = ()
) -> list[OpenWork]:
    """This function will return who holds allocated or picked units of the lots and serial numbers,
    the oldest first. A serial number of one of the lots belongs to it."""
    by_lot = Reservation.objects.filter(lot_id__in=set(lot_ids), status__in=_OPEN)
    by_serial = Reservation.objects.filter(
        Q(serials__in=set(serial_ids)) | Q(serials__lot__in=set(lot_ids)), status__in=_OPEN
    )
    fields = (
        "pk", "demand_kind", "demand_ref", "line_ref", "position__node_id", "variant_id",
        "quantity", "status",
    )  # fmt: skip
    found = [(pk, OpenWork(*rest)) for pk, *rest in by_lot.values_list(*fields, "lot_id")]
    numbered = by_serial.values_list(*fields, "serials__lot", "serials")
    found += [(pk, replace(OpenWork(*rest), quantity=1)) for pk, *rest in numbered]
    found.sort(key=lambda row: (row[0], row[1].serial_id or 0))
    return [work for _, work in found]
