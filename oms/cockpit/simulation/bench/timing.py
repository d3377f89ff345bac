"""How things are timed: fixed work, ours and raw by turns, the middle of the rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from oms.core import clock

#: Runs once and returns what it measured.
Measure = Callable[[], float]


def in_turns(rounds: int, *measures: Measure) -> list[float]:
    """This function will run the measures by turns and return the median of each.

    A disturbance of the machine then meets all of them alike.
    """
    seen: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for values, measure in zip(seen, measures, strict=True):
            values.append(measure())
    return [statistics.median(values) for values in seen]


def rate(work: Callable[[], int]) -> float:
    """This function will do the work and return its units per second."""
    started = clock.monotonic()
    done = work()
    return done / (clock.monotonic() - started)


def milliseconds(work: Callable[[], object]) -> float:
    """This function will do the work and return how long it took."""
    started = clock.monotonic()
    work()
    return (clock.monotonic() - started) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """This function will return the value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
