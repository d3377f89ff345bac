"""Clerks at the same instant: nobody gets another's work, nothing is done twice."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from inventory.services import ledger, reservations
from inventory.tests.factories import NOON, World, make_world
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor, work
from inventory.warehouse.types import WorkDraft, WorkLineDraft
from oms.core.testing.races import run_together
from oms.core.transactions import unit
from oms.core.transitions import IllegalTransition

pytestmark = pytest.mark.django_db(transaction=True)


def _release(world: World, count: int) -> list[str]:
    with unit():
        reservations.reserve(
            demands=[world.demand(f"ord_{i}", world.leg("reno", "TENT", 1)) for i in range(count)]
        )
        return work.release_many(
            drafts=[
                WorkDraft(
                    organization_id=world.organization_id,
                    node_id=world.nodes["reno"],
                    demand_kind="fulfillment_order",
                    demand_ref=f"ful_{i}",
                    label=f"#{i}",
                    correlation_id=f"ord_{i}",
                    priority=0,
                    due_at=NOON + timedelta(minutes=i),
                    lines=(WorkLineDraft("1", world.variants["TENT"], 1),),
                )
                for i in range(count)
            ]
        )


def test_two_clerks_never_get_the_same_work() -> None:
    world = make_world()
    world.receive("reno", "TENT", 20)
    refs = _release(world, 20)

    claims = run_together([lambda: floor.claim_next(status="open", limit=3)] * 8)

    given = [ref for claim in claims for ref in claim]
    left = floor.claim_next(status="open", limit=20)
    assert len(given) == len(set(given))
    assert sorted([*given, *left]) == sorted(refs)


def test_the_same_pick_at_the_same_instant_counts_once() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    refs = _release(world, 1)

    answers = run_together(
        [partial(floor.pick, work_refs=refs, picker=f"staff:{n}") for n in range(6)]
    )

    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, IllegalTransition) for answer in answers) == 5
    winner = next(n for n, answer in enumerate(answers) if answer is None)
    assert WorkOrder.objects.get().picker == f"staff:{winner}"


def test_shipped_at_the_same_instant_leaves_the_stock_once() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    _release(world, 1)
    item = reservations.DemandAtNode("order", "ord_0", world.nodes["reno"])

    def ship() -> None:
        with unit():
            reservations.consume(items=[item])

    answers = run_together([ship] * 6)

    assert answers == [None] * 6
    position = world.position("reno", "TENT")
    assert (position.on_hand, position.allocated) == (4, 0)
    assert ledger.verify().differences == []


def test_released_and_shipped_at_the_same_instant_is_one_of_both() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    _release(world, 1)
    item = reservations.DemandAtNode("order", "ord_0", world.nodes["reno"])

    def ship() -> str:
        with unit():
            reservations.consume(items=[item])
        return "shipped"

    def release() -> str:
        with unit():
            return "released" if reservations.release(items=[item], reason="x") else "too late"

    shipped, released = run_together([ship, release])

    position = world.position("reno", "TENT")
    if released == "released":
        assert isinstance(shipped, reservations.NothingReserved)
        assert (position.on_hand, position.allocated) == (5, 0)
    else:
        assert (shipped, released) == ("shipped", "too late")
        assert (position.on_hand, position.allocated) == (4, 0)
    assert ledger.verify().differences == []
