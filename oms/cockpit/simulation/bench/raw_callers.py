"""Calls the raw placing function as fast as it goes. Runs in processes without Django."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import psycopg

LINES = 2


@dataclass(frozen=True, slots=True)
class Job:
    """Where to call what, for how long; `positions` are (position, variant), by position.

    With `is_hot` every order takes from the first position.
    """

    connect: Mapping[str, Any]
    statement: str
    positions: Sequence[tuple[int, int]]
    threads: int
    seconds: float = 0.0
    seed: int = 0
    is_hot: bool = False

    def for_turn(self, seed: int, seconds: float, *, hot: bool) -> Job:
        return replace(self, seed=seed, seconds=seconds, is_hot=hot)

    def open(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(**self.connect, autocommit=True, prepare_threshold=0)

    def choose(self, chance: random.Random) -> tuple[list[int], list[int]]:
        """Positions by variant, as their sums are locked, then by key, so that no two calls wait
        for each other crosswise."""
        if self.is_hot:
            rows = [self.positions[0], chance.choice(self.positions[1:])]
        else:
            chosen = chance.sample(self.positions, LINES)
            rows = sorted(chosen, key=lambda row: row[::-1])
        return [row[0] for row in rows], [row[1] for row in rows]


def work(job: Job) -> float:
    """This function will call from `threads` connections for `seconds`; calls per second."""
    gate = threading.Barrier(job.threads)

    def call(number: int) -> float:
        chance = random.Random(job.seed * 1_000 + number)
        with job.open() as session:
            session.execute(job.statement, job.choose(chance))
            gate.wait(timeout=30)
            return _calls_per_second(job, session, chance)

    # A caller that fails ends the measure: a limit without it would be too low, and we too good.
    with ThreadPoolExecutor(job.threads) as pool:
        return sum(pool.map(call, range(job.threads)))


def _calls_per_second(
    job: Job, session: psycopg.Connection[tuple[Any, ...]], chance: random.Random
) -> float:
    started, calls = time.monotonic(), 0
    while time.monotonic() - started < job.seconds:
        session.execute(job.statement, job.choose(chance))
        calls += 1
    return calls / (time.monotonic() - started)


def one_by_one(job: Job, count: int) -> list[float]:
    """This function will make `count` calls on one connection; milliseconds each."""
    chance, taken = random.Random(job.seed), []
    with job.open() as session:
        session.execute(job.statement, job.choose(chance))
        for _ in range(count):
            started = time.monotonic()
            session.execute(job.statement, job.choose(chance))
            taken.append((time.monotonic() - started) * 1_000)
    return taken
