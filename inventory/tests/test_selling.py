"""Single reservations through the shared writer: same answers, sold out from memory only when it
is still so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Reservation
from inventory.services import ledger, reservations, selling
from inventory.tests.factories import World, at_node, make_world
from inventory.types import Demand, ReserveResult
from oms.core import clock
from oms.core.context import acting
from oms.core.quantities import InvalidQuantity
from oms.core.testing.races import run_together
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    selling.stop()
    yield
    selling.stop()


def _wants(world: World, ref: str, quantity: int = 1, sku: str = "TENT") -> Demand:
    return world.demand(ref, world.leg("reno", sku, quantity))


def _serve(*demands: Demand) -> list[ReserveResult]:
    """As the writer does, on this thread."""
    return selling._serve(demands)


def _looks(world: World, demand: Demand) -> tuple[ReserveResult, bool]:
    """The answer, and whether stock was locked for it."""
    with CaptureQueriesContext(connection) as captured:
        [answer] = _serve(demand)
    return answer, any("inventory_take" in query["sql"] for query in captured)


def test_callers_share_the_stock_and_each_gets_its_answer() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    answers = run_together(
        [lambda n=n: selling.reserve_now(demand=_wants(world, f"o{n}")) for n in range(12)]
    )

    assert sum(len(answer.taken) for answer in answers) == 5
    assert all(answer.short for answer in answers if not answer.taken)
    assert world.position("reno", "TENT").allocated == 5
    assert ledger.verify().count == 0


def test_the_caller_is_who_acted() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)

    with acting(actor="key:ab12cd34"):
        selling.reserve_now(demand=_wants(world, "o"))

    assert Reservation.objects.get().status_changes.get().actor == "key:ab12cd34"


def test_the_same_demand_twice_is_taken_once() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    answers = run_together(
        [lambda: selling.reserve_now(demand=_wants(world, "o", 2)) for _ in range(8)]
    )

    assert {answer.taken for answer in answers} == {("o",)}
    assert world.position("reno", "TENT").allocated == 2


def test_a_mistake_is_its_callers_alone() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    answers = run_together(
        [
            lambda: selling.reserve_now(demand=_wants(world, "good")),
            lambda: selling.reserve_now(demand=_wants(world, "bad", 0)),
        ]
    )

    assert answers[0].taken == ("good",)
    assert isinstance(answers[1], InvalidQuantity)


def test_sold_out_is_answered_without_a_lock_the_second_time() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    first, first_looked = _looks(world, _wants(world, "a", 2))
    again, looked = _looks(world, _wants(world, "b", 2))
    smaller, smaller_looked = _looks(world, _wants(world, "c", 1))

    assert (first_looked, looked, smaller_looked) == (True, False, True)
    assert first.short["a"][0].available == again.short["b"][0].available == 1
    assert smaller.taken == ("c",)


def test_freed_stock_is_sold_again_at_once() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    _serve(_wants(world, "a"))
    _serve(_wants(world, "b"))
    with unit():
        reservations.release(items=[at_node("a")], reason="cancelled")

    assert _serve(_wants(world, "c"))[0].taken == ("c",)


def test_a_hold_that_runs_out_is_not_remembered_as_sold() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    now = clock.real_now()
    with unit():
        reservations.hold(demands=[_wants(world, "cart")], expires_at=now + timedelta(minutes=5))
    assert _serve(_wants(world, "a"))[0].taken == ()

    with clock.virtual(now + timedelta(minutes=5)):
        assert _serve(_wants(world, "b"))[0].taken == ("b",)


def test_who_holds_something_is_never_answered_from_memory() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    _serve(_wants(world, "a"))
    _serve(_wants(world, "b"))

    answer, looked = _looks(world, _wants(world, "a"))

    assert answer.taken == ("a",)
    assert looked


def test_what_was_rolled_back_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)

    def fail(*_: object) -> None:
        raise RuntimeError("the machine stops before the commit")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(selling, "_witness", fail)
        _serve(_wants(world, "a"), _wants(world, "b"))

    assert selling._memory == {}
    assert _serve(_wants(world, "c"))[0].taken == ("c",)
