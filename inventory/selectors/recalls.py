"""Where every unit of recalled goods is: in the house by balances, outside by movements, and both
together are what was received. Reads only, so a drill is the same as the real thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db.models import Count, F, Max, Q, QuerySet, Sum

from inventory.catalog import selectors as catalog
from inventory.models import LotBalance, Recall, RecallItem, Serial, StockMovement
from inventory.selectors import lots, serials
from inventory.selectors.offers import UnknownSku
from inventory.types import RecallBoard, RecallScope, Remaining, ShippedUnits

#: What a movement changes of what is in the house.
_PHYSICAL = F("on_hand_delta") + F("quarantined_delta") + F("damaged_delta") + F("returned_delta")

_CONDITIONS = ("on_hand", "quarantined", "damaged", "returned")

#: How units leave the house, and come back, by kind of movement; what is not named here was lost
#: or found.
_WAYS: Mapping[str, str] = {
    "shipped": "shipped",
    "returned": "shipped",
    "quarantined": "shipped",
    "damaged": "shipped",
    "restocked": "shipped",
    "scrapped": "scrapped",
    "transferred_out": "on_the_way",
    "transferred_in": "on_the_way",
}


def scope_of(
    *, organization_id: int, sku: str, lot_codes: Collection[str], serial_codes: Collection[str]
) -> RecallScope:
    """This function will return what the codes of one variant name.

    :raises UnknownSku: the organization's catalog has no such variant.
    :raises UnknownLot, UnknownSerial: names each code that the variant does not have.
    """
    variant = catalog.facts_by_sku(organization_id=organization_id, skus=[sku]).get(sku)
    if variant is None:
        raise UnknownSku(f"There is no SKU {sku!r}.")
    return RecallScope(
        tuple(sorted(lots.ids_by_code(variant_id=variant.id, codes=lot_codes).values())),
        tuple(sorted(serials.ids_by_code(variant_id=variant.id, codes=serial_codes).values())),
    )


def scope_of_recall(*, recall_id: int) -> RecallScope:
    """This function will return what a recall is about."""
    rows = RecallItem.objects.filter(recall_id=recall_id).values_list("lot_id", "serial_id")
    items = list(rows)
    return RecallScope(
        tuple(sorted(lot for lot, _ in items if lot is not None)),
        tuple(sorted(serial for _, serial in items if serial is not None)),
    )


def list_recalls() -> QuerySet[Recall]:
    """This function will return recalls, with how many lots and units each names, newest first."""
    return Recall.objects.annotate(
        lots=Count("items__lot", distinct=True), serials=Count("items__serial", distinct=True)
    ).order_by("-pk")


def get_board(*, scope: RecallScope) -> RecallBoard:
    """This function will account for every received unit of the lots and serial numbers, in a
    constant number of statements."""
    moved = _moved(scope)
    remaining = _remaining(scope)
    work = lots.list_open_work(lot_ids=scope.lot_ids, serial_ids=scope.serial_ids)
    picked = sum(item.quantity for item in work if item.status == "picked")
    parts = {
        "on_shelf": sum(row.on_hand - row.allocated for row in remaining),
        "allocated": sum(row.allocated for row in remaining) - picked,
        "picked": picked,
        "quarantined": sum(row.quarantined for row in remaining),
        "damaged": sum(row.damaged for row in remaining),
        "returned": sum(row.returned for row in remaining),
        "shipped": 0,
        "scrapped": 0,
        "on_the_way": 0,
        "lost": 0,
    }
    received = moved.pop("received", 0)
    for kind, units in moved.items():
        parts[_WAYS.get(kind, "lost")] -= units
    return RecallBoard(
        received=received,
        parts=tuple(parts.items()),
        remaining=tuple(remaining),
        open_work=tuple(work),
        shipped=tuple(_shipped(scope)),
    )


def _units(scope: RecallScope) -> QuerySet[Serial]:
    """The units named, and those of the lots; of goods by serial number no lot has balances."""
    return Serial.objects.filter(Q(pk__in=scope.serial_ids) | Q(lot_id__in=scope.lot_ids))


def _movements(scope: RecallScope) -> QuerySet[StockMovement]:
    return StockMovement.objects.filter(
        Q(lot_id__in=scope.lot_ids) | Q(serial_id__in=_units(scope).values("pk"))
    )


def _moved(scope: RecallScope) -> dict[str, int]:
    rows = _movements(scope).order_by().values_list("kind").annotate(units=Sum(_PHYSICAL))
    return {kind: units for kind, units in rows if units}


def _remaining(scope: RecallScope) -> list[Remaining]:
    names = (*_CONDITIONS, "allocated")
    nodes: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(names, 0))
    balances = LotBalance.objects.filter(lot_id__in=scope.lot_ids).order_by()
    sums = balances.values_list("position__node_id").annotate(*(Sum(name) for name in names))
    for node_id, *units in sums:
        nodes[node_id] = dict(zip(names, units, strict=True))
    in_house = _units(scope).filter(position__isnull=False).order_by()
    rows = in_house.values_list("position__node_id", "condition").annotate(
        units=Count("pk"), assigned=Count("reservation")
    )
    for node_id, condition, count, assigned in rows:
        nodes[node_id][condition] += count
        nodes[node_id]["allocated"] += assigned
    return [
        Remaining(node_id=node_id, **units)
        for node_id, units in sorted(nodes.items())
        if any(units.values())
    ]


def _shipped(scope: RecallScope) -> list[ShippedUnits]:
    """By demand, the last to leave first; what came back since is told by the sum alone."""
    rows = (
        _movements(scope)
        .filter(kind=StockMovement.Kind.SHIPPED)
        .order_by()
        .values_list("document_kind", "document_ref")
        .annotate(units=-Sum("on_hand_delta"), last=Max("occurred_at"))
        .order_by("-last", "document_ref")
    )
    return [ShippedUnits(kind, ref, units, last) for kind, ref, units, last in rows]
