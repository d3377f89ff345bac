"""A plan that availability gives is a plan that reserve takes."""

from __future__ import annotations

import random

import numpy as np
import pytest

from inventory.selectors import availability, carts
from inventory.selectors.availability import Grid
from inventory.selectors.carts import Wanted
from inventory.services import ledger, reservations
from inventory.tests.factories import World, make_world
from inventory.types import Demand, Leg
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit


def _grid(*rows: list[int]) -> Grid:
    units = np.array(rows, dtype=np.int64)
    return Grid(np.arange(1, len(rows) + 1), np.arange(10, 10 + units.shape[1]), units, units >= 0)


def test_one_node_that_has_everything_serves_everything() -> None:
    grid = _grid([9, 2, 0], [0, 2, 9])

    plan = carts.spread([Wanted("a", 1, 2), Wanted("b", 2, 2)], grid)

    assert plan.legs == (Leg("a", 1, 11, 2), Leg("b", 2, 11, 2))


def test_of_several_nodes_that_have_everything_one_serves_everything() -> None:
    grid = _grid([9, 5, 9], [3, 9, 6])

    plan = carts.spread([Wanted("a", 1, 2), Wanted("b", 2, 2)], grid)

    assert plan.legs == (Leg("a", 1, 12, 2), Leg("b", 2, 12, 2))


def test_the_rest_is_left_to_who_has_most_of_the_rest() -> None:
    grid = _grid([5, 4, 0], [5, 4, 0], [0, 1, 3])

    plan = carts.spread([Wanted("a", 1, 5), Wanted("b", 2, 5), Wanted("c", 3, 3)], grid)

    assert plan.legs == (Leg("a", 1, 10, 5), Leg("b", 2, 10, 5), Leg("c", 3, 12, 3))


def test_no_node_has_enough_but_all_together_do() -> None:
    plan = carts.spread([Wanted("a", 1, 7)], _grid([3, 4, 1]))

    assert plan.legs == (Leg("a", 1, 11, 4), Leg("a", 1, 10, 3))
    assert plan.short == ()


def test_two_lines_of_one_variant_do_not_get_the_same_unit() -> None:
    plan = carts.spread([Wanted("a", 1, 2), Wanted("b", 1, 2)], _grid([3]))

    assert plan.legs == (Leg("a", 1, 10, 2), Leg("b", 1, 10, 1))
    [short] = plan.short
    assert (short.line_ref, short.wanted, short.available) == ("b", 2, 1)


def test_a_cart_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidQuantity):
        carts.plan(organization_id=1, lines=[Wanted("a", 1, 0)])


def _stocked(chance: random.Random) -> World:
    world = make_world(nodes_=("reno", "dallas", "miami"), skus=tuple("ABCDEF"))
    for node in world.nodes:
        for sku in world.variants:
            world.receive(node, sku, chance.randint(1, 400))
    return world


def _cart(world: World, number: int, chance: random.Random) -> tuple[str, list[Wanted]]:
    variants = [chance.choice(list(world.variants.values())) for _ in range(chance.randint(1, 4))]
    lines = [Wanted(str(n), variant, chance.randint(1, 9)) for n, variant in enumerate(variants)]
    return f"cart_{number}", lines


@pytest.mark.django_db
def test_whatever_availability_promises_can_be_reserved() -> None:
    chance = random.Random(5)
    world = _stocked(chance)
    promised = 0
    for number in range(400):
        reference, lines = _cart(world, number, chance)
        plan = carts.plan(organization_id=world.organization_id, lines=lines)
        if plan.short:
            continue
        promised += 1
        demand = Demand(world.organization_id, "order", reference, plan.legs)
        with unit():
            assert reservations.reserve(demands=[demand]).taken == (reference,)

    assert promised > 250
    left = availability.grid_for(
        organization_id=world.organization_id, variant_ids=world.variants.values()
    )
    assert (left.units >= 0).all()
    assert ledger.verify().count == 0
