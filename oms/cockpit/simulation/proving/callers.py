"""Callers of one process: threads that buy, hold, walk away, give back and ship what others want,
at the same moment as everybody else.

A caller takes a database connection for each of its calls and returns it, as a request does; so
hundreds of callers share the connections that the server has room for. The wait for a connection is
not the wait for stock, and is not counted.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection

from inventory.services import reservations, selling
from inventory.types import Demand, DemandAtNode, Leg, ReserveResult
from oms.cockpit.simulation.proving.market import Market, Place
from oms.core import clock
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.core.transactions import unit

_KIND = "proof"
#: What a caller keeps at most; then it gives back before it buys again, so that the fight goes on.
_KEPT = 3
_SHORTEST, _LONGEST = 0.05, 1.5
#: Until then every hold of the fight has run out.
HOLDS_END = _LONGEST + 0.5
_SWEEP_EVERY, _SWEEP = 0.2, 50
#: Of the writer behind the front, and of the sweep.
_OWN_CONNECTIONS = 2
#: However slow the machine, its connections open in this time.
_WARM_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Job:
    """The callers `first` to `first + callers` of `of`, for so many seconds."""

    market: Market
    first: int
    callers: int
    of: int
    seconds: float
    seed: int


@dataclass(slots=True)
class Tally:
    """What callers did and what they were told."""

    counts: Counter[str] = field(default_factory=Counter)
    #: Seconds until each answer.
    waits: list[float] = field(default_factory=list)
    #: Demands that were told to have what they asked for.
    served: list[str] = field(default_factory=list)
    #: Demands that got an error instead of an answer: they may have it or not.
    in_doubt: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.counts += other.counts
        self.errors += other.errors
        self.waits += other.waits
        self.served += other.served
        self.in_doubt += other.in_doubt


def fight(job: Job) -> Tally:
    """This function will let the callers do as they like until the time is over."""
    return _together(job, "fight", _fight, helpers=[_sweep])


def last_call(job: Job) -> Tally:
    """This function will let the callers buy whatever is left; nobody gives anything back."""
    return _together(job, "last", _buy_the_rest)


def _together(
    job: Job,
    phase: str,
    work: Callable[[_Caller, Job], None],
    helpers: Sequence[Callable[[Job, float], None]] = (),
) -> Tally:
    size = _warm_up()
    room = threading.BoundedSemaphore(size - _OWN_CONNECTIONS)
    callers = [_Caller(job, job.first + n, phase, room) for n in range(job.callers)]
    gate = threading.Barrier(job.callers + len(helpers))

    def begin(call: Callable[[], None]) -> None:
        gate.wait()
        with acting(actor="command:prove_no_oversell"):
            call()

    with ThreadPoolExecutor(job.callers + len(helpers)) as threads:
        ends_at = clock.monotonic() + job.seconds
        done = [
            *(threads.submit(begin, partial(work, caller, job)) for caller in callers),
            *(threads.submit(begin, partial(helper, job, ends_at)) for helper in helpers),
        ]
        for each in done:
            each.result()
    total = Tally()
    for caller in callers:
        total.add(caller.tally)
    return total


def _warm_up() -> int:
    """Opens all connections of this process at once, and returns how many: what a server does
    before its first request is no caller's wait."""
    size = int(connection.settings_dict["OPTIONS"]["pool"]["max_size"])
    together = threading.Barrier(size)

    def open_one(_: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT inventory_look('{}', '{}', '[]')")
            together.wait(_WARM_SECONDS)
        connection.close()

    with ThreadPoolExecutor(size) as threads:
        list(threads.map(open_one, range(size)))
    return size


def _fight(caller: _Caller, job: Job) -> None:
    ends_at = clock.monotonic() + job.seconds
    while clock.monotonic() < ends_at:
        caller.act()


def _buy_the_rest(caller: _Caller, job: Job) -> None:
    """Each place is asked for by a few callers, until they are told that nothing is left."""
    places = [*job.market.singles, *job.market.hot]
    mine = [p for n, p in enumerate(places) if (n + caller.number) % max(1, job.of // 4) == 0]
    caller.chance.shuffle(mine)
    for place in mine:
        while caller.buy(place):
            pass


def _sweep(_job: Job, ends_at: float) -> None:
    """Tidies holds that ran out while everybody sells over them."""
    while clock.monotonic() < ends_at:
        try:
            reservations.expire_due(before=clock.now(), limit=_SWEEP)
        except OmsError as error:
            if not error.is_retryable:
                raise
        finally:
            connection.close()
        clock.sleep(_SWEEP_EVERY)


class _Caller:
    """One caller; every second one comes through the group-commit front."""

    def __init__(self, job: Job, number: int, phase: str, room: threading.BoundedSemaphore) -> None:
        self.market, self.number, self._room = job.market, number, room
        self.chance = random.Random(job.seed * 100_003 + number)
        self.tally = Tally()
        self._mine: list[str] = []
        self._asked = 0
        self._prefix = f"{phase}-{number}"

    def act(self) -> None:
        if len(self._mine) >= _KEPT or (self._mine and self.chance.random() < 0.4):
            self._part_with(self._mine.pop(self.chance.randrange(len(self._mine))))
        elif (roll := self.chance.random()) < 0.4:
            self.buy(self.chance.choice(self.market.singles))
        elif roll < 0.75:
            self._buy_two()
        else:
            self._hold()

    def buy(self, *places: Place) -> bool:
        """This function will order one unit at each place; True when the order has them."""
        demand = self._demand(places)
        if self.number % 2:
            # Needs no connection of its own.
            answer = self._ask(demand, lambda: selling.reserve_now(demand=demand), nullcontext())
        else:
            answer = self._ask(
                demand, lambda: _in_unit(reservations.reserve, demands=[demand]), self._room
            )
        return answer is not None and bool(answer.taken)

    def _buy_two(self) -> None:
        """Neighbors order the same two things the other way round."""
        pair = self.chance.sample(self.market.hot, 2)
        self.buy(*sorted(pair, reverse=bool(self.number // 2 % 2)))

    def _hold(self) -> None:
        """A cart: left alone, or turned into an order at about the moment it runs out."""
        demand = self._demand([self.chance.choice([*self.market.singles, *self.market.hot])])
        seconds = self.chance.uniform(_SHORTEST, _LONGEST)
        until = clock.now() + timedelta(seconds=seconds)
        answer = self._ask(
            demand,
            lambda: _in_unit(reservations.hold, demands=[demand], expires_at=until),
            self._room,
            is_hold=True,
        )
        if answer is None or not answer.taken or self.chance.random() < 0.5:
            return
        clock.sleep(seconds * self.chance.uniform(0.2, 1.1))
        if self._step("firm", "allocate", demand.demand_ref):
            self._mine.append(demand.demand_ref)

    def _part_with(self, ref: str) -> None:
        if self.chance.random() < 0.05:
            self._step("shipped", "consume", ref)
        else:
            self._step("given back", "release", ref, reason="changed mind")

    def _step(self, word: str, service: str, ref: str, **more: Any) -> bool:
        items = [DemandAtNode(_KIND, ref)]
        call = partial(_in_unit, getattr(reservations, service), items=items, **more)
        with self._room:
            done = self._timed(lambda: (call(),))
        self.tally.counts[word if done else f"not {word}"] += 1
        return done is not None

    def _ask(
        self,
        demand: Demand,
        call: Callable[[], ReserveResult],
        room: AbstractContextManager[object],
        *,
        is_hold: bool = False,
    ) -> ReserveResult | None:
        self.tally.counts["asked"] += 1
        with room:
            answer = self._timed(call)
        if answer is None:
            self.tally.in_doubt.append(demand.demand_ref)
        elif answer.taken:
            self.tally.counts["held" if is_hold else "sold"] += 1
            self.tally.served.append(demand.demand_ref)
            if not is_hold:
                self._mine.append(demand.demand_ref)
        else:
            self.tally.counts["sold out"] += 1
        return answer

    def _timed(self, call: Callable[[], Any]) -> Any:
        """The answer, or None for an error, which is counted by its code."""
        began = clock.monotonic()
        try:
            return call()
        except OmsError as error:
            self.tally.errors[error.code] += 1
        except Exception as error:
            self.tally.errors[f"{type(error).__name__}: {error}"[:200]] += 1
        finally:
            connection.close()
            self.tally.waits.append(clock.monotonic() - began)
        return None

    def _demand(self, places: Sequence[Place]) -> Demand:
        self._asked += 1
        legs = tuple(
            Leg(str(n), variant_id, node_id, 1) for n, (node_id, variant_id) in enumerate(places)
        )
        return Demand(self.market.organization_id, _KIND, f"{self._prefix}-{self._asked}", legs)


def _in_unit(service: Callable[..., Any], **asked: Any) -> Any:
    with unit():
        return service(**asked)
