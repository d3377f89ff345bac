"""What stock is meant to do, in plain Python: no database, no locks, one caller at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

#: (node, SKU)
Place = tuple[str, str]
#: (demand, node or None for all nodes)
Item = tuple[str, str | None]
#: (line, place, wanted, available)
Missing = tuple[str, Place, int, int]

SOFT = frozenset({"held", "confirmed"})
FIRM = frozenset({"allocated", "picked"})
LIVE = SOFT | FIRM
MAX_EXTENSIONS, MAX_HOLD = 3, timedelta(days=7)


class Refused(Exception):
    """The model says no; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Shelf:
    on_hand: int = 0
    quarantined: int = 0
    safety: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Promise:
    """Units of one place for one line of a demand."""

    ref: str
    line: str
    place: Place
    units: int
    status: str
    made_at: datetime
    expires_at: datetime | None = None
    extensions: int = 0


@dataclass(frozen=True, slots=True)
class Leg:
    line: str
    place: Place
    units: int


@dataclass(frozen=True, slots=True)
class Wish:
    """A demand as a caller states it."""

    ref: str
    legs: tuple[Leg, ...]
    is_partial: bool = False


@dataclass(slots=True)
class Answer:
    taken: list[str] = field(default_factory=list)
    short: dict[str, list[Missing]] = field(default_factory=dict)


