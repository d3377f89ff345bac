"""Work that loses units before they are picked, and picks that must not take what is not theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inventory.models import Reservation
from inventory.services import counts, ledger, reservations
from inventory.tests.factories import World
from inventory.types import CountedLine
from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import floor, work
from inventory.warehouse.services.floor import StockGone
from inventory.warehouse.services.work import AlreadyPicked
from inventory.warehouse.tests.test_floor import _draft, _label, _release, _world, handed_over
from inventory.warehouse.types import WorkLineDraft
from oms.core.transactions import unit

__all__ = ["handed_over"]

pytestmark = pytest.mark.django_db


def _quantities() -> dict[str, int]:
    return dict(WorkLine.objects.values_list("line_ref", "quantity"))


def test_work_keeps_the_units_and_lines_it_is_left() -> None:
    world = _world()
    _release(world, "1")

    with unit():
        changed = work.shrink(left={"ful_1": {"1": 1, "2": 0}, "ful_9": {"1": 0}})

    assert (changed, _quantities()) == (1, {"1": 1})
    assert WorkOrder.objects.get().version == 1


def test_work_that_was_picked_or_cancelled_is_left_alone() -> None:
    world = _world()
    picked, cancelled = _release(world, "1", "2")
    floor.pick(work_refs=[picked], picker="rosa")
    with unit():
        work.cancel(demand_refs=["ful_2"], reason="test")

    with pytest.raises(AlreadyPicked), unit():
        work.shrink(left={"ful_1": {"1": 1}})
    with unit():
        assert work.shrink(left={"ful_2": {"1": 1}}) == 0

    assert set(WorkLine.objects.filter(line_ref="1").values_list("quantity", flat=True)) == {2}


def _count(world: World, sku: str, units: int) -> None:
    with unit():
        count = counts.start(node_id=world.nodes["reno"], variant_ids=[world.variants[sku]])
        counts.enter(count_id=count.pk, lines=[CountedLine(world.variants[sku], units)])
        counts.submit(count_id=count.pk)
        counts.book(count_id=count.pk)


def test_nobody_picks_for_an_order_what_a_count_has_just_taken_from_it() -> None:
    world = _world(units=2)
    [ref] = _release(world, "1")
    _count(world, "TENT", 1)

    with pytest.raises(StockGone):
        floor.pick(work_refs=[ref], picker="rosa")

    assert WorkOrder.objects.get().status == "open"
    with unit():
        work.shrink(left={"ful_1": {"1": 1}})
    floor.pick(work_refs=[ref], picker="rosa")
    picked = Reservation.objects.filter(status="picked").order_by("line_ref")
    assert list(picked.values_list("line_ref", "quantity")) == [("1", 1), ("2", 1)]


def test_two_works_of_one_order_at_one_node_move_their_own_units(
    handed_over: list[dict[str, Any]],
) -> None:
    world = _world()
    [first] = _release(world, "1")
    again = replace(
        _draft(world, "1"),
        demand_ref="ful_1b",
        lines=(WorkLineDraft("1/2", world.variants["TENT"], 3),),
    )
    with unit():
        reservations.reserve(demands=[world.demand("ord_1", world.leg("reno", "TENT", 3, "1/2"))])
        [second] = work.release_many(drafts=[again])

    floor.pick(work_refs=[first], picker="rosa")
    after_first = dict(Reservation.objects.values_list("line_ref", "status"))
    floor.pick(work_refs=[second], picker="rosa")
    _label(*floor.pack(work_refs=[second], packer="rosa"))
    floor.hand_over(work_refs=[second])
    after_second = dict(Reservation.objects.values_list("line_ref", "status"))

    assert after_first == {"1": "picked", "2": "picked", "1/2": "allocated"}
    assert after_second == {"1": "picked", "2": "picked", "1/2": "consumed"}
    assert ledger.verify().differences == []
