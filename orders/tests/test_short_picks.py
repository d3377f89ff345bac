"""A shelf that holds less than asked: the rest goes elsewhere or waits, the books are put right."""

from __future__ import annotations

from datetime import date

import pytest

from inventory.catalog import services as catalog
from inventory.models import CountLine, LotBalance, Reservation, StockCount, StockPosition
from inventory.services import ledger, lots, serials, stock
from inventory.types import LotDraft, SerialUnit, StockChange
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor, short_picks
from inventory.warehouse.services.short_picks import NotAsked, NothingMissing, PickedAlready
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Hold, Order
from orders.services import cancellation
from orders.tests.factories import World, _variant, a_world
from orders.tests.test_cancellation import counters, floor_of, place, told
from orders.tests.test_negotiation import claim_labels, sell_labels

pytestmark = pytest.mark.django_db(transaction=True)


def works(order: Order) -> list[tuple[str, str, list[int]]]:
    rows = FulfillmentOrder.objects.filter(order=order).select_related("node").order_by("pk")
    return [(w.node.code, w.status, list(w.lines.values_list("quantity", flat=True))) for w in rows]


def report(world: World, order: Order, sku: str, units: int, *, line: str = "1") -> None:
    work = WorkOrder.objects.filter(correlation_id=order.public_id).earliest("pk")
    short_picks.report(
        work_ref=work.public_id,
        missing={(line, world.variant_ids[sku]): units},
        picker="staff:rosa",
    )


def on_hand(world: World, node: str, sku: str) -> int:
    return StockPosition.objects.get(
        node_id=world.node_ids[node], variant_id=world.variant_ids[sku]
    ).on_hand


def test_the_missing_units_go_elsewhere_and_the_others_go_on() -> None:
    world = a_world(stock_at={"reno": {"A": 5, "B": 5}, "dallas": {"A": 5}})
    order = place(world, lines={"A": 3, "B": 1})

    report(world, order, "A", 2)
    relaying.drain()

    assert counters(order) == [(0, 0, 0, 3, 0), (0, 0, 0, 1, 0)]
    assert works(order) == [("reno", "in_progress", [1, 1]), ("dallas", "open", [2])]
    assert floor_of(order) == [("picked", {"1": 1, "2": 1}), ("open", {"1/2": 2})]
    assert on_hand(world, "reno", "A") == 3
    count = StockCount.objects.get()
    assert (count.status, count.reason) == ("counting", "short pick")
    assert CountLine.objects.get().position.variant.sku == "A"
    [event] = told("warehouse.work.short.v1")
    assert event["lines"] == [["1", world.variant_ids["A"], 2]]
    assert ledger.verify().count == 0


def test_without_any_unit_the_work_ends_incomplete_and_the_order_waits() -> None:
    world = a_world(stock_at={"reno": {"A": 2}})
    order = place(world, lines={"A": 2})

    report(world, order, "A", 2)
    relaying.drain()

    assert works(order) == [("reno", "incomplete", [2])]
    assert floor_of(order) == [("cancelled", {})]
    assert counters(order) == [(0, 2, 0, 0, 0)]
    assert Hold.objects.get(released_at=None).type == "stock"
    world.receive("reno", "A", 2)
    relaying.drain()
    assert counters(order) == [(0, 0, 0, 2, 0)]


def test_what_left_before_the_order_heard_is_counted_right() -> None:
    world = a_world(stock_at={"reno": {"A": 3}})
    order = place(world, lines={"A": 3})
    report(world, order, "A", 1)
    [work] = WorkOrder.objects.all()
    floor.pack(work_refs=[work.public_id], packer="rosa")
    relaying.drain()
    sell_labels(claim_labels())
    floor.hand_over(work_refs=[work.public_id])
    relaying.drain()

    assert counters(order) == [(0, 1, 0, 0, 2)]
    assert on_hand(world, "reno", "A") == 0
    cancellation.cancel_lines(order_id=order.pk, quantities={1: 1}, reason="inventory")
    assert len(told("orders.order.shipped.v1")) == 1
    assert counters(order) == [(1, 0, 0, 0, 2)]


