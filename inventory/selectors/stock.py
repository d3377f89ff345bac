"""Stock as screens and commands read it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Greatest

from inventory.models import Reservation, StockMovement, StockPosition
from inventory.types import NodeStock

#: What may still be promised of a position; below zero where limits were tightened since.
FREE = (
    F("on_hand") - F("held") - F("allocated") - F("earmarked") - F("safety_stock")
    + F("oversell_limit")
)  # fmt: skip


def list_positions(
    *,
    organization_id: int | None = None,
    node_ids: Sequence[int] | None = None,
    variant_ids: Sequence[int] | None = None,
) -> QuerySet[StockPosition]:
    """This function will return positions with node and variant, by node and SKU.

    Each carries `available`: what may still be promised, not counting holds that ran out.
    """
    positions = StockPosition.objects.select_related("node", "variant")
    if organization_id is not None:
        positions = positions.filter(variant__organization_id=organization_id)
    if node_ids is not None:
        positions = positions.filter(node_id__in=node_ids)
    if variant_ids is not None:
        positions = positions.filter(variant_id__in=variant_ids)
    return positions.annotate(available=Greatest(FREE, 0)).order_by("node__code", "variant__sku")


def unpromised(*, node_id: int, variant_ids: Collection[int]) -> dict[int, int]:
    """This function will return the units of each variant at a node that lie there and are nobody's
    by the books; below zero where more is promised than lies there, 0 without a place."""
    places = StockPosition.objects.filter(node_id=node_id, variant_id__in=set(variant_ids))
    free = F("on_hand") - F("held") - F("allocated") - F("earmarked")
    return dict.fromkeys(variant_ids, 0) | dict(places.values_list("variant_id", free))


def variants_at(*, organization_id: int, node_ids: Collection[int]) -> set[int]:
    """This function will return the organization's variants that have a place at the nodes."""
    places = StockPosition.objects.filter(
        node_id__in=node_ids, variant__organization_id=organization_id
    )
    return set(places.values_list("variant_id", flat=True))


def list_movements(*, position_id: int) -> QuerySet[StockMovement]:
    """This function will return the story of a position, newest first."""
    return StockMovement.objects.filter(position_id=position_id).order_by("-pk")


def list_node_totals(*, node_ids: Sequence[int] | None = None) -> list[NodeStock]:
    """This function will return each node's stock in sum, by node, in one statement."""
    positions = StockPosition.objects.all()
    if node_ids is not None:
        positions = positions.filter(node_id__in=node_ids)
    sums = [
        Sum(name) for name in ("on_hand", "held", "allocated", "quarantined", "damaged", "returned")
    ]
    rows = positions.values_list("node_id").annotate(Count("id"), *sums).order_by("node_id")
    return [NodeStock(*row) for row in rows]


def count_reservations() -> dict[str, int]:
    """This function will return how many reservations stand in each status; none is 0."""
    found = dict(Reservation.objects.values_list("status").annotate(Count("id")).order_by())
    return {status: found.get(status, 0) for status in Reservation.Status.values}


def list_low(*, organization_id: int, below: int, limit: int) -> list[tuple[int, int]]:
    """This function will return (node, variant) keys of positions with less than `below` free."""
    positions = StockPosition.objects.annotate(free=FREE).filter(
        variant__organization_id=organization_id, free__lt=below, node__can_ship=True
    )
    return list(positions.order_by("free", "pk").values_list("node_id", "variant_id")[:limit])
