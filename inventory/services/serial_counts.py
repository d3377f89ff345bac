"""Counts a place of numbered units by scanning them: what is gone and what came back is booked,
what needs a person is told.

The service needs the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from inventory.models import Serial
from inventory.models.stock import StockMovement
from inventory.services import numbered, stock
from inventory.services.balances import Entry, Position
from inventory.services.serials import SerialNotTracked
from inventory.types import SerialCount
from oms.core import clock
from oms.core.context import current
from oms.core.transactions import needs_transaction


@needs_transaction
def count(
    *,
    node_id: int,
    variant_id: int,
    codes: Sequence[str],
    document_ref: str = "",
    at: datetime | None = None,
) -> SerialCount:
    """This function will make the book say what was scanned at a place, as far as that is sure.

    Units that were not scanned are gone, unless a demand has them; units that had left are back,
    for inspection. Those of other places and unknown ones stay as they are.

    :raises InvalidSerial: a number is empty, too long or named twice.
    :raises UnknownPlace, SerialNotTracked: no such place of numbered units.
    :raises NotEnoughOnHand: fewer units would be left than are promised; release some first.
    """
    numbered.require_named([(variant_id, code) for code in codes])
    positions = stock.lock(places={(node_id, variant_id)})
    position = positions[node_id, variant_id]
    if position.tracking != "serial":
        raise SerialNotTracked(f"Variant {variant_id} is not tracked by serial number.")
    units = list(
        Serial.objects.select_for_update()
        .filter(Q(position_id=position.id) | Q(variant_id=variant_id, code__in=codes))
        .order_by("pk")
    )
    result = _compare(units, set(codes), position)
    moment = at or clock.now()
    entries = list(_entries(units, result, position, document_ref, moment))
    stock.settle(positions=positions, entries=entries, at=moment)
    numbered.save_places(rows=[u for u in units if u.code in {*result.missing, *result.found}])
    return result


def _compare(units: Sequence[Serial], scanned: set[str], position: Position) -> SerialCount:
    here = {unit.code: unit for unit in units if unit.position_id == position.id}
    absent = [unit for code, unit in here.items() if code not in scanned]
    known = {unit.code for unit in units}
    return SerialCount(
        present=tuple(code for code in here if code in scanned),
        missing=tuple(unit.code for unit in absent if unit.reservation_id is None),
        promised=tuple(unit.code for unit in absent if unit.reservation_id is not None),
        found=tuple(u.code for u in units if u.code in scanned and u.position_id is None),
        elsewhere=tuple(u.code for u in units if u.position_id not in (None, position.id)),
        unknown=tuple(sorted(scanned - known)),
    )


def _entries(
    units: Sequence[Serial],
    result: SerialCount,
    position: Position,
    document_ref: str,
    at: datetime,
) -> Iterator[Entry]:
    """Moves the units that changed, and yields their movements."""
    missing, found = set(result.missing), set(result.found)
    deltas: dict[str, Any]
    for unit in units:
        if unit.code in missing:
            unit.position_id = None
            deltas = {unit.condition: -1}
        elif unit.code in found:
            unit.position_id, unit.condition = position.id, "returned"
            deltas = {"returned": 1}
        else:
            continue
        yield Entry(
            position_id=position.id,
            kind=StockMovement.Kind.COUNTED,
            document_kind="count",
            document_ref=document_ref,
            at=at,
            actor=current().actor,
            serial_id=unit.pk,
            **deltas,
        )
