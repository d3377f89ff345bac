"""Gives another demand a place in the queue for stock: nobody overtakes, nobody falls behind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import F, Q

from inventory.models import Backorder
from inventory.services import promising
from inventory.types import PlaceGiven
from oms.core import bulk, ids
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction

_OPEN = Q(quantity__gt=F("filled") + F("cancelled"))
#: (demand_kind, demand_ref, line_ref)
LineKey = tuple[str, str, str]


class NotWaiting(Conflict):
    """A line waits for fewer units than are given on: stock for it arrived in this moment."""

    code = "inventory.not_waiting"
    is_retryable = True


@needs_transaction
def waiting_units(*, demand_kind: str, demand_refs: Collection[str]) -> dict[tuple[str, str], int]:
    """This function will return how many units each line (demand, line) of the demands waits for
    now, with their queues locked. Stock positions that the caller changes must be locked before.
    """
    rows = Backorder.objects.filter(_OPEN, demand_kind=demand_kind, demand_ref__in=set(demand_refs))
    variants = set(rows.values_list("variant_id", flat=True))
    if not variants:
        return {}
    promising.lock(variant_ids=variants)
    return {
        (ref, line): quantity - filled - cancelled
        for ref, line, quantity, filled, cancelled in rows.values_list(
            "demand_ref", "line_ref", "quantity", "filled", "cancelled"
        )
    }


@needs_transaction
def give(*, places: Sequence[PlaceGiven]) -> None:
    """This function will let other lines wait for the units; constant statements.

    :raises NotWaiting: a line waits for fewer; nothing changes.
    """
    if not places:
        return
    waiting = Backorder.objects.filter(
        _OPEN,
        demand_kind__in={place.demand_kind for place in places},
        demand_ref__in={place.demand_ref for place in places},
    )
    variants = set(waiting.values_list("variant_id", flat=True))
    promising.lock(variant_ids=variants)
    rows = {(row.demand_kind, row.demand_ref, row.line_ref): row for row in waiting.order_by("pk")}
    pairs = [(_standing(place, rows), place) for place in places]
    whole = [(row, place) for row, place in pairs if place.units == row.quantity]
    parted = [(row, place) for row, place in pairs if place.units < row.quantity]
    bulk.update_rows(
        Backorder,
        [
            {"id": row.pk, "demand_ref": place.to_ref, "line_ref": place.to_line}
            for row, place in whole
        ],
    )
    bulk.update_rows(
        Backorder,
        [{"id": row.pk, "quantity": row.quantity - place.units} for row, place in parted],
    )
    bulk.insert_rows(Backorder, [_behind(row, place) for row, place in parted])
    promising.renew(variant_ids=variants)


def _standing(place: PlaceGiven, rows: Mapping[LineKey, Backorder]) -> Backorder:
    row = rows.get((place.demand_kind, place.demand_ref, place.line_ref))
    if row is None or row.quantity - row.filled - row.cancelled < place.units:
        raise NotWaiting(f"{place.demand_ref} waits for fewer units.")
    return row


def _behind(row: Backorder, place: PlaceGiven) -> dict[str, object]:
    """As old and as urgent as what it was part of, so right behind it in the queue."""
    names = [field.attname for field in Backorder._meta.concrete_fields if not field.primary_key]
    return {
        **{name: getattr(row, name) for name in names},
        "public_id": ids.public_id("bko"),
        "demand_ref": place.to_ref,
        "line_ref": place.to_line,
        "quantity": place.units,
        "filled": 0,
        "cancelled": 0,
        "version": 0,
    }