class Model:
    """One seller's shelves and promises at one moment."""

    def __init__(self, shelves: dict[Place, Shelf], now: datetime) -> None:
        self.shelves, self.now = shelves, now
        self.promises: list[Promise] = []
        #: Ran out, and not tidied: these take nothing from anybody.
        self.stale: list[Promise] = []
        self.shipped_from: set[tuple[str, str]] = set()
        self.totals: Counter[str] = Counter()

    def free(self, place: Place) -> int:
        shelf = self.shelves[place]
        promised = sum(p.units for p in self.promises if p.place == place)
        return shelf.on_hand - promised - shelf.safety + shelf.limit

    def advance(self, by: timedelta) -> None:
        self.now += by
        over = [p for p in self.promises if p.expires_at and p.expires_at <= self.now]
        self.promises = [p for p in self.promises if p not in over]
        self.stale += over

    # Shelves

    def receive(self, place: Place, units: int) -> None:
        self.shelves[place].on_hand += units
        self.totals["received"] += units

    def take_back(self, place: Place, units: int, *, quarantine: bool) -> None:
        self.totals["returned"] += units
        if quarantine:
            self.shelves[place].quarantined += units
        else:
            self.shelves[place].on_hand += units

    def adjust(self, place: Place, units: int) -> None:
        shelf = self.shelves[place]
        rows = [p for p in (*self.promises, *self.stale) if p.place == place]
        promised = max(0, sum(p.units for p in rows) - shelf.limit)
        if units < 0 and shelf.on_hand + units < promised:
            raise Refused("inventory.not_enough_on_hand")
        shelf.on_hand += units
        self.totals["adjusted"] += units

    def transfer(self, place: Place, other: Place, units: int) -> None:
        self.adjust(place, -units)
        self.adjust(other, units)

    # Promises

    def reserve(self, wishes: Sequence[Wish]) -> Answer:
        return self._take(wishes, "allocated", FIRM, None)

    def hold(self, wishes: Sequence[Wish], expires_at: datetime) -> Answer:
        return self._take(wishes, "held", LIVE, expires_at)

    def _take(
        self, wishes: Sequence[Wish], status: str, counts: frozenset[str], until: datetime | None
    ) -> Answer:
        answer = Answer()
        first: dict[str, Wish] = {}
        for wish in wishes:
            first.setdefault(wish.ref, wish)
        had = {ref: self._units_by_line(ref, counts) for ref in first}
        for ref, wish in first.items():
            legs = [leg for leg in wish.legs if leg.line not in had[ref]]
            is_taken, missing = self._serve(wish, legs, status, until) if legs else (True, [])
            if is_taken:
                answer.taken.append(ref)
                if wish.is_partial:
                    missing += self._asked_before(wish, had[ref])
            if missing:
                answer.short[ref] = missing
        return answer

    def _serve(
        self, wish: Wish, legs: Sequence[Leg], status: str, until: datetime | None
    ) -> tuple[bool, list[Missing]]:
        granted, missing = self._missing(wish, legs)
        if not granted or (missing and not wish.is_partial):
            return False, missing
        for own in self._own(wish, legs):
            self.promises.remove(own)
        sums: Counter[tuple[str, Place]] = Counter()
        for leg, units in granted:
            sums[leg.line, leg.place] += units
        for (line, place), units in sums.items():
            self.promises.append(Promise(wish.ref, line, place, units, status, self.now, until))
        return True, missing

    def _missing(
        self, wish: Wish, legs: Sequence[Leg]
    ) -> tuple[list[tuple[Leg, int]], list[Missing]]:
        own = Counter[Place]()
        for promise in self._own(wish, legs):
            own[promise.place] += promise.units
        granted: list[tuple[Leg, int]] = []
        missing: list[Missing] = []
        for leg in legs:
            given = sum(units for other, units in granted if other.place == leg.place)
            left = max(0, self.free(leg.place) + own[leg.place] - given)
            units = leg.units if left >= leg.units else left if wish.is_partial else 0
            if left < leg.units:
                missing.append((leg.line, leg.place, leg.units, left))
            if units:
                granted.append((leg, units))
        return granted, missing

    def _own(self, wish: Wish, legs: Sequence[Leg]) -> list[Promise]:
        lines = {leg.line for leg in legs}
        return [p for p in self._of(wish.ref, SOFT) if p.line in lines]

    @staticmethod
    def _asked_before(wish: Wish, had: Counter[str]) -> list[Missing]:
        left, missing = Counter(had), []
        for leg in wish.legs:
            if leg.line in had:
                there = left[leg.line]
                left[leg.line] = max(0, there - leg.units)
                if there < leg.units:
                    missing.append((leg.line, leg.place, leg.units, there))
        return missing

    def extend(self, items: Sequence[Item], expires_at: datetime) -> None:
        rows = self._standing(items, frozenset({"held"}))
        shorter = [p for p in rows if p.expires_at and p.expires_at < expires_at]
        for promise in shorter:
            if promise.extensions >= MAX_EXTENSIONS or expires_at > promise.made_at + MAX_HOLD:
                raise Refused("inventory.hold_too_long")
        for promise in shorter:
            self._change(promise, expires_at=expires_at, extensions=promise.extensions + 1)

    def confirm(self, items: Sequence[Item]) -> None:
        for promise in self._standing(items, LIVE):
            if promise.status == "held":
                self._change(promise, status="confirmed", expires_at=None)

    def allocate(self, items: Sequence[Item]) -> None:
        for promise in self._standing(items, LIVE):
            if promise.status in SOFT:
                self._change(promise, status="allocated", expires_at=None)

    def unroute(self, items: Sequence[Item]) -> None:
        for promise in self._standing(items, frozenset({"allocated"})):
            self._change(promise, status="confirmed")

    def pick(self, items: Sequence[Item]) -> None:
        for promise in self._standing(items, FIRM):
            self._change(promise, status="picked")

    def consume(self, items: Sequence[Item]) -> None:
        rows = self._matching(items, FIRM)
        for ref, node in items:
            was = any(r == ref and node in (None, n) for r, n in self.shipped_from)
            if not was and not self._matching([(ref, node)], FIRM):
                raise Refused("inventory.nothing_reserved")
        for promise in rows:
            self.promises.remove(promise)
            self.shelves[promise.place].on_hand -= promise.units
            self.shipped_from.add((promise.ref, promise.place[0]))
            self.totals["shipped"] += promise.units

    def release(self, items: Sequence[Item]) -> int:
        """Also what ran out is given back, where nobody tidied it."""
        rows = self._matching(items, LIVE)
        over = [p for p in self.stale if self._is_meant(p, items)]
        self.promises = [p for p in self.promises if p not in rows]
        self.stale = [p for p in self.stale if p not in over]
        return sum(p.units for p in (*rows, *over))

    def split(self, promise: Promise, units: int) -> None:
        self._require_unpicked(promise)
        if units >= promise.units:
            raise Refused("inventory.not_divisible")
        self._change(promise, units=promise.units - units)
        self.promises.append(replace(promise, units=units))

    def move(self, promise: Promise, node: str, units: int | None) -> None:
        self._require_unpicked(promise)
        if promise.place[0] == node:
            return
        wanted = promise.units if units is None else units
        if wanted > promise.units:
            raise Refused("inventory.not_divisible")
        place = (node, promise.place[1])
        if self.free(place) < wanted:
            raise Refused("inventory.out_of_stock")
        self.promises.remove(promise)
        if wanted < promise.units:
            self.promises.append(replace(promise, units=promise.units - wanted))
        self.promises.append(replace(promise, units=wanted, place=place))

    def _require_unpicked(self, promise: Promise) -> None:
        if promise in self.stale:
            raise Refused("inventory.hold_expired")
        if promise.status == "picked":
            raise Refused("inventory.already_picked")

    def _standing(self, items: Sequence[Item], statuses: frozenset[str]) -> list[Promise]:
        rows = self._matching(items, statuses)
        over = [p for p in self.stale if p.status in statuses and self._is_meant(p, items)]
        for item in items:
            if not any(self._is_meant(p, [item]) for p in (*rows, *over)):
                raise Refused("inventory.nothing_reserved")
        if over:
            raise Refused("inventory.hold_expired")
        return rows

    def _matching(self, items: Sequence[Item], statuses: frozenset[str]) -> list[Promise]:
        return [p for p in self.promises if p.status in statuses and self._is_meant(p, items)]

    @staticmethod
    def _is_meant(promise: Promise, items: Iterable[Item]) -> bool:
        return any(promise.ref == ref and node in (None, promise.place[0]) for ref, node in items)

    def _units_by_line(self, ref: str, statuses: frozenset[str]) -> Counter[str]:
        lines: Counter[str] = Counter()
        for promise in self._of(ref, statuses):
            lines[promise.line] += promise.units
        return lines

    def _of(self, ref: str, statuses: frozenset[str]) -> list[Promise]:
        return [p for p in self.promises if p.ref == ref and p.status in statuses]

    def _change(self, promise: Promise, **changes: object) -> None:
        # By identity of value: equal promises are the same to everybody.
        self.promises[self.promises.index(promise)] = replace(promise, **changes)  # type: ignore[arg-type]
