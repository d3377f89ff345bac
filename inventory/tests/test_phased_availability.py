"""What can be promised for a day: stock, arrivals up to it, and who waits for them already."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog import services as catalog
from inventory.models import Backorder, InboundSupply, StockPosition
from inventory.selectors import availability
from inventory.tests.factories import NOON, World, make_world
from oms.core import clock
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db

TODAY = NOON.date()


def _day(days: int) -> date:
    return TODAY + timedelta(days)


def _coming(world: World, node: str, sku: str, units: int, days: int, **more: int) -> None:
    number = InboundSupply.objects.count()
    InboundSupply.objects.create(
        organization_id=world.organization_id,
        node_id=world.nodes[node],
        variant_id=world.variants[sku],
        kind="purchase_order",
        document_ref=f"PO-{number}",
        expected_on=_day(days),
        quantity=units,
        **more,
    )


def _waiting(world: World, sku: str, units: int) -> None:
    Backorder.objects.create(
        organization_id=world.organization_id,
        kind="backorder",
        demand_kind="order",
        demand_ref=f"o{Backorder.objects.count()}",
        line_ref="1",
        variant_id=world.variants[sku],
        quantity=units,
    )


def _on(world: World, days: int, sku: str = "TENT") -> dict[str, int]:
    with clock.virtual(NOON):
        grid = availability.grid_for(
            organization_id=world.organization_id,
            variant_ids=[world.variants[sku]],
            arriving_by=_day(days),
        )
    names = {node_id: code for code, node_id in world.nodes.items()}
    return {
        names[node]: units
        for node, units in zip(grid.node_ids.tolist(), grid.units[0].tolist(), strict=True)
    }


def test_arrivals_count_from_their_day_on_at_their_node() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 2)
    _coming(world, "dallas", "TENT", 5, 3)

    assert _on(world, 2) == {"reno": 2, "dallas": 0}
    assert _on(world, 3) == {"reno": 2, "dallas": 5}


def test_what_came_is_lost_or_promised_does_not_come_again() -> None:
    world = make_world()
    _coming(world, "reno", "TENT", 10, 1, received=2, lost=1, promised=4)

    assert _on(world, 1) == {"reno": 3}


def test_who_waits_without_an_arrival_gets_the_first_one() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    _coming(world, "reno", "TENT", 4, 1)
    _coming(world, "dallas", "TENT", 5, 2)
    _waiting(world, "TENT", 6)

    assert _on(world, 2) == {"reno": 0, "dallas": 3}


def test_an_arrival_first_mends_what_was_oversold_there() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    StockPosition.objects.update(safety_stock=3)
    _coming(world, "reno", "TENT", 5, 1)

    assert _on(world, 1) == {"reno": 3}


def test_a_kit_waits_for_the_last_of_its_parts() -> None:
    world = make_world(skus=("SET", "TENT", "PEG"))
    with unit():
        catalog.set_components(
            kit_id=world.variants["SET"],
            components={world.variants["TENT"]: 1, world.variants["PEG"]: 4},
        )
    world.receive("reno", "TENT", 5)
    _coming(world, "reno", "PEG", 9, 2)

    assert _on(world, 1, "SET") == {"reno": 0}
    assert _on(world, 2, "SET") == {"reno": 2}


def test_statements_do_not_grow_with_what_is_asked() -> None:
    world = make_world(nodes_=("reno", "dallas"), skus=tuple("ABCDEFGH"))
    for sku in world.variants:
        world.receive("reno", sku, 1)
        _coming(world, "dallas", sku, 3, 1)
    spent = []
    for variants in (list(world.variants.values())[:1], list(world.variants.values())):
        with CaptureQueriesContext(connection) as captured:
            availability.grid_for(
                organization_id=world.organization_id, variant_ids=variants, arriving_by=_day(9)
            )
        spent.append(len(captured))

    assert spent == [3, 3]


#: (day, node, SKU, units)
Arrival = tuple[int, str, str, int]


def _fill(world: World, chance: random.Random) -> tuple[dict[tuple[str, str], int], list[Arrival]]:
    there: dict[tuple[str, str], int] = {}
    coming: list[Arrival] = []
    for sku, node in product(world.variants, world.nodes):
        there[node, sku] = chance.randint(0, 5)
        if there[node, sku]:
            world.receive(node, sku, there[node, sku])
        for _ in range(chance.randint(0, 2)):
            arrival = (chance.randint(1, 12), node, sku, chance.randint(1, 6))
            coming.append(arrival)
            _coming(world, node, sku, arrival[3], arrival[0])
    return there, coming


def _counted(
    world: World, there: dict[tuple[str, str], int], coming: list[Arrival], left: int, sku: str
) -> dict[str, int]:
    counted = {node: there[node, sku] for node in world.nodes}
    for _, node, _, units in sorted(coming, key=lambda a: (a[0], world.nodes[a[1]])):
        taken = min(units, left)
        left -= taken
        counted[node] += units - taken
    return counted


def test_a_thousand_questions_are_answered_as_by_counting() -> None:
    chance = random.Random(17)
    world = make_world(nodes_=("reno", "dallas", "miami"), skus=tuple("ABCDEFGHIJ"))
    there, coming = _fill(world, chance)
    waiting = {sku: chance.randint(0, 4) for sku in world.variants}
    for sku, units in waiting.items():
        if units:
            _waiting(world, sku, units)

    asked = 0
    for days, sku in product(range(34), world.variants):
        arrived = [a for a in coming if a[2] == sku and a[0] <= days]
        found = _on(world, days, sku)
        assert found == _counted(world, there, arrived, waiting[sku], sku), (days, sku)
        asked += len(found)
    assert asked >= 1_000
