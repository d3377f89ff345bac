"""Counts as people see them: blind while they count, with the books beside it for review."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from inventory.models import CountLine, LotBalance, Reservation, StockCount
from inventory.types import ReviewLine

#: (position, lot)
Spot = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class _Now:
    """What the books say of a place at this moment."""

    on_hand: int
    promised: int
    picked: int


def list_counts() -> QuerySet[StockCount]:
    """This function will return counts with node and bin, the number of their places (`places`) and
    of those that have a number (`done`)."""
    return StockCount.objects.select_related("node", "bin").annotate(
        places=Count("lines"), done=Count("lines", filter=Q(lines__counted__isnull=False))
    )


def being_counted(*, node_id: int, variant_ids: Collection[int]) -> set[int]:
    """This function will return which of the variants an open count has at the node."""
    lines = CountLine.objects.filter(
        count__status__in=(StockCount.Status.COUNTING, StockCount.Status.COUNTED),
        position__node_id=node_id,
        position__variant_id__in=set(variant_ids),
    )
    return set(lines.values_list("position__variant_id", flat=True))


def list_lines(*, count_id: int) -> QuerySet[CountLine]:
    """This function will return the places of a sheet in the order of a walk: bin, SKU, lot."""
    return (
        CountLine.objects.filter(count_id=count_id)
        .select_related("position__variant", "position__bin", "lot")
        .order_by("position__bin__code", "position__variant__sku", "lot__code", "pk")
    )


def review(*, count_id: int) -> list[ReviewLine]:
    """This function will return the places of a counted sheet against the books, in the order of
    `list_lines`; three statements. What is booked already moves and uncovers nothing."""
    lines = [line for line in list_lines(count_id=count_id) if line.counted is not None]
    pending = [line for line in lines if line.variance is None]
    now = _now(pending)
    return [_reviewed(line, now.get((line.position_id, line.lot_id))) for line in lines]


def _now(lines: Collection[CountLine]) -> dict[Spot, _Now]:
    if not lines:
        return {}
    ids = {line.position_id for line in lines}
    picks = Reservation.objects.filter(position_id__in=ids, status=Reservation.Status.PICKED)
    sums = picks.values_list("position_id", "lot_id").annotate(Sum("quantity")).order_by()
    picked = {(position_id, lot_id): units for position_id, lot_id, units in sums}
    lots = {(b.position_id, b.lot_id): b for b in LotBalance.objects.filter(position_id__in=ids)}
    found: dict[Spot, _Now] = {}
    for line in lines:
        spot, position = (line.position_id, line.lot_id), line.position
        if line.lot_id is None:
            promised = position.held + position.allocated + position.earmarked
            on_hand, promised = position.on_hand, promised - position.oversell_limit
        else:
            lot = lots[line.position_id, line.lot_id]
            on_hand, promised = lot.on_hand, lot.allocated
        found[spot] = _Now(on_hand, promised, picked.get(spot, 0))
    return found


def _reviewed(line: CountLine, now: _Now | None) -> ReviewLine:
    assert line.counted is not None
    variant, lot = line.position.variant, line.lot
    expected = line.snapshot - line.picked
    difference = line.counted - expected
    cost = (lot.cost_amount, lot.cost_currency) if lot and lot.cost_amount is not None else None
    price, currency = cost or (variant.price_amount, variant.price_currency)
    return ReviewLine(
        sku=variant.sku,
        name=variant.name,
        lot=lot.code if lot else "",
        expected=expected,
        counted=line.counted,
        difference=difference,
        value=price * difference,
        currency=currency,
        has_moved=now is not None and now.on_hand - now.picked != expected,
        uncovered=max(0, now.promised - now.on_hand - difference) if now else 0,
    )
