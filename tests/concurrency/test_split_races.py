"""The floor, a hold and other people at the same moment: one of two wins, the other hears why."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from inventory.services import ledger
from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import dividing, floor
from oms.core.errors import Conflict
from oms.core.testing.races import run_together
from orders.models import FulfillmentOrder, Hold, Order
from orders.services import holds, merging, parting, splitting
from orders.services.merging import Shared
from orders.services.splitting import WorkPart
from orders.tests.factories import World, a_world
from orders.tests.works import counters, floor_refs, held, place, work_of

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


def _split_against_pick(world: World, number: int) -> tuple[Order, list[Any]]:
    order = place(world, f"R-{number}", lines={"A": 3})
    part = WorkPart(work_of(order).public_id, {1: 1})
    refs = floor_refs(order)
    return order, run_together(
        [
            lambda: splitting.split_work(parts=[part]),
            lambda: floor.pick(work_refs=refs, picker="rosa"),
        ]
    )


def test_split_against_a_pick_scan() -> None:
    world = a_world(stock_at={"reno": {"A": 100}})
    for number in range(ROUNDS):
        order, (split, pick) = _split_against_pick(world, number)

        picked = sum(units for rows in held(order).values() for units, s in rows if s == "picked")
        if isinstance(split, list):
            # The pick came after it, and took what was left in the first parcel.
            assert pick is None or isinstance(pick, Conflict)
            assert picked == (2 if pick is None else 0)
        else:
            assert isinstance(split, parting.PickedAlready) and pick is None
            assert picked == 3
        assert counters(order) == {1: {"ordered": 3, "allocated": 3}}
        assert _floor_says(order) == _stock_says(order)
    assert ledger.verify().differences == []


def _floor_says(order: Order) -> dict[str, tuple[int, bool]]:
    rows = WorkLine.objects.filter(work_order__correlation_id=order.public_id)
    return {
        line: (units, status == WorkOrder.Status.PICKED)
        for line, units, status in rows.values_list("line_ref", "quantity", "work_order__status")
    }


def _stock_says(order: Order) -> dict[str, tuple[int, bool]]:
    return {
        line: (sum(units for units, _ in rows), any(s == "picked" for _, s in rows))
        for line, rows in held(order).items()
    }


def test_without_asking_the_floor_only_the_database_stops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: the split believes what the order was told last."""
    world = a_world()
    order = place(world, "R-1", lines={"A": 3})
    part = WorkPart(work_of(order).public_id, {1: 1})
    floor.pick(work_refs=floor_refs(order), picker="rosa")

    def unasked(*, demand_refs: Any, demand_kind: str = "fulfillment_order") -> Any:
        return {row.demand_ref: row for row in WorkOrder.objects.filter(demand_ref__in=demand_refs)}

    monkeypatch.setattr(dividing, "lock_unbegun", unasked)
    monkeypatch.setattr(parting, "rename", lambda **_: None)

    with pytest.raises(IntegrityError, match="warehouse_picks_within_line"):
        splitting.split_work(parts=[part])


def _merge_against_hold(world: World, number: int) -> tuple[Order, Order, list[Any]]:
    first, second = place(world, f"A-{number}"), place(world, f"B-{number}")
    refs = [work_of(order).public_id for order in (first, second)]
    return first, second, run_together(
        [
            lambda: merging.merge(parcels=[Shared(refs)]),
            lambda: holds.place_hold(order_id=second.pk, type="operator", reason="Call first."),
        ]
    )  # fmt: skip


def test_merge_against_a_hold() -> None:
    world = a_world(stock_at={"reno": {"A": 100}})
    for number in range(ROUNDS):
        first, second, (merged, stopped) = _merge_against_hold(world, number)

        assert stopped is None
        assert Hold.objects.filter(order=second, released_at=None).count() == 1
        if isinstance(merged, list):
            # The hold came after it: nothing of the parcel moves.
            with pytest.raises(floor.WorkBlocked):
                floor.pick(work_refs=floor_refs(first), picker="rosa")
        else:
            assert isinstance(merged, merging.OrderOnHold)
            floor.pick(work_refs=floor_refs(first), picker="rosa")
        with pytest.raises(Conflict):
            floor.pick(work_refs=floor_refs(second), picker="rosa")


def test_where_only_the_lead_is_asked_a_held_order_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a parcel is looked at as its lead alone."""
    world = a_world()
    first, second = place(world, "R-1"), place(world, "R-2")
    merging.merge(parcels=[Shared([work_of(order).public_id for order in (first, second)])])
    holds.place_hold(order_id=second.pk, type="operator", reason="Call first.")
    monkeypatch.setattr(floor, "_GROUPS", floor._GROUPS.replace("f.merged_into_id = w.id", "false"))
    monkeypatch.setattr(floor, "_require_whole", lambda works, refs: None)

    floor.pick(work_refs=floor_refs(first), picker="rosa")

    assert held(first) == {"1": [(1, "picked")]}


def _two_merges(world: World, number: int) -> list[Any]:
    orders = [place(world, f"{number}-{n}") for n in range(3)]
    a, b, c = (work_of(order).public_id for order in orders)
    return run_together(
        [
            lambda: merging.merge(parcels=[Shared([a, b])]),
            lambda: merging.merge(parcels=[Shared([b, c])]),
        ]
    )


def test_two_merges_at_once() -> None:
    world = a_world(stock_at={"reno": {"A": 100}})
    for number in range(ROUNDS):
        answers = _two_merges(world, number)

        assert sum(isinstance(answer, list) for answer in answers) == 1
        assert sum(isinstance(answer, parting.MergedAlready) for answer in answers) == 1
    assert FulfillmentOrder.objects.exclude(merged_into=None).count() == ROUNDS


def test_unchecked_merges_are_stopped_by_the_database_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: nobody asks what is merged already."""
    monkeypatch.setattr(parting, "require_unbegun", lambda *, works: None)

    answers = _two_merges(a_world(), 0)

    assert sum(isinstance(answer, list) for answer in answers) == 1
    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 1