def test_a_place_that_is_being_counted_is_not_counted_twice() -> None:
    world = a_world(stock_at={"reno": {"A": 9}})
    first, second = place(world, "R-1", lines={"A": 2}), place(world, "R-2", lines={"A": 2})

    report(world, first, "A", 1)
    report(world, second, "A", 1)

    assert StockCount.objects.count() == 1


def test_a_kit_that_lacks_a_part_is_left_whole() -> None:
    world = a_world(stock_at={"reno": {"A": 9, "B": 9}, "dallas": {"A": 9, "B": 9}})
    with unit():
        world.variant_ids |= catalog.upsert_variants(
            organization_id=world.organization_id, drafts=[_variant("K")]
        )
        catalog.set_components(
            kit_id=world.variant_ids["K"],
            components={world.variant_ids["A"]: 2, world.variant_ids["B"]: 1},
        )
    order = place(world, lines={"K": 2})
    assert floor_of(order)[0][0] == "open"

    report(world, order, "B", 1)
    relaying.drain()

    assert on_hand(world, "reno", "B") == 8
    assert works(order) == [("reno", "incomplete", [2]), ("dallas", "open", [2])]
    assert counters(order) == [(0, 0, 0, 2, 0)]
    assert ledger.verify().count == 0


def test_the_lot_that_was_to_be_taken_loses_the_units() -> None:
    world = a_world(stock_at={"reno": {"B": 1}})
    with unit():
        catalog.set_tracking(variant_id=world.variant_ids["A"], tracking="lot")
        keys = lots.register(
            drafts=[LotDraft(world.variant_ids["A"], "L1", expires_on=date(2030, 1, 1))]
        )
        stock.receive(
            changes=[
                StockChange(
                    world.node_ids["reno"],
                    world.variant_ids["A"],
                    4,
                    lot_id=next(iter(keys.values())),
                )
            ]
        )
    order = place(world, lines={"A": 3})

    report(world, order, "A", 1)
    relaying.drain()

    assert LotBalance.objects.get().on_hand == 3
    assert ledger.verify().count == 0


def test_numbered_units_stay_in_the_books_until_they_are_counted() -> None:
    world = a_world(stock_at={"reno": {"B": 1}})
    with unit():
        catalog.set_tracking(variant_id=world.variant_ids["A"], tracking="serial")
        serials.receive(
            serials=[
                SerialUnit(world.node_ids["reno"], world.variant_ids["A"], f"S{n}")
                for n in range(3)
            ]
        )
    order = place(world, lines={"A": 2})

    report(world, order, "A", 1)
    relaying.drain()

    assert on_hand(world, "reno", "A") == 3
    assert StockCount.objects.count() == 1
    # The node is not asked for the missing one again.
    assert counters(order) == [(0, 1, 0, 1, 0)]
    assert ledger.verify().count == 0


@pytest.mark.parametrize(
    ("missing", "error"),
    [({}, NothingMissing), ({"1": 0}, InvalidQuantity), ({"1": 3}, NotAsked), ({"9": 1}, NotAsked)],
)
def test_a_wrong_report_changes_nothing(missing: dict[str, int], error: type[Exception]) -> None:
    world = a_world()
    order = place(world, lines={"A": 2})
    [work] = WorkOrder.objects.all()

    with pytest.raises(error):
        short_picks.report(
            work_ref=work.public_id,
            missing={(line, world.variant_ids["A"]): n for line, n in missing.items()},
            picker="staff:rosa",
        )

    assert floor_of(order) == [("open", {"1": 2})]
    assert not StockCount.objects.exists()


def test_after_the_pick_it_is_too_late() -> None:
    world = a_world()
    order = place(world, lines={"A": 2})
    floor.pick(work_refs=[WorkOrder.objects.get().public_id], picker="rosa")

    with pytest.raises(PickedAlready):
        report(world, order, "A", 1)
    assert Reservation.objects.get().status == "picked"
