"""Reserving: two legs at one node, stock without end, beside L of `raw_reserving` in the same run.

- reserving, 8 callers: eight threads, each reserving one order after the other through
  `selling.reserve_now`, in one process with one writer, or in two of four callers each, which is
  how the web runs unless it is told otherwise; raw is L, spread. The bar is on the second: a
  single writer and its server process take turns, and never keep a second core busy.
- hot variant: the same callers, every order takes one variant; raw is the figure above it.
- hot, by guarded UPDATEs: hot callers by eight connections of which each order updates that row
  itself, statement by statement. By L hot, where it does so in one call, has no bar: three times
  that, about 1.3 L, would ask more of a hot variant than of spread demand.
- 1,000 plans in one call: one `reservations.reserve`; raw is L, spread.
- flash sale: N units, six times as many single demands, two processes of 64 callers each; sold
  must be N exactly, and p99 is of all answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from django.db import connection

from inventory.services import reservations
from oms.cockpit.simulation.bench import callers, raw_reserving, timing
from oms.cockpit.simulation.bench.callers import Goods, Load
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.raw_reserving import RawReserving
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World, settle
from oms.core.transactions import unit

CALLERS = 8
FLASH_CALLERS, FLASH_PROCESSES = 128, 2
PLANS = 1_000

_batches = count(1)

_POSITIONS = """
SELECT p.id, p.variant_id, p.node_id FROM inventory_stockposition p
JOIN catalog_variant v ON v.id = p.variant_id AND v.organization_id = %s
WHERE p.node_id = (
  SELECT q.node_id FROM inventory_stockposition q JOIN catalog_variant w ON w.id = q.variant_id
  WHERE w.organization_id = %s GROUP BY q.node_id ORDER BY count(*) DESC, q.node_id LIMIT 1
) ORDER BY p.id
"""


class Oversold(RuntimeError):
    """A fast shop that sells what it has not is no shop."""


def measure(world: World, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figures of reserving."""
    goods = _goods(world)
    # Plans that connections keep are made for tables that hold something, as everywhere else.
    for _ in range(sizes.rounds):
        _reserve(goods, sizes.plans)
    settle()
    with raw_reserving.limit(goods.positions) as raw, callers.processes() as started:
        yield from _one_writer(goods, sizes, raw, started)
        yield from _two_writers(goods, sizes, raw, started)
        yield _in_one_call(goods, sizes, raw)
        yield from _flash(goods, sizes, started)


def _goods(world: World) -> Goods:
    """Every variant at the node that has most, by position; keys follow each other."""
    with connection.cursor() as cursor:
        cursor.execute(_POSITIONS, [world.organization_id, world.organization_id])
        rows = cursor.fetchall()
    positions = range(rows[0][0], rows[0][0] + len(rows))
    if [row[0] for row in rows] != list(positions):
        raise RuntimeError("the positions of the bench have gaps")
    return Goods(world.organization_id, rows[0][2], [row[1] for row in rows], positions)


def _turns(sizes: Sizes) -> int:
    """More than elsewhere: callers' rates differ by a fifth from one second to the next."""
    return 2 * sizes.rounds - 1


def _one_writer(
    goods: Goods, sizes: Sizes, raw: RawReserving, started: callers.Processes
) -> Iterator[Figure]:
    spread_load = Load(goods, CALLERS, sizes.raw_seconds)
    hot_load = Load(goods, CALLERS, sizes.raw_seconds, is_hot=True)
    spread, limit, hot, limit_hot, plain_hot = timing.in_turns(
        _turns(sizes),
        lambda: started.rate([spread_load]),
        lambda: raw.rate(sizes.raw_seconds),
        lambda: started.rate([hot_load]),
        lambda: raw.rate(sizes.raw_seconds, hot=True),
        lambda: raw.guarded_updates(sizes.raw_seconds),
    )
    name = f"reserving, {CALLERS} callers, one writer"
    yield Figure(name, spread, "orders/s", raw=limit)
    yield Figure(f"{name}, hot variant", hot, "orders/s", raw=spread, ratio_bar=0.95)
    yield Figure(f"{name}, hot, by guarded UPDATEs", hot, "orders/s", raw=plain_hot, ratio_bar=3.0)
    yield Figure(f"{name}, hot, by L hot", hot, "orders/s", raw=limit_hot)
    yield Figure("L, 8 connections, hot variant", limit_hot, "orders/s", raw=limit)


def _two_writers(
    goods: Goods, sizes: Sizes, raw: RawReserving, started: callers.Processes
) -> Iterator[Figure]:
    halves = [Load(goods, CALLERS // 2, sizes.raw_seconds, seed=seed) for seed in (1, 2)]
    hot_halves = [replace(half, is_hot=True) for half in halves]
    hot, spread, limit = timing.in_turns(
        _turns(sizes),
        lambda: started.rate(hot_halves),
        lambda: started.rate(halves),
        lambda: raw.rate(sizes.raw_seconds),
    )
    name = f"reserving, {CALLERS} callers, two writers"
    yield Figure(name, spread, "orders/s", raw=limit, ratio_bar=0.8)
    yield Figure(f"{name}, hot variant", hot, "orders/s", raw=spread, ratio_bar=0.85)


def _in_one_call(goods: Goods, sizes: Sizes, raw: RawReserving) -> Figure:
    plans = min(PLANS, sizes.plans)
    ours, limit = timing.in_turns(
        sizes.rounds, lambda: _reserve(goods, plans), lambda: raw.rate(sizes.raw_seconds)
    )
    name = f"reserving, {plans:,} plans in one call"
    return Figure(name, ours, "orders/s", raw=limit, ratio_bar=1.2)


def _reserve(goods: Goods, plans: int) -> float:
    chance = callers.chance(next(_batches))
    demands = [goods.demand(f"call_{next(_batches)}", chance) for _ in range(plans)]

    def reserve() -> int:
        with unit():
            return len(reservations.reserve(demands=demands).taken)

    return timing.rate(reserve)


def _flash(goods: Goods, sizes: Sizes, started: callers.Processes) -> Iterator[Figure]:
    latencies: list[float] = []
    rates: list[float] = []
    for number in range(sizes.rounds):
        with goods.on_sale(number, sizes.flash_units) as sale:
            load = Load(
                goods,
                FLASH_CALLERS // FLASH_PROCESSES,
                0.0,
                demands=sizes.flash_units * 6 // FLASH_PROCESSES,
                sale=sale,
            )
            told = started.run([load] * FLASH_PROCESSES)
        sold = sum(answer.taken for answer in told)
        if sold != sizes.flash_units:
            raise Oversold(f"{sold} of {sizes.flash_units} units were sold")
        latencies += [ms for answer in told for ms in answer.latencies_ms]
        rates.append(sum(len(a.latencies_ms) for a in told) / max(a.seconds for a in told))
    name = f"flash sale, {FLASH_CALLERS} callers, 2 processes"
    yield Figure(f"{name}, answers", sorted(rates)[len(rates) // 2], "answers/s")
    yield Figure(f"{name}, p50", timing.percentile(latencies, 0.5), "ms")
    yield Figure(f"{name}, p99", timing.percentile(latencies, 0.99), "ms", most=50.0)
