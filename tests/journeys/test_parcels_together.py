"""Parts and shared parcels in what else happens to orders: kits, counts, the public page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.catalog import services as catalog
from inventory.services import counts, ledger
from inventory.types import CountedLine
from inventory.warehouse.models import WorkLine
from inventory.warehouse.services import floor as floor_steps
from oms.cockpit.dashboards.selectors import tracking_page
from oms.core.transactions import unit
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Order
from orders.selectors import orders as selectors
from orders.services import merging, order_splitting, splitting
from orders.services.merging import Shared
from orders.services.order_splitting import OrderUnits
from orders.services.splitting import WorkPart
from orders.tests.factories import World, _variant, a_world
from orders.tests.works import counters, floor_refs, held, place, work_of, works

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


def _to_pick(order: Order) -> list[tuple[str, str, int]]:
    rows = WorkLine.objects.filter(work_order__correlation_id=order.public_id)
    names = ("line_ref", "variant__sku", "quantity")
    return list(rows.order_by("work_order", "variant__sku").values_list(*names))


def test_kits_are_split_as_whole_sets() -> None:
    world = _with_a_set({"reno": {"A": 5, "B": 10}})
    order = place(world, "R-1", lines={"SET": 3})

    splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 1})])
    [reference] = order_splitting.split_orders(parts=[OrderUnits(order.pk, {1: 1})])

    new = Order.objects.get(public_id=reference)
    relaying.drain()
    assert _to_pick(order) + _to_pick(new) == [
        ("1", "A", 2), ("1", "B", 4), ("1/1/2", "A", 1), ("1/1/2", "B", 2),
    ]  # fmt: skip
    assert counters(order) == {1: {"ordered": 2, "allocated": 2}}
    assert counters(new) == {1: {"ordered": 1, "allocated": 1}}
    assert ledger.verify().differences == []


def _count(world: World, node: str, sku: str, found: int) -> None:
    variant = world.variant_ids[sku]
    with unit():
        count = counts.start(node_id=world.node_ids[node], variant_ids=[variant])
        counts.enter(count_id=count.pk, lines=[CountedLine(variant, found)])
        counts.submit(count_id=count.pk)
        counts.book(count_id=count.pk)
    relaying.drain()


def test_a_short_count_is_routed_again_part_by_part() -> None:
    world = a_world(stock_at={"reno": {"A": 4}, "dallas": {"A": 9}})
    order = place(world, "R-1", lines={"A": 4})
    splitting.split_work(parts=[WorkPart(work_of(order).public_id, {1: 2})])

    _count(world, "reno", "A", 3)

    kept = sum(units for node, *_, status, lines in works(order) if node == "reno"
               for units in lines.values() if status == "open")  # fmt: skip
    assert kept == 3
    assert [lines for node, *_, lines in works(order) if node == "dallas"] == [{1: 1}]
    assert counters(order) == {1: {"ordered": 4, "allocated": 4}}
    assert ledger.verify().differences == []


def test_a_member_that_loses_its_stock_leaves_the_parcel() -> None:
    world = a_world(stock_at={"reno": {"A": 2}, "dallas": {"A": 9}})
    first, second = place(world, "R-1"), place(world, "R-2", minutes=1)
    merging.merge(parcels=[Shared([work_of(order).public_id for order in (first, second)])])

    _count(world, "reno", "A", 1)

    assert not FulfillmentOrder.objects.exclude(merged_into=None).exists()
    refs = floor_refs(first)
    floor_steps.pick(work_refs=refs[:1], picker="rosa")
    assert held(first) == {"1": [(1, "picked")]}
    assert [node for node, _, _, status, _ in works(second) if status == "open"] == ["dallas"]


def test_the_page_of_each_order_shows_the_one_parcel() -> None:
    world = a_world()
    first, second = place(world, "R-1"), place(world, "R-2")
    merging.merge(parcels=[Shared([work_of(order).public_id for order in (first, second)])])
    refs = floor_refs(first)
    floor_steps.pick(work_refs=refs, picker="rosa")
    floor_steps.pack(work_refs=refs, packer="rosa")
    relaying.drain()

    pages = [
        tracking_page.snapshot(
            selectors.get_for(organization_id=world.organization_id, public_id=order.public_id)
        )
        for order in (first, second)
    ]

    assert [len(page["parcels"]) for page in pages] == [1, 1]
    assert pages[0]["parcels"] == pages[1]["parcels"]
    assert [page["order_number"] for page in pages] == [str(first.number), str(second.number)]
