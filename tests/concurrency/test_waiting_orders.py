"""Orders placed while stock runs out and comes in again: each unit is promised once, and nobody
waits beside free stock."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import F, Sum

from inventory.models import Backorder, SellingRule, StockPosition
from inventory.services import ledger
from oms.core.testing.races import run_together
from oms.infra.outbox.selectors import list_dead_letters
from oms.infra.outbox.services import relaying
from orders.models import Hold, Order, OrderLine
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS = 12


@pytest.fixture
def world() -> World:
    world = a_world(stock_at={"reno": {"A": 6, "B": 6}, "dallas": {"A": 6, "B": 6}})
    SellingRule.objects.create(organization_id=world.organization_id, backorder_limit=None)
    return world


def _buys(world: World, number: int) -> Callable[[], object]:
    """Half of them want A before B."""
    wanted = {"A": 2, "B": 3} if number % 2 else {"B": 3, "A": 2}
    return lambda: world.place(a_draft(f"R-{number}", lines=wanted))[0].status


def test_sold_ahead_in_parallel_and_filled_to_the_last_unit(world: World) -> None:
    arrivals = [lambda n=n: world.receive("reno", "AB"[n % 2], 2) for n in range(6)]

    answers = run_together([*(_buys(world, n) for n in range(BUYERS)), *arrivals])
    relaying.drain()
    asked = BUYERS * 5
    there = 24 + 12
    waiting = Backorder.objects.aggregate(n=Sum(F("quantity") - F("filled")))["n"]

    assert answers == ["confirmed"] * BUYERS + [None] * 6
    assert not Hold.objects.filter(released_at=None).exists()
    assert waiting >= asked - there
    assert ledger.verify().count == 0

    world.receive("dallas", "A", 20)
    world.receive("dallas", "B", 30)
    relaying.drain()

    assert set(Order.objects.values_list("status", flat=True)) == {"released"}
    assert OrderLine.objects.aggregate(n=Sum("allocated")) == {"n": asked}
    held = StockPosition.objects.aggregate(held=Sum("held"), allocated=Sum("allocated"))
    assert held == {"held": 0, "allocated": asked}
    assert list(list_dead_letters()) == []
    assert ledger.verify().count == 0
