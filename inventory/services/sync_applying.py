"""Plays a run of messages in the order of their numbers: changes are booked, counts compared.

What a place cannot bear is not clamped: that change is left out, and a difference is opened for a
person. Statements do not grow with the number of messages.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from inventory.models.stock import StockMovement
from inventory.models.syncing import SyncMessage, SyncSource
from inventory.services import _sync_sql, balances, drifts, stock
from inventory.services.balances import Entry, Place, Position
from inventory.services.drifts import Difference, Report
from oms.core import bulk
from oms.core.context import current
from oms.core.transactions import needs_transaction

_MAX_PROBLEM = 200
#: What a report's column can say. Beyond it no number could be taken over anyway.
_MOST = 2_147_483_647


@dataclass(frozen=True, slots=True)
class _Seen:
    """A compared place as it stood before this run, and its last movement then."""

    position_id: int
    on_hand: int
    last_movement_id: int | None


@needs_transaction
def apply_run(*, source: SyncSource, run: Sequence[SyncMessage], at: datetime) -> dict[int, str]:
    """This function will apply the messages, which follow one another without a gap, once.

    The source must be locked.

    :returns: by number, why changes of a message could not be booked.
    """
    positions = _lock(run)
    player = _Player(source.code, positions, _compared(source, run), at)
    for message in run:
        player.play(message)
    balances.book(entries=player.entries)
    stock.follow(positions=positions.values(), entries=player.entries, at=at)
    drifts.report(source=source, reports=player.reports, booked=player.booked, at=at)
    bulk.update_rows(
        SyncMessage,
        [
            {"id": m.pk, "applied_at": at, "problem": player.problems.get(m.sequence, "")}
            for m in run
        ],
    )
    return player.problems


def _places_of(message: SyncMessage) -> list[tuple[Place, Mapping[str, Any]]]:
    """This function will return the lines of a message with their places."""
    return [((line["node_id"], line["variant_id"]), line) for line in message.body["lines"]]


def _lock(run: Sequence[SyncMessage]) -> dict[Place, Position]:
    """Locks what changes; what is only compared is read without a lock, but must exist."""
    changed, counted = set(), set()
    for message in run:
        for place, line in _places_of(message):
            if message.kind == SyncMessage.Kind.DELTA:
                changed.add(place)
            elif line["units"]:
                counted.add(place)
    balances.add_places(places=changed | counted)
    return {position.place: position for position in balances.lock_places(places=changed)}


def _compared(source: SyncSource, run: Sequence[SyncMessage]) -> dict[Place, _Seen]:
    snapshots = [message for message in run if message.kind == SyncMessage.Kind.SNAPSHOT]
    if not snapshots:
        return {}
    places = sorted({place for message in snapshots for place, _ in _places_of(message)})
    complete = {
        node_id
        for message in snapshots
        if message.body["is_complete"]
        for (node_id, _), _ in _places_of(message)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _sync_sql.COMPARED,
            [
                [node_id for node_id, _ in places],
                [variant_id for _, variant_id in places],
                sorted(complete),
                source.organization_id,
            ],
        )
        return {(row[1], row[2]): _Seen(row[0], row[3], row[4]) for row in cursor.fetchall()}


@dataclass(slots=True)
class _Player:
    """Balances as they are after the messages played so far."""

    source: str
    positions: Mapping[Place, Position]
    seen: Mapping[Place, _Seen]
    at: datetime
    actor: str = field(default_factory=lambda: current().actor)
    moved: Counter[int] = field(default_factory=Counter)
    entries: list[Entry] = field(default_factory=list)
    #: Entries by position so far, to find afterwards which movement was the last then.
    booked: Counter[int] = field(default_factory=Counter)
    reports: list[Report] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)

    def play(self, message: SyncMessage) -> None:
        if message.kind == SyncMessage.Kind.DELTA:
            self._change(message)
        else:
            self._compare(message)

    def _change(self, message: SyncMessage) -> None:
        unbooked: dict[Position, int] = defaultdict(int)
        problems = []
        for place, line in _places_of(message):
            position = self.positions.get(place)
            problem = self._problem(position, line["units"])
            if position is not None and not problem:
                self._book(position, line, message.sequence)
                continue
            problems.append(f"{problem}: {line['sku']} at {line['node']}, {line['units']:+d}")
            if position is not None:
                unbooked[position] += line["units"]
        if problems:
            self.problems[message.sequence] = _sentence(problems)
            self._open(message, unbooked)

    def _problem(self, position: Position | None, units: int) -> str:
        """The code of why a change cannot be booked; empty: it can."""
        if position is None:
            return stock.UnknownPlace.code
        if position.tracking != "none":
            return drifts.TrackedByLot.code
        left = position.on_hand + self.moved[position.id] + units
        if units < 0 and left < stock.floor_of(position):
            return stock.NotEnoughOnHand.code
        return drifts.TooMuchOnHand.code if units > 0 and left > stock.MAX_ON_HAND else ""

    def _book(self, position: Position, line: Mapping[str, Any], sequence: int) -> None:
        self.moved[position.id] += line["units"]
        self.booked[position.id] += 1
        self.entries.append(
            Entry(
                position_id=position.id,
                kind=StockMovement.Kind.ADJUSTED,
                document_kind=drifts.DOCUMENT,
                document_ref=drifts.document_ref(self.source, sequence),
                at=self.at,
                actor=self.actor,
                reason=line["reason"],
                on_hand=line["units"],
            )
        )

    def _open(self, message: SyncMessage, unbooked: Mapping[Position, int]) -> None:
        """A difference for each place that lacks changes; those that cancel out are none."""
        found = []
        for position, units in unbooked.items():
            ours = position.on_hand + self.moved[position.id]
            theirs = max(-_MOST, min(ours + units, _MOST))
            if units:
                found.append(Difference(position.id, ours, theirs, self.booked[position.id]))
        compared = len({place for place, _ in _places_of(message)})
        self.reports.append(Report(message, compared, tuple(found)))

    def _compare(self, message: SyncMessage) -> None:
        counted = {place: line["units"] for place, line in _places_of(message)}
        if message.body["is_complete"]:
            nodes = {node_id for node_id, _ in counted}
            for place in [*self.seen, *self.positions]:
                if place[0] in nodes:
                    counted.setdefault(place, 0)
        found, compared = [], []
        for place, theirs in sorted(counted.items()):
            if (seen := self._stand(place)) is None:
                continue
            compared.append(seen.position_id)
            ours = seen.on_hand + self.moved[seen.position_id]
            if ours != theirs:
                found.append(self._difference(place, seen, ours, theirs))
        self.reports.append(Report(message, len(counted), tuple(found), tuple(compared)))

    def _stand(self, place: Place) -> _Seen | None:
        if place in self.seen:
            return self.seen[place]
        position = self.positions.get(place)
        return _Seen(position.id, position.on_hand, None) if position else None

    def _difference(self, place: Place, seen: _Seen, ours: int, theirs: int) -> Difference:
        if place in self.positions:  # locked: what came last is known when all is booked
            return Difference(seen.position_id, ours, theirs, self.booked[seen.position_id])
        return Difference(seen.position_id, ours, theirs, None, seen.last_movement_id)


def _sentence(problems: Iterable[str]) -> str:
    first, *others = problems
    text = f"{first} (and {len(others)} more)" if others else first
    return text[:_MAX_PROBLEM]
