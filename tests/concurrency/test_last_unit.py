"""The last unit is sold once, however many ask in the same instant; each race has a control in
which the guard is off and the race must be lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inventory.models import StockPosition
from inventory.services import ledger, reservations
from inventory.tests.factories import World, make_world
from inventory.types import Demand, ReserveResult
from oms.cockpit.simulation.proving import weakening
from oms.cockpit.simulation.proving.weakening import Protection
from oms.core.testing.races import run_together
from oms.core.transactions import Busy, unit

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 50
RIVALS = 6
#: Threads and lines of the deadlock race.
CROWD, LINES = 16, 30


def _asks(*demands: Demand) -> Callable[[], ReserveResult]:
    def ask() -> ReserveResult:
        with unit():
            return reservations.reserve(demands=demands)

    return ask


def _race_for_single_units() -> tuple[World, list[int]]:
    """In each round, rivals ask for a unit of which there is one; returns winners per round."""
    world = make_world(skus=tuple(f"S{i}" for i in range(ROUNDS)))
    for sku in world.variants:
        world.receive("reno", sku, 1)
    winners = []
    for sku in world.variants:
        answers = run_together(
            [_asks(world.demand(f"{sku}-{i}", world.leg("reno", sku, 1))) for i in range(RIVALS)]
        )
        failures = [answer for answer in answers if isinstance(answer, Exception)]
        assert failures == []
        winners.append(sum(len(answer.taken) for answer in answers))
    return world, winners


def test_the_last_unit_is_sold_exactly_once() -> None:
    _, winners = _race_for_single_units()

    assert winners == [1] * ROUNDS
    assert not StockPosition.objects.exclude(allocated=1).exists()
    assert ledger.verify().differences == []


def test_control_without_the_guard_the_last_unit_is_sold_twice() -> None:
    with weakening.without(*weakening.AGAINST_OVERSELL):
        _, winners = _race_for_single_units()
        oversold = StockPosition.objects.filter(allocated__gt=1).count()

    assert oversold > 0
    assert sum(winners) > ROUNDS


@pytest.mark.parametrize("alone", weakening.AGAINST_OVERSELL)
def test_each_protection_alone_sells_no_unit_twice(alone: Protection) -> None:
    world = make_world()
    world.receive("reno", "TENT", 3)
    asks = [_asks(world.demand(f"o{i}", world.leg("reno", "TENT", 1))) for i in range(CROWD)]

    with weakening.without(*(p for p in weakening.AGAINST_OVERSELL if p is not alone)):
        answers = run_together(asks)

        taken = sum(len(a.taken) for a in answers if isinstance(a, ReserveResult))
        assert 0 < world.position("reno", "TENT").allocated == taken <= 3
        assert ledger.verify().differences == []


def _race_in_opposite_orders() -> tuple[World, list[object]]:
    world = make_world(skus=tuple(f"S{i}" for i in range(LINES)))
    for sku in world.variants:
        world.receive("reno", sku, CROWD)
    skus = list(world.variants)
    callers = []
    for index in range(CROWD):
        order = skus if index % 2 else skus[::-1]
        legs = [world.leg("reno", sku, 1, line_ref=sku) for sku in order]
        callers.append(_asks(world.demand(f"o{index}", *legs)))
    return world, run_together(callers)


def test_orders_with_the_same_lines_in_opposite_order_do_not_block_each_other() -> None:
    _, answers = _race_in_opposite_orders()

    assert [getattr(answer, "taken", answer) for answer in answers] == [
        (f"o{i}",) for i in range(CROWD)
    ]
    assert not StockPosition.objects.exclude(allocated=CROWD).exists()


def test_control_without_the_order_of_locks_they_deadlock() -> None:
    with weakening.without(Protection.ORDER):
        _, answers = _race_in_opposite_orders()

    assert any(isinstance(answer, Busy) for answer in answers)
