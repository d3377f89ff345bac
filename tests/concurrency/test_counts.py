"""A shelf is counted again and again while it is sold, picked and shipped from; the control books
what was found as it is and loses what moved meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import CountLine, Reservation, StockPosition
from inventory.services import counts, ledger, reservations
from inventory.services.reservations import NothingReserved
from inventory.tests.factories import World, at_node, make_world
from inventory.types import CountedLine
from oms.core.testing.races import run_together
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db(transaction=True)

OPENING, WAITING = 300, 200
CLERKS, ROUNDS = 8, 12
#: What each count finds less than lies there; from the second one on, promises must end.
COUNTS, LOST = 4, 40


class _Floor:
    """What the clerks have shipped, and a sign that something left since somebody looked."""

    def __init__(self) -> None:
        self.shipped = 0
        self.lock = threading.Lock()
        self.moved = threading.Event()

    def ship(self) -> None:
        with self.lock:
            self.shipped += 1
        self.moved.set()


def _clerk(world: World, floor: _Floor, name: str) -> Callable[[], int]:
    """Sells, picks and ships unit after unit; a unit that a count took from him he leaves."""

    def work() -> int:
        left = 0
        for number in range(ROUNDS):
            ref = f"{name}-{number}"
            with unit():
                demand = world.demand(ref, world.leg("reno", "TENT", 1))
                if not reservations.reserve(demands=[demand]).taken:
                    continue
            try:
                with unit():
                    reservations.pick(items=[at_node(ref)])
            except NothingReserved:
                left += 1
                continue
            with unit():
                reservations.consume(items=[at_node(ref)])
            floor.ship()
        return left

    return work


def _counter(world: World, floor: _Floor) -> Callable[[], list[str]]:
    """Counts the shelf while units leave it, and says who lost something."""

    def work() -> list[str]:
        lost = []
        variant = world.variants["TENT"]
        for _ in range(COUNTS):
            floor.moved.clear()
            with unit():
                count = counts.start(node_id=world.nodes["reno"], variant_ids=[variant])
                line = CountLine.objects.get(count=count)
            floor.moved.wait(timeout=1)
            found = CountedLine(variant, line.snapshot - line.picked - LOST)
            with unit():
                counts.enter(count_id=count.pk, lines=[found])
                counts.submit(count_id=count.pk)
                lost += [event.demand_ref for event in counts.book(count_id=count.pk).missing]
        return lost

    return work


def _race() -> tuple[World, _Floor, list[Any]]:
    world, floor = make_world(), _Floor()
    world.receive("reno", "TENT", OPENING)
    with unit():
        reservations.reserve(
            demands=[
                world.demand(f"waiting-{n}", world.leg("reno", "TENT", 1)) for n in range(WAITING)
            ]
        )
    clerks = [_clerk(world, floor, f"clerk{n}") for n in range(CLERKS)]
    answers = run_together([_counter(world, floor), *clerks])
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    return world, floor, answers


def test_nothing_that_moved_while_it_was_counted_is_lost() -> None:
    world, floor, (lost, *_) = _race()

    position = world.position("reno", "TENT")
    live = Reservation.objects.filter(status__in=["allocated", "picked"]).count()
    assert floor.shipped > 0
    assert position.on_hand == OPENING - COUNTS * LOST - floor.shipped
    assert position.allocated == live <= position.on_hand
    assert len(lost) == len(set(lost)) > 0
    assert Reservation.objects.filter(demand_ref__in=lost, status="released").count() == len(lost)
    assert ledger.verify().differences == []


def test_control_a_count_that_overwrites_loses_what_left_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book = counts._entry

    def overwrite(count: Any, line: CountLine, at: Any) -> Any:
        known = StockPosition.objects.get(pk=line.position_id).on_hand
        assert line.counted is not None
        line.variance = line.counted + line.picked - known
        return book(count, line, at)

    monkeypatch.setattr(counts, "_entry", overwrite)

    world, floor, _ = _race()

    assert world.position("reno", "TENT").on_hand != OPENING - COUNTS * LOST - floor.shipped
