"""One node's work in two parcels: nothing but names changes, and each part goes its own way."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.services import ledger
from inventory.warehouse.services import floor as floor_steps
from oms.core.errors import OmsError
from oms.infra.outbox.services import relaying
from orders.models import Order
from orders.selectors import parcels
from orders.services import cancellation, holds, parting, splitting
from orders.services.splitting import WorkPart
from orders.tests.factories import NOW, a_draft, a_world
from orders.tests.works import counters, floor, floor_refs, held, place, work_of, works

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_part_becomes_work_of_its_own_and_nothing_else_changes() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 3, "B": 2})
    before = counters(order)

    splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 1, 2: 2})])

    assert works(order) == [("reno", 1, 1, "open", {1: 2}), ("reno", 1, 2, "open", {1: 1, 2: 2})]
    assert held(order) == {
        "1": [(2, "allocated")], "1/1/2": [(1, "allocated")], "2/1/2": [(2, "allocated")],
    }  # fmt: skip
    assert floor(order) == [("open", False, {"1": 2}), ("open", False, {"1/1/2": 1, "2/1/2": 2})]
    assert counters(order) == before
    assert ledger.verify().differences == []


def test_the_parts_are_picked_packed_and_sent_each_for_itself() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 3})
    splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 1})])
    first, second = floor_refs(order)

    floor_steps.pick(work_refs=[second], picker="rosa")
    floor_steps.pack(work_refs=[second], packer="rosa")
    relaying.drain()

    assert [(status, units) for _, _, _, status, units in works(order)] == [
        ("open", {1: 2}), ("packed", {1: 1}),
    ]  # fmt: skip
    assert held(order) == {"1": [(2, "allocated")], "1/1/2": [(1, "picked")]}
    assert ledger.verify().differences == []


def test_a_part_can_be_split_again() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 4})
    [second] = splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 3})])

    splitting.split_work(parts=[WorkPart(second, {1: 1})])

    assert [(part, units) for _, _, part, _, units in works(order)] == [
        (1, {1: 1}), (2, {1: 2}), (3, {1: 1}),
    ]  # fmt: skip


def test_what_is_blocked_stays_blocked() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")

    splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 1})])

    assert [blocked for _, blocked, _ in floor(order)] == [True, True]


def test_a_split_order_is_cancelled_whole() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 1})])

    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    assert [status for _, _, _, status, _ in works(order)] == ["cancelled", "cancelled"]
    assert held(order) == {}
    assert ledger.verify().differences == []


@pytest.mark.parametrize(
    ("units", "error"),
    [
        ({}, parting.NothingToSplit),
        ({1: 0}, parting.NothingToSplit),
        ({1: 2}, parting.NothingToSplit),
        ({1: 3}, parting.MoreThanThere),
        ({7: 1}, parting.MoreThanThere),
    ],
)
def test_what_cannot_be_split_is_refused_and_nothing_happens(
    units: dict[int, int], error: type[OmsError]
) -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    before = (works(order), held(order), floor(order))

    with pytest.raises(error):
        splitting.split_work(parts=[WorkPart(work_of(order).public_id, units)])

    assert (works(order), held(order), floor(order)) == before


def test_nothing_is_taken_out_of_work_that_was_begun() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    work = work_of(order)
    floor_steps.pick(work_refs=floor_refs(order), picker="rosa")

    with pytest.raises(parting.PickedAlready):
        splitting.split_work(parts=[WorkPart(work.public_id, {1: 1})])
    relaying.drain()
    with pytest.raises(parting.PickedAlready):
        splitting.split_work(parts=[WorkPart(work.public_id, {1: 1})])

    assert held(order) == {"1": [(2, "picked")]}


def test_closed_and_unknown_work_is_refused() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    work = work_of(order)
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    with pytest.raises(parting.WorkClosed):
        splitting.split_work(parts=[WorkPart(work.public_id, {1: 1})])
    with pytest.raises(parcels.UnknownWork):
        splitting.split_work(parts=[WorkPart("ful_nobody", {1: 1})])


def test_statements_do_not_grow_with_the_number_of_works() -> None:
    world = a_world(stock_at={"reno": {"A": 100, "B": 100}})

    def spent(count: int, label: str) -> int:
        drafts = [
            a_draft(f"{label}-{n}", lines={"A": 2, "B": 1}, placed_at=NOW) for n in range(count)
        ]
        refs = [answer.public_id for answer in world.place(*drafts)]
        relaying.drain()
        orders = Order.objects.filter(public_id__in=refs)
        parts = [WorkPart(work_of(order).public_id, {1: 1, 2: 1}) for order in orders]
        with CaptureQueriesContext(connection) as seen:
            assert len(splitting.split_work(parts=parts)) == count
        return len(seen)

    assert spent(1, "few") == spent(15, "many")
    assert ledger.verify().differences == []
