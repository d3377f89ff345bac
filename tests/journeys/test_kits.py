"""A kit is sold as one, set aside, picked and missed as its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.catalog import services as catalog
from inventory.models import Reservation, StockPosition
from inventory.services import counts, kits, ledger
from inventory.types import CountedLine, StockChange
from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import floor
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.outbox import selectors as outbox
from oms.infra.outbox.services import relaying
from orders.models import Order
from orders.tests.factories import World, _variant, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)


def _with_a_set(stock_at: dict[str, dict[str, int]]) -> World:
    """SET is one A and two B."""
    world = a_world(stock_at=stock_at)
    with unit():
        made = catalog.upsert_variants(
            organization_id=world.organization_id, drafts=[_variant("SET")]
        )
        catalog.set_components(
            kit_id=made["SET"], components={world.variant_ids["A"]: 1, world.variant_ids["B"]: 2}
        )
    return replace(world, variant_ids={**world.variant_ids, **made})


def _order_of_two_sets(world: World) -> Order:
    [answer] = world.place(a_draft(lines={"SET": 2, "A": 1}))
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def _allocated(world: World, node: str) -> dict[str, int]:
    rows = StockPosition.objects.filter(node_id=world.node_ids[node])
    return dict(rows.values_list("variant__sku", "allocated"))


def _to_pick(work: WorkOrder) -> list[tuple[str, str, int]]:
    rows = WorkLine.objects.filter(work_order=work).order_by("line_ref", "variant__sku")
    return list(rows.values_list("line_ref", "variant__sku", "quantity"))


def _nothing_is_left_over() -> None:
    health = outbox.get_health()
    assert (health.pending, health.dead_letters) == (0, 0)
    assert ledger.verify().count == 0


def test_the_parts_are_set_aside_and_picked() -> None:
    world = _with_a_set({"reno": {"A": 5, "B": 9}})

    order = _order_of_two_sets(world)

    assert order.status == "released"
    assert _allocated(world, "reno") == {"A": 3, "B": 4}
    work = WorkOrder.objects.get()
    assert _to_pick(work) == [("1", "A", 2), ("1", "B", 4), ("2", "A", 1)]
    floor.pick(work_refs=[work.public_id], picker="rosa")
    relaying.drain()
    assert set(Reservation.objects.values_list("status", flat=True)) == {"picked"}
    _nothing_is_left_over()


def test_a_set_that_cannot_be_made_up_is_not_sold() -> None:
    world = _with_a_set({"reno": {"A": 5, "B": 3}})

    order = _order_of_two_sets(world)

    assert order.holds.get().type == "stock"
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()


def test_sets_that_lose_a_part_are_set_anew_elsewhere() -> None:
    world = _with_a_set({"reno": {"A": 3, "B": 4}, "dallas": {"A": 2, "B": 4}})
    order = _order_of_two_sets(world)
    before = WorkOrder.objects.get()

    with acting(actor="staff:rosa"):
        with unit():
            variant = world.variant_ids["B"]
            count = counts.start(node_id=world.node_ids["reno"], variant_ids=[variant])
            counts.enter(count_id=count.pk, lines=[CountedLine(variant, 3)])
            counts.submit(count_id=count.pk)
        with unit():
            counts.book(count_id=count.pk)
    relaying.drain()

    assert _to_pick(before) == [("2", "A", 1)]
    assert _allocated(world, "reno") == {"A": 1, "B": 0}
    assert _allocated(world, "dallas") == {"A": 2, "B": 4}
    again = WorkOrder.objects.exclude(pk=before.pk).get()
    assert _to_pick(again) == [("1/2", "A", 2), ("1/2", "B", 4)]
    line = order.lines.get(position=1)
    assert (line.allocated, line.unallocated) == (2, 0)
    _nothing_is_left_over()


def test_a_returned_kit_comes_back_as_its_parts() -> None:
    world = _with_a_set({"reno": {"A": 1, "B": 1}})
    reno = world.node_ids["reno"]
    back = StockChange(reno, world.variant_ids["SET"], 3, "worn", "return", "ret_1")

    parts = kits.in_parts(changes=[back, replace(back, variant_id=world.variant_ids["A"])])

    assert [(part.variant_id, part.quantity) for part in parts] == [
        (world.variant_ids["A"], 3),
        (world.variant_ids["B"], 6),
        (world.variant_ids["A"], 3),
    ]
