"""Limits hold and no unit is filled twice, however many ask in the same instant; each race has a
control in which the guard is off and the race must be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection
from django.db.models import F, Sum

from inventory.models import Backorder, Reservation, StockPosition
from inventory.services import backlog, ledger, waiting
from inventory.tests.factories import World, make_world
from inventory.tests.test_backlog import allow, line
from inventory.types import BacklogLine
from oms.core import locks
from oms.core.testing.races import run_together
from oms.core.transactions import unit
from oms.infra.outbox.services import relaying

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 50
#: Connections, and how many buyers each brings one after the other: 200 in all.
BUYERS, EACH = 25, 8
RECEIPTS = 20
NODES = ("reno", "dallas", "boise", "tampa")


@pytest.fixture
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "hold_many", lambda space, numbers: None)


def _buyers(world: World) -> list[int]:
    """How many each caller got through."""

    def buys(caller: int) -> Callable[[], int]:
        def buy() -> int:
            accepted = 0
            for number in range(EACH):
                with unit():
                    asked = [line(world, f"o{caller}-{number}", 1)]
                    accepted += len(backlog.enqueue(lines=asked).waiting)
            return accepted

        return buy

    return run_together([buys(caller) for caller in range(BUYERS)])


def test_two_hundred_buyers_find_exactly_the_limit() -> None:
    world = make_world()
    allow(world, preorder_limit=LIMIT)

    accepted = _buyers(world)

    assert [x for x in accepted if isinstance(x, Exception)] == []
    assert sum(accepted) == LIMIT == Backorder.objects.count()


def test_control_without_the_lock_the_limit_is_passed(no_lock: None) -> None:
    world = make_world()
    allow(world, preorder_limit=LIMIT)

    _buyers(world)

    assert Backorder.objects.count() > LIMIT


def _arrivals(world: World, units: int) -> list[object]:
    def receives(number: int) -> Callable[[], None]:
        return lambda: world.receive(NODES[number % len(NODES)], "TENT", units)

    return run_together([receives(number) for number in range(RECEIPTS)])


def _waiting_world() -> World:
    world = make_world(nodes_=NODES)
    allow(world, backorder_limit=None)
    for node in NODES:  # positions of their own, so that receipts do not wait for each other
        world.receive(node, "TENT", 1)
    with unit():
        backlog.enqueue(lines=[line(world, f"o{n}", 5) for n in range(10)])
    return world


def test_twenty_receipts_fill_each_unit_once() -> None:
    world = _waiting_world()

    answers = _arrivals(world, 3)

    assert answers == [None] * RECEIPTS
    sums = Backorder.objects.aggregate(asked=Sum("quantity"), filled=Sum("filled"))
    held = Reservation.objects.aggregate(units=Sum("quantity"))
    assert (sums, held) == ({"asked": 50, "filled": 50}, {"units": 50})
    free = StockPosition.objects.aggregate(units=Sum(F("on_hand") - F("held")))
    assert free == {"units": 4 + 60 - 50}
    assert ledger.verify().count == 0


@contextmanager
def _summary_off() -> Iterator[None]:
    """The rows of the summary put fills of one variant in line, too."""
    table = StockPosition._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER inventory_summary_update")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER inventory_summary_update")


def test_control_without_locks_a_unit_is_filled_twice(no_lock: None) -> None:
    """The database's own check refuses it; the receipts are lost."""
    world = _waiting_world()

    with _summary_off():
        answers = _arrivals(world, 3)

    assert any(isinstance(answer, IntegrityError) for answer in answers)


def test_nobody_is_left_waiting_beside_what_arrived_in_the_same_moment() -> None:
    world = make_world(nodes_=NODES)
    allow(world, backorder_limit=None)

    def queues(number: int) -> Callable[[], None]:
        def queue() -> None:
            with unit():
                backlog.enqueue(lines=[line(world, f"o{number}", 3)])

        return queue

    arrivals = [lambda n=n: world.receive(NODES[n % 4], "TENT", 2) for n in range(20)]
    answers = run_together([*(queues(n) for n in range(20)), *arrivals])
    relaying.drain()

    assert answers == [None] * 40
    assert Backorder.objects.aggregate(units=Sum("filled")) == {"units": 40}
    assert not StockPosition.objects.exclude(on_hand=F("held")).exists()
    assert ledger.verify().count == 0


def test_those_who_wait_for_the_same_things_in_opposite_order_do_not_block_each_other() -> None:
    skus = tuple(f"S{n}" for n in range(12))
    world = make_world(nodes_=NODES[:2], skus=skus)
    allow(world, backorder_limit=None)
    for node in NODES[:2]:
        for sku in skus:
            world.receive(node, sku, 8)

    def waits(number: int, order: Sequence[str]) -> Callable[[], None]:
        lines: list[BacklogLine] = [
            line(world, f"o{number}", 3, sku, line_ref=sku) for sku in order
        ]

        def wait() -> None:
            with unit():
                waiting.wait(lines=lines)

        return wait

    callers = [waits(n, skus if n % 2 else skus[::-1]) for n in range(12)]
    arrivals = [lambda sku=sku: world.receive("reno", sku, 5) for sku in skus]
    answers = run_together([*callers, *arrivals])
    relaying.drain()

    assert answers == [None] * 24
    assert not StockPosition.objects.exclude(on_hand=F("held")).exists()
    held = Reservation.objects.aggregate(units=Sum("quantity"))
    assert held == {"units": 12 * (8 + 8 + 5)}
    assert ledger.verify().count == 0
