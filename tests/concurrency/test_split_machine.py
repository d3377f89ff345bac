"""Ten thousand random splits, merges, moves and arrivals: after every step every line's counters,
its work, its stock, its place in the queue and the floor agree, and no unit has changed its state
but by stock that came. The same stories over a split that only counts must fail."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import SellingRule
from inventory.services import ledger, queue_places
from orders.services import order_splitting, parting
from orders.tests.factories import World, a_world
from tests.support import split_driver
from tests.support.split_driver import Story, Units

pytestmark = pytest.mark.django_db(transaction=True)

SEED, ORDERS, STEPS, AT_LEAST = 20261126, 120, 14, 10_000

#: Steps after which every unit is what it was.
STILL = ("split", "move", "merge", "unmerge", "wrong")
#: Steps after which units may have found stock or a route, or have been cancelled.
MOVING = ("split_orders", "receive", "cancel")
WEIGHTS = {"split": 6, "move": 3, "merge": 4, "unmerge": 3, "wrong": 1, "split_orders": 3,
           "receive": 2, "cancel": 1}  # fmt: skip


def _world() -> World:
    world = a_world(
        stock_at={"reno": {"A": 90_000, "B": 90_000}, "dallas": {"A": 90_000, "B": 90_000}},
        skus=("A", "B", "C"),
    )
    SellingRule.objects.create(organization_id=world.organization_id, backorder_limit=None)
    return world


def _by_line(units: Units, *, without: str = "") -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for (order, position, state), number in units.items():
        found[order, position] += number * (state != without)
    return found


def _step(story: Story, name: str) -> None:
    before = story.units()
    getattr(story, name)()
    after = story.units()
    assert story.faults() == [], name
    if name in STILL:
        assert after == before, name
    else:
        assert _by_line(after) == _by_line(before), name
        for (order, position, state), units in before.items():
            if state == "backordered" and name == "split_orders":
                assert after[order, position, state] == units, "a backordered unit moved"


def _play(world: World, number: int) -> Story:
    chance = random.Random(SEED + number)
    story = Story(world, chance, f"S{number}")
    story.begin(ORDERS)
    names = chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=STEPS)
    for name in names:
        _step(story, name)
    split_driver.forget_events()
    return story


def test_no_unit_is_lost_or_changes_its_state() -> None:
    world = _world()
    done: Counter[str] = Counter()
    number = 0
    while done.total() < AT_LEAST:
        story = _play(world, number)
        done += story.done
        number += 1

    assert {"split", "move", "split order", "merge", "un-merge", "receive", "cancel"} <= set(done)
    assert ledger.verify().differences == []


def _touches_counters_only(*args: Any, **kwargs: Any) -> list[Any]:
    return []


@pytest.mark.parametrize(
    ("module", "name", "act"),
    [
        (parting, "rename", Story.split),
        (parting, "divide", Story.split),
        (parting, "shrink", Story.split),
        (parting, "rename", Story.split_orders),
        (queue_places, "give", Story.split_orders),
        (order_splitting, "_move_stock", Story.split_orders),
    ],
)
def test_a_split_that_leaves_something_behind_is_found_out(
    module: Any, name: str, act: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(_world(), random.Random(SEED), "C")
    story.begin(ORDERS)
    assert story.faults() == []
    monkeypatch.setattr(module, name, _touches_counters_only)

    act(story)

    assert story.faults() != []
