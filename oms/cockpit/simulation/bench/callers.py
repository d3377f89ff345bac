"""Processes whose threads reserve as fast as they are answered: what a busy shop does."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Any

from inventory.types import Demand, Leg

PROCESSES = 2
#: Of one caller: more than any machine answers.
_MOST_PER_SECOND = 2_000


@dataclass(frozen=True, slots=True)
class Goods:
    """Variants of one node with stock without end; `positions` are their keys, in a row."""

    organization_id: int
    node_id: int
    variants: Sequence[int]
    positions: range

    def demand(self, reference: str, luck: random.Random, *, is_hot: bool = False) -> Demand:
        """This function will return an order of one unit each of two variants."""
        middle = len(self.variants) // 2
        first = self.variants[0] if is_hot else luck.choice(self.variants[:middle])
        return self._of(reference, (first, luck.choice(self.variants[middle:])))

    def single(self, reference: str, variant: int) -> Demand:
        return self._of(reference, (variant,))

    def _of(self, reference: str, variants: tuple[int, ...]) -> Demand:
        legs = tuple(
            Leg(str(line), variant, self.node_id, 1) for line, variant in enumerate(variants, 1)
        )
        return Demand(self.organization_id, "bench", reference, legs)

    @contextmanager
    def on_sale(self, number: int, units: int) -> Iterator[int]:
        """This function will leave exactly so many units of one variant for the block, which gets
        the variant; afterwards what was put away is back."""
        variant = self.variants[-1 - number]
        put_away = _free(self.node_id, variant) - units
        self._adjust(variant, -put_away)
        try:
            yield variant
        finally:
            self._adjust(variant, put_away)

    def _adjust(self, variant: int, units: int) -> None:
        from inventory.services import stock
        from inventory.types import StockChange
        from oms.core.transactions import unit

        change = StockChange(self.node_id, variant, units, "flash sale", "bench", "sale")
        with unit():
            stock.adjust(changes=[change])


def _free(node_id: int, variant_id: int) -> int:
    from inventory.services import balances
    from oms.core.transactions import unit

    with unit():
        [position] = balances.lock_places(places=[(node_id, variant_id)])
    return position.free


@dataclass(frozen=True, slots=True)
class Load:
    """What one process does: `threads` callers for `seconds`, or until `demands` are answered."""

    goods: Goods
    threads: int
    seconds: float
    seed: int = 0
    is_hot: bool = False
    demands: int = 0
    sale: int = 0


@dataclass(slots=True)
class Answered:
    taken: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Processes:
    """Callers' processes, started and ready."""

    pool: Pool

    def rate(self, loads: Sequence[Load]) -> float:
        """This function will run the loads at once; orders taken per second, in all."""
        told = self.run(loads)
        return sum(answer.taken / answer.seconds for answer in told)

    def run(self, loads: Sequence[Load]) -> list[Answered]:
        turn = time.monotonic_ns()
        numbered = [(replace(load, seed=number), turn) for number, load in enumerate(loads)]
        return self.pool.starmap(_work, numbered, chunksize=1)


@contextmanager
def processes() -> Iterator[Processes]:
    """This function will start the processes, each with its own writer."""
    with get_context("spawn").Pool(PROCESSES, initializer=_begin) as pool:
        yield Processes(pool)


def chance(seed: int) -> random.Random:
    return random.Random(seed)


def _begin() -> None:
    import django

    django.setup()


def _work(load: Load, turn: int) -> Answered:
    from inventory.services import selling

    gate = threading.Barrier(load.threads)
    shares: list[Answered] = [Answered() for _ in range(load.threads)]

    def call(number: int) -> None:
        luck = random.Random(turn + load.seed * 1_000 + number)
        demands = _demands(load, luck, f"{turn}_{load.seed}_{number}")
        gate.wait()
        _call(load, selling.reserve_now, demands, shares[number])

    threads = [threading.Thread(target=call, args=(n,)) for n in range(load.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Answered(
        sum(share.taken for share in shares),
        max(share.seconds for share in shares),
        [ms for share in shares for ms in share.latencies_ms],
    )


def _demands(load: Load, luck: random.Random, prefix: str) -> list[Demand]:
    """Made before the clock starts: the service is measured, not the shop in front of it."""
    goods = load.goods
    if load.sale:
        most = max(1, load.demands // load.threads)
        return [goods.single(f"{prefix}_{n}", load.sale) for n in range(most)]
    most = round(load.seconds * _MOST_PER_SECOND)
    return [goods.demand(f"{prefix}_{n}", luck, is_hot=load.is_hot) for n in range(most)]


def _call(load: Load, reserve: Any, demands: Sequence[Demand], share: Answered) -> None:
    started = time.monotonic()
    for demand in demands:
        asked = time.monotonic()
        share.taken += len(reserve(demand=demand).taken)
        answered = time.monotonic()
        share.latencies_ms.append((answered - asked) * 1_000)
        if load.seconds and answered - started > load.seconds:
            break
    share.seconds = time.monotonic() - started
