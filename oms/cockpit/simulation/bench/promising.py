"""Availability at a million stock rows: variants over fifty nodes.

- ATP, 100 variants over 50 nodes: questions per second of `availability.grid_for`, with totals,
  channel, expired holds, lots and allowed nodes; raw is the plain aggregate of the same variants:
  free units clamped per row and summed by variant, and nothing else.
- ATP, one variant over 50 nodes: the same for one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import time

from django.db import connection

from inventory.nodes import services as nodes
from inventory.nodes.types import NodeDraft
from inventory.selectors import availability
from oms.cockpit.simulation.bench import timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World, settle
from oms.core.transactions import unit

NODES, ASKED = 50, 100

_NODE = NodeDraft(
    code="atp-00",
    name="Bench",
    kind="warehouse",
    country="US",
    city="Reno",
    latitude=39.5,
    longitude=-119.8,
    timezone="UTC",
    cutoff_time=time(17),
)

#: Copies of one variant; columns beside these are as there.
_VARIANTS = """
INSERT INTO catalog_variant ({columns})
SELECT {values} FROM catalog_variant v, generate_series(1, %s) AS n
WHERE v.id = (SELECT min(id) FROM catalog_variant WHERE organization_id = %s)
RETURNING id
"""

_POSITIONS = """
INSERT INTO inventory_stockposition (node_id, variant_id, on_hand, held, allocated, earmarked,
  quarantined, damaged, returned, safety_stock, oversell_limit)
SELECT n, v, (v * 7 + n) %% 40, 0, 0, 0, 0, 0, 0, (v + n) %% 3, 0
FROM unnest(%s::bigint[]) AS v, unnest(%s::bigint[]) AS n
"""

_PLAIN = """
SELECT variant_id, sum(greatest(0, on_hand - held - allocated - earmarked - safety_stock
                                   + oversell_limit))
FROM inventory_stockposition WHERE variant_id = ANY(%s::bigint[]) GROUP BY variant_id
"""


class Differs(RuntimeError):
    """The quick answer is not the right one."""


def measure(world: World, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figures of availability."""
    variants = fill(world.organization_id, sizes.atp_variants)
    settle()
    luck = random.Random(3)
    asked = [luck.sample(variants, min(ASKED, len(variants))) for _ in range(sizes.atp_questions)]
    _compare(world, asked[0])
    yield _figure(world, sizes, asked, f"ATP, {ASKED} variants over {NODES} nodes", 5.0)
    single = [variants_[:1] for variants_ in asked]
    yield _figure(world, sizes, single, f"ATP, one variant over {NODES} nodes", None)


def _figure(
    world: World, sizes: Sizes, asked: Sequence[Sequence[int]], name: str, bar: float | None
) -> Figure:
    ours, limit = timing.in_turns(
        sizes.rounds,
        lambda: timing.rate(lambda: _ask(world, asked)),
        lambda: timing.rate(lambda: _aggregate(asked)),
    )
    return Figure(name, ours, "questions/s", raw=limit, ratio_bar=bar)


def fill(organization_id: int, count: int) -> list[int]:
    """This function will make so many variants and a place for each at fifty nodes."""
    with unit():
        drafts = [replace(_NODE, code=f"atp-{number:02d}") for number in range(NODES)]
        node_ids = nodes.upsert_nodes(drafts=drafts)
        nodes.allow(organization_id=organization_id, node_ids=list(node_ids.values()))
        with connection.cursor() as cursor:
            cursor.execute(_variants_sql(cursor), [count, organization_id])
            variants = [row[0] for row in cursor.fetchall()]
            cursor.execute(_POSITIONS, [variants, list(node_ids.values())])
    return variants


def _variants_sql(cursor: object) -> str:
    cursor.execute("SELECT * FROM catalog_variant LIMIT 0")  # type: ignore[attr-defined]
    names = [column.name for column in cursor.description if column.name != "id"]  # type: ignore[attr-defined]
    # Two parts of a run may fill the same database.
    number = "((SELECT count(*) FROM catalog_variant) + n)"
    fresh = {"public_id": f"'var_atp' || {number}", "sku": f"'ATP-' || {number}"}
    return _VARIANTS.format(
        columns=", ".join(names), values=", ".join(fresh.get(name, f"v.{name}") for name in names)
    )


def _ask(world: World, questions: Sequence[Sequence[int]]) -> int:
    for variants in questions:
        availability.grid_for(
            organization_id=world.organization_id, variant_ids=variants, channel="shop"
        ).totals()
    return len(questions)


def _aggregate(questions: Sequence[Sequence[int]]) -> int:
    with connection.cursor() as cursor:
        for variants in questions:
            cursor.execute(_PLAIN, [list(variants)])
            dict(cursor.fetchall())
    return len(questions)


def _compare(world: World, variants: Sequence[int]) -> None:
    ours = availability.grid_for(
        organization_id=world.organization_id, variant_ids=variants
    ).totals()
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN, [list(variants)])
        if ours != {variant: int(units) for variant, units in cursor.fetchall()}:
            raise Differs("the summary and the positions disagree")
