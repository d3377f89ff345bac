"""Placing orders: `orders.services.placement.place` with all it does (verification, plan,
reservation, decision record, events), every order of a new customer, two lines, stock without end.

- placing in bulk: one process, `bulk_placement.place_all`; raw is L of `raw_placing`, eight
  connections.
- placing, batches of 100: one connection, one batch after the other; raw is the same. The bar is
  absolute.
- placing one, p50 and p99: a batch of one; raw is one call of L on one connection.
- placing, 8 callers, one hot variant: eight threads place single orders that all want the same
  variant; raw is the same with orders spread over the range, so the ratio is hot to spread.
- L, one hot position: what contention does to L itself; raw is L spread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from django.db import connection, connections

from oms.cockpit.simulation.bench import raw_placing, timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.raw_placing import RawPlacing
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World, settle
from oms.core import clock
from oms.core.errors import OmsError
from orders.types import OrderDraft

#: Orders per second, from the requirement: all checks on, two cores.
BAR = 150.0
CALLERS = 8
_PATIENCE = 20


def measure(world: World, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figures of placing."""
    with raw_placing.callers(world) as raw:
        _place_batches(world, sizes)
        settle()
        yield _bulk(world, sizes, raw)
        yield _batches(world, sizes, raw)
        yield from _singles(world, sizes, raw)
        yield _hot(world, sizes)
        yield _raw_hot(sizes, raw)


def _bulk(world: World, sizes: Sizes, raw: RawPlacing) -> Figure:
    ours, limit = timing.in_turns(
        sizes.rounds,
        lambda: _place_all(world, sizes),
        lambda: raw.rate(sizes.raw_seconds),
    )
    return Figure("placing in bulk, one process", ours, "orders/s", raw=limit, ratio_bar=1.0)


def _place_all(world: World, sizes: Sizes) -> float:
    drafts = world.drafts(sizes.bulk)
    return timing.rate(lambda: len(world.place_all(drafts)))


def _batches(world: World, sizes: Sizes, raw: RawPlacing) -> Figure:
    ours, limit = timing.in_turns(
        sizes.rounds,
        lambda: _place_batches(world, sizes),
        lambda: raw.rate(sizes.raw_seconds),
    )
    return Figure(f"placing, batches of {sizes.batch}", ours, "orders/s", raw=limit, bar=BAR)


def _place_batches(world: World, sizes: Sizes) -> float:
    batches = [world.drafts(sizes.batch) for _ in range(sizes.batches)]
    return timing.rate(lambda: sum(len(world.place(batch)) for batch in batches))


def _singles(world: World, sizes: Sizes, raw: RawPlacing) -> Iterator[Figure]:
    ours: list[float] = []
    limit: list[float] = []
    for _ in range(sizes.rounds):
        ours += [_place_one(world, draft) for draft in world.drafts(sizes.single_orders)]
        limit += raw.latencies(sizes.single_orders)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        yield Figure(
            f"placing one, {name}",
            timing.percentile(ours, share),
            "ms",
            raw=timing.percentile(limit, share),
        )


def _place_one(world: World, draft: OrderDraft) -> float:
    return timing.milliseconds(lambda: world.place([draft]))


def _hot(world: World, sizes: Sizes) -> Figure:
    hot, spread = timing.in_turns(
        sizes.rounds,
        lambda: _by_callers(world, sizes, is_hot=True),
        lambda: _by_callers(world, sizes, is_hot=False),
    )
    return Figure(f"placing, {CALLERS} callers, one hot variant", hot, "orders/s", raw=spread)


def _by_callers(world: World, sizes: Sizes, *, is_hot: bool) -> float:
    always = world.variants[:1] if is_hot else ()
    drafts = iter(world.drafts(CALLERS * sizes.orders_per_caller, always=always))
    shares = [list(islice(drafts, sizes.orders_per_caller)) for _ in range(CALLERS)]
    gate = threading.Barrier(CALLERS)
    with ThreadPoolExecutor(CALLERS) as threads:
        times = list(threads.map(lambda share: _call(world, share, gate), shares))
    began, ended = min(first for first, _ in times), max(last for _, last in times)
    return CALLERS * sizes.orders_per_caller / (ended - began)


def _call(
    world: World, drafts: Sequence[OrderDraft], gate: threading.Barrier
) -> tuple[float, float]:
    """One caller's start and end; its connection is made before and given back after."""
    try:
        connection.ensure_connection()
        gate.wait()
        started = clock.monotonic()
        for draft in drafts:
            _place_patiently(world, draft)
        return started, clock.monotonic()
    finally:
        connections.close_all()


def _place_patiently(world: World, draft: OrderDraft) -> None:
    """Callers that are told to come back come back, as clients do; their waiting counts."""
    for attempt in range(1, _PATIENCE + 1):
        try:
            world.place([draft])
            return
        except OmsError as error:
            if not error.is_retryable or attempt == _PATIENCE:
                raise


def _raw_hot(sizes: Sizes, raw: RawPlacing) -> Figure:
    hot, spread = timing.in_turns(
        sizes.rounds,
        lambda: raw.rate(sizes.raw_seconds, hot=True),
        lambda: raw.rate(sizes.raw_seconds),
    )
    return Figure("L, 8 connections, one hot position", hot, "orders/s", raw=spread)
