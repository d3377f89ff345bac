"""Differences between our balances and another system's: reported, and taken over one by one when
a person says so. Nothing is overwritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from inventory.events import StockDrifted
from inventory.models.stock import StockMovement
from inventory.models.syncing import Drift, DriftReport, SyncMessage, SyncSource
from inventory.services import _sync_sql, balances, stock
from inventory.services.balances import Entry, Position
from inventory.services.stock import NothingChanges
from oms.core import bulk, clock
from oms.core.context import current
from oms.core.errors import Conflict, NotFound
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

#: Kind of the document behind movements that another system asked for.
DOCUMENT = "sync"


class UnknownDrift(NotFound):
    code = "inventory.unknown_drift"
    title = "There is no such difference"


class DriftClosed(Conflict):
    """It was taken over before, or a newer comparison or number answered it."""

    code = "inventory.drift_closed"


class DriftOutdated(Conflict):
    """The balance is not what was compared plus what moved since."""

    code = "inventory.drift_outdated"


class TrackedByLot(Conflict):
    """The variant's units are known one by one or by lot: a mere number cannot change them."""

    code = "inventory.tracked_by_lot"


class TooMuchOnHand(Conflict):
    """No place holds so many units."""

    code = "inventory.too_much_on_hand"


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where they count `theirs`.

    Its last movement is known, or (a locked place) found after the booking: `booked` of this
    transaction's movements there came before.
    """

    position_id: int
    ours: int
    theirs: int
    booked: int | None
    last_movement_id: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one message differs in; a snapshot names the positions it `compared`."""

    message: SyncMessage
    count: int
    differences: tuple[Difference, ...]
    compared: tuple[int, ...] = ()


def document_ref(source: str, sequence: int) -> str:
    """This function will return how movements name the message behind them."""
    return f"{source}/{sequence}"


@needs_transaction
def report(
    *,
    source: SyncSource,
    reports: Sequence[Report],
    booked: Mapping[int, int],
    at: datetime,
) -> None:
    """This function will write reports down, in the order of their messages, and tell of those
    that found a difference. Open differences that a newer comparison answers are closed.

    `booked` counts this transaction's movements by position.
    """
    if not reports:
        return
    keys = bulk.next_ids(DriftReport, len(reports))
    bulk.insert_rows(
        DriftReport,
        [
            {
                "id": key,
                "created_at": at,
                "source_id": source.pk,
                "message_id": item.message.pk,
                "compared": item.count,
                "differing": len(item.differences),
            }
            for key, item in zip(keys, reports, strict=True)
        ],
    )
    last = _last_movements(reports, booked)
    bulk.insert_rows(
        Drift,
        [
            {
                "report_id": key,
                "position_id": found.position_id,
                "ours": found.ours,
                "theirs": found.theirs,
                "last_movement_id": found.last_movement_id
                if found.booked is None
                else last.get((found.position_id, booked.get(found.position_id, 0) - found.booked)),
            }
            for key, item in zip(keys, reports, strict=True)
            for found in item.differences
        ],
    )
    _supersede(source, dict(zip(keys, reports, strict=True)), at)
    emitting.emit_many(
        [
            StockDrifted(
                organization_id=source.organization_id,
                source_id=source.pk,
                source=source.code,
                report_id=key,
                differing=len(item.differences),
                occurred_at=at,
            )
            for key, item in zip(keys, reports, strict=True)
            if item.differences
        ]
    )


def _last_movements(
    reports: Sequence[Report], booked: Mapping[int, int]
) -> dict[tuple[int, int], int]:
    """The last movement of a position before so many newest ones."""
    wanted = sorted(
        {
            (found.position_id, booked.get(found.position_id, 0) - found.booked)
            for item in reports
            for found in item.differences
            if found.booked is not None
        }
    )
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_sync_sql.LAST_MOVEMENTS, [[p for p, _ in wanted], [n for _, n in wanted]])
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _supersede(source: SyncSource, reports: Mapping[int, Report], at: datetime) -> None:
    newest = {position: key for key, item in reports.items() for position in item.compared}
    if not newest:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _sync_sql.SUPERSEDE,
            {
                "source": source.pk,
                "positions": list(newest),
                "reports": list(newest.values()),
                "now": at,
            },
        )


