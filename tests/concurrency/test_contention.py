"""Many callers for few units: exactly the units are sold, nobody waits for a lock until the server
gives up, and what happens to one promise at the same instant happens once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from inventory.models import Reservation, ReservationStatusChange, StockPosition
from inventory.services import ledger, reservations, selling
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import Demand, ReserveResult
from oms.cockpit.simulation.proving import questions, weakening
from oms.cockpit.simulation.proving.weakening import Protection
from oms.core import clock
from oms.core.errors import OmsError
from oms.core.testing.races import run_together
from oms.core.transactions import Busy, unit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CALLERS, UNITS = 500, 50
#: Each with a connection of its own; callers beyond take turns on it.
CONNECTIONS = 50
HOLDS = 200
#: Callers of the control that loses its time to deadlocks.
FEWER = 150

Ask = Callable[[Demand], ReserveResult]


@pytest.fixture(autouse=True)
def _front_ends_with_the_test() -> Iterator[None]:
    yield
    selling.stop()


def _reserve(demand: Demand) -> ReserveResult:
    with unit():
        return reservations.reserve(demands=[demand])


def _directly(ask: Ask, demands: list[Demand]) -> list[Any]:
    """All demands at once over few connections."""
    shares = [demands[n::CONNECTIONS] for n in range(CONNECTIONS)]
    rounds = run_together(
        [lambda share=share: [_answer(ask, demand) for demand in share] for share in shares],
        timeout_s=120,
    )
    return [answer for answers in rounds for answer in answers]


def _answer(ask: Ask, demand: Demand) -> Any:
    try:
        return ask(demand)
    except OmsError as error:
        return error


def _through_the_front(demands: list[Demand]) -> list[Any]:
    """A thread for each caller; the writer of the process has the only connection."""
    return run_together(
        [lambda demand=demand: selling.reserve_now(demand=demand) for demand in demands],
        timeout_s=120,
    )


def _last_units() -> tuple[World, list[Demand]]:
    """Fifty of each of two things, and 500 orders for one of each, in opposite order by turns."""
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", UNITS)
    world.receive("reno", "STOVE", UNITS)
    demands = []
    for number in range(CALLERS):
        legs = [world.leg("reno", "TENT", 1, "1"), world.leg("reno", "STOVE", 1, "2")]
        demands.append(world.demand(f"o{number}", *(legs if number % 2 else reversed(legs))))
    return world, demands


def _sold(answers: list[Any]) -> int:
    return sum(len(answer.taken) for answer in answers if isinstance(answer, ReserveResult))


def _require_fifty_sold(answers: list[Any], deadlocks_before: int) -> None:
    # Nobody was told to come back: no lock was waited for until the server gave up.
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert _sold(answers) == UNITS
    assert not StockPosition.objects.exclude(allocated=UNITS).exists()
    assert questions.units_oversold_ever() == 0
    assert questions.deadlocks() == deadlocks_before
    assert ledger.verify().differences == []


def test_500_callers_get_exactly_the_last_50_units() -> None:
    _, demands = _last_units()
    before = questions.deadlocks()

    answers = _directly(_reserve, demands)

    _require_fifty_sold(answers, before)


def test_500_callers_of_the_front_get_exactly_the_last_50_units() -> None:
    _, demands = _last_units()
    before = questions.deadlocks()

    answers = _through_the_front(demands)

    _require_fifty_sold(answers, before)


def test_control_without_the_guard_more_than_50_are_sold() -> None:
    with weakening.without(*weakening.AGAINST_OVERSELL):
        world, _ = _last_units()
        # One line each: without row locks two lines would wait for each other crosswise.
        tent = world.leg("reno", "TENT", 1)
        answers = _directly(_reserve, [world.demand(f"o{n}", tent) for n in range(CALLERS)])

        assert _sold(answers) > UNITS
        assert questions.units_oversold_ever() > 0


def test_control_without_the_order_of_locks_callers_are_told_to_come_back() -> None:
    _, demands = _last_units()
    before = questions.deadlocks()

    with weakening.without(Protection.ORDER):
        answers = _directly(_reserve, demands[:FEWER])

    assert any(isinstance(answer, Busy) for answer in answers)
    assert questions.deadlocks() > before


@pytest.mark.parametrize("ask", [_reserve, lambda demand: selling.reserve_now(demand=demand)])
def test_the_same_demand_from_many_callers_at_once_is_taken_once(ask: Ask) -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 40)
    world.receive("reno", "STOVE", 40)

    for number in range(10):
        answers = run_together([_asking(ask, world, f"o{number}", n % 2) for n in range(8)])
        assert [answer.taken for answer in answers] == [(f"o{number}",)] * 8

    assert world.position("reno", "TENT").allocated == 10
    assert world.position("reno", "STOVE").allocated == 20
    assert ledger.verify().differences == []


def _asking(ask: Ask, world: World, ref: str, is_turned: int) -> Callable[[], ReserveResult]:
    legs = [world.leg("reno", "TENT", 1, "1"), world.leg("reno", "STOVE", 2, "2")]
    return lambda: ask(world.demand(ref, *(reversed(legs) if is_turned else legs)))


def _ask_at_either_node(rounds: int) -> int:
    """Four sessions plan one demand at Reno, four at Dallas; returns the units taken in all."""
    world = make_world(nodes_=("reno", "dallas"))
    for node in world.nodes:
        world.receive(node, "TENT", 200)
    for number in range(rounds):
        demands = [world.demand(f"o{number}", world.leg(n, "TENT", 1)) for n in world.nodes]
        run_together([partial(_reserve, demand) for demand in demands * 4])
    return sum(world.position(node, "TENT").allocated for node in world.nodes)


def test_one_demand_planned_at_two_nodes_at_once_is_taken_at_one() -> None:
    assert _ask_at_either_node(rounds=10) == 10
    assert ledger.verify().count == 0


def test_control_without_its_lock_one_demand_is_taken_twice() -> None:
    with weakening.without(Protection.ONCE):
        assert _ask_at_either_node(rounds=10) > 10


#: What may happen to a hold at the instant it runs out, and what it has come to then.
ENDS: dict[str, frozenset[str]] = {
    "release": frozenset({"released", "expired"}),
    "confirm": frozenset({"confirmed", "expired"}),
    "allocate": frozenset({"allocated", "expired"}),
    "reserve": frozenset({"allocated"}),
}


@pytest.mark.parametrize("step", ENDS)
def test_a_hold_that_runs_out_while_something_happens_to_it_ends_once(step: str) -> None:
    world = make_world(skus=tuple(f"S{n}" for n in range(5)))
    ends_at = NOON + timedelta(minutes=15)
    demands = []
    for number in range(HOLDS):
        sku = f"S{number % 5}"
        demands.append(world.demand(f"o{number}", world.leg("reno", sku, 1)))
    for sku in world.variants:
        world.receive("reno", sku, HOLDS // 5)
    with clock.virtual(NOON), unit():
        reservations.hold(demands=demands, expires_at=ends_at)

    answers = run_together(
        [
            *(lambda: _sweep(ends_at) for _ in range(3)),
            *(
                lambda share=demands[n::6]: [
                    _answer(_stepper(step, ends_at), d) for d in reversed(share)
                ]
                for n in range(6)
            ),
        ],
        timeout_s=120,
    )

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    # Of each demand there is one row that stands, or one that ended.
    last = Counter(_last_status(f"o{number}") for number in range(HOLDS))
    assert set(last) == ENDS[step]
    assert sum(last.values()) == HOLDS
    assert questions.reservations_ended_twice() == 0
    assert ledger.verify().differences == []
    # Exactly what did not stay promised is free again.
    firm = last["confirmed"] + last["allocated"]
    assert sum(p.held + p.allocated for p in StockPosition.objects.all()) == firm


def _stepper(step: str, ends_at: Any) -> Callable[[Demand], Any]:
    """The step as a caller takes it whose clock is a moment behind the sweep's."""

    def take(demand: Demand) -> Any:
        with clock.virtual(ends_at - timedelta(microseconds=1)), unit():
            if step == "reserve":
                return reservations.reserve(demands=[demand])
            reason = {"reason": "changed mind"} if step == "release" else {}
            return getattr(reservations, step)(items=[at_node(demand.demand_ref)], **reason)

    return take


def _sweep(ends_at: Any) -> int:
    ended = 0
    with clock.virtual(ends_at):
        while batch := _answer(lambda _: reservations.expire_due(before=ends_at, limit=7), None):
            ended += batch if isinstance(batch, int) else 0
    return ended


def _last_status(ref: str) -> str:
    rows = Reservation.objects.filter(demand_ref=ref).order_by("-pk")
    newest = rows.first()
    assert newest is not None
    steps = ReservationStatusChange.objects.filter(subject__in=rows)
    assert steps.filter(to_status="expired").count() <= 1
    assert rows.filter(status__in=Reservation.LIVE).count() <= 1
    return str(newest.status)
