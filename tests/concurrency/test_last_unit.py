"""The last unit is sold once, however many ask in the same instant; each race has a control in
which the guard is off and the race must be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from inventory.models import StockPosition
from inventory.services import _sql, ledger, reservations
from inventory.tests.factories import World, make_world
from inventory.types import Demand, ReserveResult
from oms.core.testing.races import run_together
from oms.core.transactions import Busy, unit

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 50
RIVALS = 6
#: Threads and lines of the deadlock race.
CROWD, LINES = 16, 30

_CHECK = "inventory_no_oversell"


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


@contextmanager
def _guard_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock, no condition in the UPDATE, no CHECK on the table."""
    lock = _sql.LOCK_PLACES_AND_HOLDS
    monkeypatch.setattr(_sql, "LOCK_PLACES_AND_HOLDS", lock.replace("FOR NO KEY UPDATE OF p", ""))
    monkeypatch.setattr(_sql, "GUARD", "")
    table = StockPosition._meta.db_table
    check = next(c for c in StockPosition._meta.constraints if c.name == _CHECK)
    with connection.schema_editor() as editor:
        editor.remove_constraint(StockPosition, check)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
        with connection.schema_editor() as editor:
            editor.add_constraint(StockPosition, check)


def test_the_last_unit_is_sold_exactly_once() -> None:
    _, winners = _race_for_single_units()

    assert winners == [1] * ROUNDS
    assert not StockPosition.objects.exclude(allocated=1).exists()
    assert ledger.verify().differences == []


def test_control_without_the_guard_the_last_unit_is_sold_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _guard_off(monkeypatch):
        _, winners = _race_for_single_units()
        oversold = StockPosition.objects.filter(allocated__gt=1).count()

    assert oversold > 0
    assert sum(winners) > ROUNDS


def test_the_condition_alone_stops_an_unlocked_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = _sql.LOCK_PLACES_AND_HOLDS
    monkeypatch.setattr(_sql, "LOCK_PLACES_AND_HOLDS", lock.replace("FOR NO KEY UPDATE OF p", ""))
    world = make_world()
    world.receive("reno", "TENT", 3)

    answers = run_together(
        [_asks(world.demand(f"o{i}", world.leg("reno", "TENT", 1))) for i in range(CROWD)]
    )

    taken = sum(len(a.taken) for a in answers if isinstance(a, ReserveResult))
    assert world.position("reno", "TENT").allocated == taken <= 3
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


def test_control_without_the_order_of_locks_they_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = _sql.LOCK_PLACES_AND_HOLDS
    shuffled = lock.replace("ORDER BY p.node_id, p.variant_id", "ORDER BY random()")
    assert shuffled != lock
    monkeypatch.setattr(_sql, "LOCK_PLACES_AND_HOLDS", shuffled)

    _, answers = _race_in_opposite_orders()

    assert any(isinstance(answer, Busy) for answer in answers)
