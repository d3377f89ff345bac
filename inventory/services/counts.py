"""Cycle counts: what people find, against what was known when they began, booked as a movement.

A count may run while stock moves: the difference is against its snapshot, so whatever was picked,
shipped or received since stays. A difference that leaves less than is promised ends the youngest
promises (`displacing`) rather than failing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum

from inventory.catalog import selectors as catalog
from inventory.events import StockMissing
from inventory.models import (
    CountLine,
    LotBalance,
    Reservation,
    StockCount,
    StockCountStatusChange,
    StockMovement,
    StockPosition,
)
from inventory.nodes import selectors as nodes
from inventory.services import balances, displacing, stock
from inventory.services.balances import Entry, Position
from inventory.types import CountedLine
from oms.core import bulk, clock, transitions
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid, NotFound
from oms.core.transactions import needs_transaction

Status = StockCount.Status

#: More units of one place than this are a typing error.
MAX_COUNT = stock.MAX_CHANGE

_OPEN = (Status.COUNTING, Status.COUNTED)

#: (variant_id, lot_id)
Place = tuple[int, int | None]


class NothingToCount(Invalid):
    """Neither a bin with goods nor variants were named."""

    code = "inventory.nothing_to_count"


class UnknownBin(NotFound):
    """The node has no such bin, whatever others have."""

    code = "inventory.unknown_bin"


class UnknownCount(NotFound):
    code = "inventory.unknown_count"


class AlreadyCounted(Conflict):
    """An open count has the place already; two would book the same difference twice."""

    code = "inventory.already_counted"


class SheetClosed(Conflict):
    """Numbers are entered only while a count is being counted."""

    code = "inventory.sheet_closed"


class NotOnSheet(Invalid):
    """The place is not part of this count."""

    code = "inventory.not_on_sheet"


class InvalidCount(Invalid):
    """Not a number of units that can lie on a shelf."""

    code = "inventory.invalid_count"


class NotAllCounted(Conflict):
    """Some places of the sheet have no number yet."""

    code = "inventory.not_all_counted"


class SerialsDiffer(Conflict):
    """Units with serial numbers are corrected one by one, by their numbers."""

    code = "inventory.serials_differ"


@dataclass(frozen=True, slots=True)
class Booked:
    """What a count changed: differences by (variant, lot), and the demands that lost units."""

    differences: Mapping[Place, int]
    missing: Sequence[StockMissing]


@needs_transaction
def assign_bin(*, node_id: int, variant_ids: Sequence[int], bin_code: str) -> None:
    """This function will make a bin the home of variants at its node; "" takes their home away.

    Where goods lie changes no balance, so there is no movement. A place without a position gets
    one.

    :raises UnknownBin: the node has no such bin.
    :raises UnknownPlace: no such node or variant.
    """
    bin_id = _bin(node_id, bin_code) if bin_code else None
    positions = _lock_or_make(node_id, variant_ids)
    StockPosition.objects.filter(pk__in=[p.id for p in positions]).update(bin_id=bin_id)


@needs_transaction
def start(
    *, node_id: int, variant_ids: Sequence[int] = (), bin_code: str = "", reason: str = ""
) -> StockCount:
    """This function will open a count of variants, or of all that has its home in a bin, and keep
    what is known of each place and lot now.

    Constant statements for any number of places.

    :raises NothingToCount: no variants, an empty bin, or both variants and a bin.
    :raises UnknownBin: the node has no such bin.
    :raises UnknownPlace: no such node or variant.
    :raises AlreadyCounted: an open count has one of the places.
    """
    if bool(variant_ids) == bool(bin_code):
        raise NothingToCount("Name the variants to count, or one bin.")
    bin_id = _bin(node_id, bin_code) if bin_code else None
    positions = _lock_bin(bin_id, bin_code) if bin_id else _lock_or_make(node_id, variant_ids)
    _require_free(positions)
    count = StockCount.objects.create(node_id=node_id, bin_id=bin_id, reason=reason[:80])
    StockCountStatusChange.objects.create(
        subject=count,
        trigger="start",
        to_status=count.status,
        actor=current().actor,
        reason=reason[:80],
        at=count.created_at,
    )
    _take_snapshot(count, positions)
    return count


@needs_transaction
def enter(*, count_id: int, lines: Sequence[CountedLine]) -> None:
    """This function will note what lay on the shelf; a place entered before is overwritten.

    :raises SheetClosed: the count is not being counted.
    :raises InvalidCount: negative, fractional, enormous, or one place twice.
    :raises NotOnSheet: a place that is not part of the count. Nothing is noted.
    """
    _require_counts(lines)
    count = _lock(count_id)
    if count.status != Status.COUNTING:
        raise SheetClosed("The count is not being counted: ask for a recount first.")
    sheet = {_place(line): line.pk for line in _lines(count)}
    strange = [i for i, line in enumerate(lines) if (line.variant_id, line.lot_id) not in sheet]
    if strange:
        raise NotOnSheet(
            "A place is not on the sheet of this count; nothing was noted.",
            errors=[
                FieldError(f"/lines/{i}", "not_on_sheet", "Not on the sheet.") for i in strange
            ],
        )
    bulk.update_rows(
        CountLine,
        [{"id": sheet[line.variant_id, line.lot_id], "counted": line.counted} for line in lines],
    )


@needs_transaction
def submit(*, count_id: int) -> StockCount:
    """This function will hand the numbers over for review.

    :raises NotAllCounted: a place has no number; zero is a number.
    :raises IllegalTransition: it is not being counted.
    """
    count = _lock(count_id)
    transitions.apply(count, "submit")
    skus = list(_lines(count).filter(counted=None).values_list("position__variant__sku", flat=True))
    if skus:
        raise NotAllCounted(
            f"Not counted yet: {', '.join(skus[:5])}. Enter 0 where nothing lies.",
            data={"skus": skus},
        )
    return count


@needs_transaction
def recount(*, count_id: int, reason: str = "") -> StockCount:
    """This function will begin again: the numbers are dropped and what is known now is kept.

    :raises IllegalTransition: it is not under review.
    """
    positions = _lock_places(count_id)
    count = _lock(count_id)
    transitions.apply(count, "recount", reason=reason)
    _lines(count).delete()
    _take_snapshot(count, positions)
    return count


@needs_transaction
def cancel(*, count_id: int, reason: str = "") -> StockCount:
    """This function will end a count without booking anything.

    :raises IllegalTransition: it is booked or cancelled.
    """
    return transitions.apply(_lock(count_id), "cancel", reason=reason)


@needs_transaction
def book(*, count_id: int, reason: str = "", at: datetime | None = None) -> Booked:
    """This function will correct what is on hand by what was found, and end the promises that have
    no stock any more, the youngest first.

    On hand becomes what was found and what was picked before, plus all movements since. Constant
    statements for any number of places.

    :raises IllegalTransition: it is not under review.
    :raises PickedIsMissing: fewer units would be left than are picked; count again.
    :raises SerialsDiffer: a variant with serial numbers does not have as many units as known.
    """
    moment = at or clock.now()
    positions = _lock_places(count_id)
    count = _lock(count_id)
    transitions.apply(count, "book", now=moment, reason=reason)
    lines = list(_lines(count))
    for line in lines:
        assert line.counted is not None
        line.variance = line.counted + line.picked - line.snapshot
    _require_serials_agree(positions, lines)
    entries = [_entry(count, line, moment) for line in lines if line.variance]
    why = count.reason or "counted"
    missing = displacing.displace(positions=positions, entries=entries, reason=why, at=moment)
    balances.book(entries=entries)
    bulk.update_rows(CountLine, [{"id": line.pk, "variance": line.variance} for line in lines])
    stock.follow(positions=positions, entries=entries, at=moment)
    return Booked({_place(line): line.variance or 0 for line in lines}, missing)


def _bin(node_id: int, code: str) -> int:
    found = nodes.find_bin(node_id=node_id, code=code)
    if found is None:
        raise UnknownBin(f"The node has no bin {code}.", data={"node_id": node_id, "bin": code})
    return found


def _lock_or_make(node_id: int, variant_ids: Sequence[int]) -> list[Position]:
    places = {(node_id, variant_id) for variant_id in variant_ids}
    return list(stock.lock(places=places).values())


def _lock_bin(bin_id: int, code: str) -> list[Position]:
    keys = StockPosition.objects.filter(bin_id=bin_id).values_list("pk", flat=True)
    positions = balances.lock_ids(position_ids=keys)
    if not positions:
        raise NothingToCount(f"Nothing has its home in bin {code}.")
    return positions


def _lock_places(count_id: int) -> list[Position]:
    keys = CountLine.objects.filter(count_id=count_id).values_list("position_id", flat=True)
    return balances.lock_ids(position_ids=keys)


def _lock(count_id: int) -> StockCount:
    count = StockCount.objects.select_for_update().filter(pk=count_id).first()
    if count is None:
        raise UnknownCount(f"There is no count {count_id}.")
    return count


def _lines(count: StockCount) -> QuerySet[CountLine]:
    return count.lines.select_related("position").order_by("pk")


def _place(line: CountLine) -> Place:
    return line.position.variant_id, line.lot_id


def _require_free(positions: Sequence[Position]) -> None:
    taken = (
        CountLine.objects.filter(position_id__in=[p.id for p in positions], count__status__in=_OPEN)
        .values_list("position__variant__sku", "count__public_id")
        .first()
    )
    if taken:
        sku, count = taken
        raise AlreadyCounted(
            f"{sku} is being counted already: book or cancel that count first.",
            data={"sku": sku, "count": count},
        )


def _take_snapshot(count: StockCount, positions: Sequence[Position]) -> None:
    """One line per place, or per lot the place has a balance of."""
    ids = [position.id for position in positions]
    rows = Reservation.objects.filter(position_id__in=ids, status=Reservation.Status.PICKED)
    picked = {
        (position_id, lot_id): units
        for position_id, lot_id, units in rows.values_list("position_id", "lot_id")
        .annotate(Sum("quantity"))
        .order_by()
    }
    lots = LotBalance.objects.filter(position_id__in=ids).order_by("position_id", "lot_id")
    known: list[tuple[int, int | None, int]] = [
        (position.id, None, position.on_hand)
        for position in positions
        if position.tracking != "lot"
    ]
    known += lots.values_list("position_id", "lot_id", "on_hand")
    if not known:
        raise NothingToCount("None of the places has a lot to count.")
    bulk.insert_rows(
        CountLine,
        [
            {
                "count_id": count.pk,
                "position_id": position_id,
                "lot_id": lot_id,
                "snapshot": on_hand,
                "picked": picked.get((position_id, lot_id), 0),
                "counted": None,
                "variance": None,
            }
            for position_id, lot_id, on_hand in known
        ],
    )


def _require_counts(lines: Sequence[CountedLine]) -> None:
    errors = [
        FieldError(f"/lines/{i}/counted", "invalid", f"Give a whole number from 0 to {MAX_COUNT}.")
        for i, line in enumerate(lines)
        if not _is_count(line.counted)
    ]
    times = Counter((line.variant_id, line.lot_id) for line in lines)
    errors += [
        FieldError(f"/lines/{i}", "repeated", "Give one number for a place: the sum.")
        for i, line in enumerate(lines)
        if times[line.variant_id, line.lot_id] > 1
    ]
    if errors:
        raise InvalidCount(errors[0].detail, errors=errors)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _require_serials_agree(positions: Sequence[Position], lines: Sequence[CountLine]) -> None:
    serial = {position.id for position in positions if position.tracking == "serial"}
    for line in lines:
        if line.variance and line.position_id in serial:
            variant_id = line.position.variant_id
            sku = catalog.facts_by_id(variant_ids=[variant_id])[variant_id].sku
            raise SerialsDiffer(
                f"{sku} has serial numbers: correct the missing or found units by their numbers, "
                "then count again.",
                data={"sku": sku, "difference": line.variance},
            )


def _entry(count: StockCount, line: CountLine, at: datetime) -> Entry:
    assert line.variance is not None
    return Entry(
        position_id=line.position_id,
        kind=StockMovement.Kind.COUNTED,
        document_kind="count",
        document_ref=count.public_id,
        at=at,
        actor=current().actor,
        reason=count.reason,
        lot_id=line.lot_id,
        on_hand=line.variance,
    )