class _Open(NamedTuple):
    id: int
    position_id: int
    ours: int
    theirs: int
    accepted_at: datetime | None
    superseded_at: datetime | None
    message_kind: str
    sequence: int
    source: str
    moved_since: int

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.superseded_at is None

    @property
    def is_of_a_count(self) -> bool:
        return self.message_kind == SyncMessage.Kind.SNAPSHOT


@needs_transaction
def accept_drift(*, drift_ids: Iterable[int], reason: str, at: datetime | None = None) -> None:
    """This function will take over the other system's numbers, each difference once.

    On hand changes by the difference that was seen, so what moved since stays. Other counts of the
    same places are closed with it: they tell of the same units.

    :raises NothingChanges: no difference is named, or no reason given.
    :raises UnknownDrift: one does not exist.
    :raises DriftClosed: one was taken over or answered before, or two tell of the same units.
    :raises DriftOutdated: the balance is not what was seen plus what moved since.
    :raises TrackedByLot: the units are known by lot or serial number.
    :raises NotEnoughOnHand: less would be left than is promised.
    :raises TooMuchOnHand: more than any place holds would be left.
    """
    wanted = sorted(set(drift_ids))
    if not wanted or not reason.strip():
        raise NothingChanges("Choose what to take over, and give a reason.")
    rows = Drift.objects.filter(pk__in=wanted).values_list("position_id", flat=True)
    positions = {p.id: p for p in balances.lock_ids(position_ids=list(rows))}
    found = _lock_drifts(positions, wanted)
    chosen = [drift for drift in found if drift.id in wanted]
    if len(chosen) != len(wanted):
        raise UnknownDrift
    _require_open(chosen)
    for drift in chosen:
        _require_as_seen(drift, positions[drift.position_id])
    moment = at or clock.now()
    entries = [_entry(drift, reason.strip(), moment) for drift in chosen]
    _require_bearable(positions, entries)
    balances.book(entries=entries)
    Drift.objects.filter(pk__in=wanted).update(accepted_at=moment)
    others = [d.id for d in found if d.is_of_a_count and d.is_open and d.id not in wanted]
    Drift.objects.filter(pk__in=others).update(superseded_at=moment)
    stock.follow(positions=positions.values(), entries=entries, at=moment)


def _lock_drifts(positions: Mapping[int, Position], wanted: list[int]) -> list[_Open]:
    with connection.cursor() as cursor:
        cursor.execute(_sync_sql.LOCK_DRIFTS, [list(positions), wanted])
        return [_Open(*row) for row in cursor.fetchall()]


def _require_open(chosen: Sequence[_Open]) -> None:
    if not all(drift.is_open for drift in chosen):
        raise DriftClosed("It was taken over before, or a newer comparison answered it.")
    places = Counter(drift.position_id for drift in chosen)
    if any(places[drift.position_id] > 1 for drift in chosen if drift.is_of_a_count):
        raise DriftClosed("Two of them tell of the same units; choose one.")


def _require_as_seen(drift: _Open, position: Position) -> None:
    if position.on_hand != drift.ours + drift.moved_since:
        raise DriftOutdated(
            f"{position.on_hand} are on hand; {drift.ours} were compared and "
            f"{drift.moved_since:+d} moved since. Compare again."
        )


def _require_bearable(positions: Mapping[int, Position], entries: Sequence[Entry]) -> None:
    units: Counter[int] = Counter()
    for entry in entries:
        units[entry.position_id] += entry.on_hand
    for key, change in units.items():
        if positions[key].tracking != "none":
            raise TrackedByLot("Correct it by lot or serial number.")
        if change > 0 and positions[key].on_hand + change > stock.MAX_ON_HAND:
            raise TooMuchOnHand(f"A place holds at most {stock.MAX_ON_HAND} units.")
    stock.require_left(positions=positions.values(), entries=entries)


def _entry(drift: _Open, reason: str, at: datetime) -> Entry:
    return Entry(
        position_id=drift.position_id,
        kind=StockMovement.Kind.ADJUSTED,
        document_kind=DOCUMENT,
        document_ref=document_ref(drift.source, drift.sequence),
        at=at,
        actor=current().actor,
        reason=reason,
        on_hand=drift.theirs - drift.ours,
    )
