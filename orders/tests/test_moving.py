"""Units that are sent from another node, and what is told before anything is done."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.services import ledger
from inventory.warehouse.models import WorkOrder
from oms.core.errors import OmsError
from oms.infra.outbox.services import relaying
from orders.models import Order, OrderLine
from orders.services import holds, merging, moving, parting, previewing, splitting
from orders.services.moving import WorkMove
from orders.services.splitting import WorkPart
from orders.tests.factories import NOW, World, a_draft, a_world
from orders.tests.works import counters, floor, held, place, work_of, works
from routing.models import Decision

pytestmark = pytest.mark.django_db(transaction=True)


def _two_nodes(**stock: int) -> World:
    return a_world(stock_at={"reno": {"A": 10, "B": 10}, "dallas": {"A": 10, **stock}})


def test_units_go_to_a_named_node_and_all_counters_end_as_they_were() -> None:
    world = _two_nodes()
    order = place(world, "R-1", lines={"A": 3, "B": 2})
    before = counters(order)
    reference = work_of(order).public_id

    [[new]] = moving.move_units(moves=[WorkMove(reference, {1: 2}, "dallas")])
    relaying.drain()

    assert works(order) == [
        ("reno", 1, 1, "open", {1: 1, 2: 2}), ("dallas", 2, 1, "open", {1: 2}),
    ]  # fmt: skip
    assert held(order) == {
        "1": [(1, "allocated")], "2": [(2, "allocated")], "1/2": [(2, "allocated")],
    }  # fmt: skip
    assert floor(order) == [("open", False, {"1": 1, "2": 2}), ("open", False, {"1/2": 2})]
    assert WorkOrder.objects.get(demand_ref=new).node_id == world.node_ids["dallas"]
    assert counters(order) == before
    assert ledger.verify().differences == []


def test_a_whole_work_goes_elsewhere() -> None:
    world = _two_nodes()
    order = place(world, "R-1", lines={"A": 3})

    moving.move_units(moves=[WorkMove(work_of(order).public_id, {1: 3})])
    relaying.drain()

    assert [(node, status) for node, _, _, status, _ in works(order)] == [
        ("reno", "cancelled"), ("dallas", "open"),
    ]  # fmt: skip
    assert Order.objects.get(pk=order.pk).status == "released"
    assert ledger.verify().differences == []


def test_a_second_part_can_move_too() -> None:
    world = _two_nodes()
    order = place(world, "R-1", lines={"A": 3})
    [second] = splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 2})])

    moving.move_units(moves=[WorkMove(second, {1: 1})])

    assert works(order) == [
        ("reno", 1, 1, "open", {1: 1}), ("reno", 1, 2, "open", {1: 1}),
        ("dallas", 2, 1, "open", {1: 1}),
    ]  # fmt: skip
    assert ledger.verify().differences == []


@pytest.mark.parametrize(
    ("units", "node", "error"),
    [
        ({2: 1}, "", moving.NoOtherNode),
        ({1: 2}, "reno", moving.SameNode),
        ({1: 2}, "nowhere", moving.UnknownNode),
        ({1: 9}, "dallas", parting.MoreThanThere),
        ({}, "dallas", parting.NothingToSplit),
    ],
)
def test_what_cannot_move_stays_and_nothing_changes(
    units: dict[int, int], node: str, error: type[OmsError]
) -> None:
    world = _two_nodes()
    order = place(world, "R-1", lines={"A": 3, "B": 2})
    before = (counters(order), works(order), held(order), floor(order))

    with pytest.raises(error):
        moving.move_units(moves=[WorkMove(work_of(order).public_id, units, node)])

    assert (counters(order), works(order), held(order), floor(order)) == before
    assert ledger.verify().differences == []


def test_held_and_waiting_orders_and_shared_parcels_do_not_move() -> None:
    world = _two_nodes()
    order, other = place(world, "R-1"), place(world, "R-2")
    reference = work_of(order).public_id
    OrderLine.objects.filter(order=order).update(ordered=2, unallocated=1)
    with pytest.raises(moving.PartWaits):
        moving.move_units(moves=[WorkMove(reference, {1: 1})])
    OrderLine.objects.filter(order=order).update(ordered=1, unallocated=0)
    merging.merge(parcels=[merging.Shared([reference, work_of(other).public_id])])
    with pytest.raises(parting.MergedAlready):
        moving.move_units(moves=[WorkMove(reference, {1: 1})])
    merging.unmerge(work_refs=[reference])
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")
    with pytest.raises(merging.OrderOnHold):
        moving.move_units(moves=[WorkMove(reference, {1: 1})])

    assert [node for node, *_ in works(order)] == ["reno"]


def _told(parts: list[previewing.PartPreview]) -> list[tuple[Any, ...]]:
    return [(part.node_code, part.units, part.weight_g, part.why) for part in parts]


def test_a_preview_tells_of_both_parcels_and_writes_nothing() -> None:
    world = _two_nodes()
    order = place(world, "R-1", lines={"A": 3, "B": 2})
    work, decisions = work_of(order), Decision.objects.count()

    here = previewing.preview(work=work, units={1: 2})
    there = previewing.preview(work=work, units={1: 2}, move_to="dallas")
    nowhere = previewing.preview(work=work, units={2: 2}, move_to="")

    assert _told(here) == [("reno", 3, 1200, ""), ("reno", 2, 800, "")]
    assert _told(there) == [("reno", 3, 1200, ""), ("dallas", 2, 800, "")]
    assert [part.service_code == work.service_code for part in here] == [True, True]
    for part in (*here, *there):
        assert part.cost_amount is not None and part.cost_amount > 0
        assert part.arrives_on is not None and part.arrives_on > date(2026, 11, 1)
    assert here[0].cost_amount > here[1].cost_amount  # type: ignore[operator]
    assert _told(nowhere)[0] == ("reno", 3, 1200, "")
    assert nowhere[1].node_code == "" and nowhere[1].why
    assert (Decision.objects.count(), len(works(order))) == (decisions, 1)
    with pytest.raises(parting.MoreThanThere):
        previewing.preview(work=work, units={1: 4})


def test_statements_do_not_grow_with_the_number_of_moves() -> None:
    world = a_world(stock_at={"reno": {"A": 100}, "dallas": {"A": 100}})

    def spent(count: int, label: str) -> int:
        drafts = [a_draft(f"{label}-{n}", lines={"A": 2}, placed_at=NOW) for n in range(count)]
        refs = [answer.public_id for answer in world.place(*drafts)]
        relaying.drain()
        moves = [
            WorkMove(work_of(order).public_id, {1: 1}, "dallas")
            for order in Order.objects.filter(public_id__in=refs)
        ]
        with CaptureQueriesContext(connection) as seen:
            assert len(moving.move_units(moves=moves)) == count
        return len(seen)

    assert spent(1, "few") == spent(12, "many")
    assert ledger.verify().differences == []
