"""One fight over scarce stock by callers in several processes, and what the database says after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import get_context
from multiprocessing.pool import AsyncResult, Pool

import django
from django.db import connection

from inventory.services import ledger
from oms.cockpit.simulation.proving import callers, questions, weakening
from oms.cockpit.simulation.proving.callers import Job, Tally
from oms.cockpit.simulation.proving.market import Market, open_market
from oms.cockpit.simulation.proving.verdict import Found
from oms.core import clock
from oms.core.errors import Unavailable

#: Told the phase's name and its seconds; yields what is called with the seconds that passed.
Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]

#: Callers end by themselves, in time or when everything is sold; this late, they stand still.
_PATIENCE_SECONDS = 240
_LOOK_EVERY = 0.1


class StoodStill(Unavailable):
    """Callers did not come to an end."""

    code = "proof.stood_still"


def have(
    *, callers_: int, processes: int, seconds: int, units: int, has_guard: bool, progress: Progress
) -> Found:
    """This function will let the callers fight in the database of this process, which must be a
    scratch one, and return what they and the database say.

    :raises NotScratch: the guard is to be off and this is no scratch database.
    :raises StoodStill: callers did not come to an end.
    """
    market = open_market(units=units)
    jobs = _jobs(market, callers_, processes, seconds)
    guard = nullcontext() if has_guard else weakening.without(*weakening.AGAINST_OVERSELL)
    with guard, _processes(processes) as pool:
        total = Tally()
        with progress("fighting", seconds) as advance:
            fighting = pool.map_async(callers.fight, jobs, chunksize=1)
            locked = _collect(total, fighting, seconds, advance)
        clock.sleep(callers.HOLDS_END)
        with progress("last call", None) as advance:
            buying = pool.map_async(callers.last_call, jobs, chunksize=1)
            locked = max(locked, _collect(total, buying, None, advance))
        return _found(market, total, locked)


def _jobs(market: Market, count: int, processes: int, seconds: int) -> list[Job]:
    shares = [count // processes + (n < count % processes) for n in range(processes)]
    return [
        Job(
            market=market,
            first=sum(shares[:number]),
            callers=share,
            of=count,
            seconds=seconds,
            seed=number,
        )
        for number, share in enumerate(shares)
    ]


@contextmanager
def _processes(count: int) -> Iterator[Pool]:
    # A fork would share this process's connections.
    with get_context("spawn").Pool(count, initializer=django.setup) as pool:
        yield pool
        pool.close()
        pool.join()


def _collect(
    total: Tally,
    running: AsyncResult[list[Tally]],
    seconds: int | None,
    advance: Callable[[int], None],
) -> float:
    """Waits for all processes, tells how many of `seconds` are over (None: without end), and
    returns the longest wait for a lock that it saw."""
    began, told, locked = clock.monotonic(), 0, 0.0
    while not running.ready():
        running.wait(_LOOK_EVERY)
        locked = max(locked, questions.longest_lock_wait())
        passed = int(clock.monotonic() - began)
        if passed > (seconds or 0) + _PATIENCE_SECONDS:
            raise StoodStill("Callers did not come to an end.")
        shown = passed if seconds is None else min(passed, seconds)
        if shown > told:
            advance(shown - told)
            told = shown
    for tally in running.get():
        total.add(tally)
    return locked


def _found(market: Market, total: Tally, locked: float) -> Found:
    report = ledger.verify()
    served, doubted = set(total.served), set(total.in_doubt)
    recorded = _recorded()
    return Found(
        units=market.units,
        places=len(market.singles) + len(market.hot),
        counts=dict(total.counts),
        errors=dict(total.errors),
        waits=sorted(total.waits),
        lock_wait=locked,
        oversold_now=questions.units_oversold_now(),
        oversold_ever=questions.units_oversold_ever(),
        unsold=questions.units_unsold(),
        unbacked=questions.units_unbacked(),
        ended_twice=questions.reservations_ended_twice(),
        misled=len(served ^ (recorded - doubted)),
        differences=report.count,
        movements=report.movements,
        deadlocks=questions.deadlocks(),
    )


def _recorded() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT demand_ref FROM inventory_reservation")
        return {row[0] for row in cursor.fetchall()}
