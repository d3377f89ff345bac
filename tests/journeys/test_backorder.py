"""An order for what is not there: promised from a purchase order, told once when that is late,
and served when the goods come in; through every real part in between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from inventory.models import Backorder, InboundSupply, Reservation, SellingRule
from inventory.services import backlog, ledger, supply
from inventory.types import Receipt, SupplyDraft, SupplyRef
from inventory.warehouse.models import WorkOrder
from oms.core.testing.races import run_together
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.selectors import list_dead_letters
from oms.infra.outbox.services import relaying
from orders import timeline_words
from orders.models import FulfillmentOrder, Hold, Order, OrderLine, TimelineEntry
from orders.services import cancellation, holds
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

SOON, LATER = date(2026, 12, 1), date(2026, 12, 9)


@pytest.fixture
def world() -> World:
    """Reno has two of A and ten of B; the shop may sell A while there is none."""
    world = a_world(stock_at={"reno": {"A": 2, "B": 10}})
    SellingRule.objects.create(
        organization_id=world.organization_id,
        variant_id=world.variant_ids["A"],
        channel="shop",
        backorder_limit=20,
    )
    return world


def announce(world: World, quantity: int, day: date, po: str = "PO-7") -> SupplyRef:
    ref = SupplyRef(world.organization_id, "purchase_order", po)
    draft = SupplyDraft(ref, world.node_ids["dallas"], world.variant_ids["A"], quantity, day)
    with unit():
        supply.announce(lines=[draft])
    return ref


def receive(ref: SupplyRef, quantity: int, paper: str) -> None:
    with unit():
        supply.receive(receipts=[Receipt(ref, quantity, paper)])
    relaying.drain()


def place(world: World, reference: str = "R-1", **lines: int) -> Order:
    [answer] = world.place(a_draft(reference, lines=lines or {"A": 5, "B": 3}))
    assert answer.is_placed, answer.error
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def counters(order: Order) -> dict[str, tuple[int, int, int]]:
    """Not allocated, backordered and allocated, by SKU."""
    rows = OrderLine.objects.filter(order=order)
    return {row.sku: (row.unallocated, row.backordered, row.allocated) for row in rows}


def kept(order: Order) -> list[tuple[str, str, int]]:
    rows = Reservation.objects.filter(demand_ref=order.public_id, status__in=Reservation.LIVE)
    return sorted(rows.values_list("variant__sku", "status", "quantity"))


def told(order: Order, name: str) -> list[Mapping[str, Any]]:
    rows = OutboxEvent.objects.filter(name=f"inventory.{name}.v1", correlation_id=order.public_id)
    return list(rows.order_by("id").values_list("payload", flat=True))


def story(order: Order) -> list[str]:
    entries = TimelineEntry.objects.filter(order=order).order_by("pk")
    return [timeline_words.for_staff(kind=e.kind, data=e.data).text for e in entries]


def test_it_waits_is_moved_once_and_goes_out_when_the_goods_come(world: World) -> None:
    po = announce(world, 50, SOON)

    order = place(world)
    assert (order.status, order.promised_on) == ("confirmed", SOON)
    assert counters(order) == {"A": (2, 3, 0), "B": (3, 0, 0)}
    assert kept(order) == [("A", "confirmed", 2), ("B", "confirmed", 3)]
    assert not Hold.objects.exists()
    assert InboundSupply.objects.get().promised == 3

    for _ in range(2):
        with unit():
            supply.reschedule(
                organization_id=world.organization_id,
                kind="purchase_order",
                document_ref="PO-7",
                expected_on=LATER,
            )
        relaying.drain()
    order.refresh_from_db(fields=["promised_on"])
    assert order.promised_on == LATER
    assert len(told(order, "promise.moved")) == 1

    receive(po, 1, "GRN-1")
    assert counters(order)["A"] == (3, 2, 0)
    assert WorkOrder.objects.count() == 0

    receive(po, 9, "GRN-2")
    order = Order.objects.get(pk=order.pk)
    assert order.status == "released"
    assert counters(order) == {"A": (0, 0, 5), "B": (0, 0, 3)}
    assert {status for _, status, _ in kept(order)} == {"allocated"}
    assert sum(units for _, _, units in kept(order)) == 8
    works = WorkOrder.objects.filter(correlation_id=order.public_id)
    assert works.count() == FulfillmentOrder.objects.filter(order=order).count() > 0
    assert order.latest_ship_at is not None
    assert ledger.verify().count == 0
    assert list(list_dead_letters()) == []

    said = story(order)
    assert "3 units are not in stock, expected Dec 1, 2026" in said
    assert said.count("Expected Dec 9, 2026 instead of Dec 1, 2026") == 1
    assert "2 units arrived for it in the node" in said


def test_the_answer_to_the_buyer_has_the_promise(world: World) -> None:
    announce(world, 50, SOON)

    [answer] = world.place(a_draft(lines={"A": 5}))

    assert (answer.status, answer.holds, answer.promised_on) == ("confirmed", (), "2026-12-01")


def test_without_an_arrival_it_waits_without_a_day_until_one_is_announced(world: World) -> None:
    order = place(world)
    assert order.promised_on is None

    announce(world, 50, SOON)
    relaying.drain()

    order.refresh_from_db(fields=["promised_on"])
    assert order.promised_on == SOON


def test_a_channel_that_may_not_sell_ahead_gets_its_hold(world: World) -> None:
    SellingRule.objects.update(channel="other")

    order = place(world)

    assert Hold.objects.get(order=order).type == "stock"
    assert counters(order) == {"A": (5, 0, 0), "B": (3, 0, 0)}
    assert kept(order) == []
    assert not Backorder.objects.exists()


def test_beyond_the_limit_it_gets_its_hold_and_keeps_nothing(world: World) -> None:
    SellingRule.objects.update(backorder_limit=2)

    order = place(world)

    assert Hold.objects.get(order=order).type == "stock"
    assert kept(order) == []
    assert ledger.verify().count == 0


def test_one_item_that_may_not_be_sold_ahead_holds_the_order(world: World) -> None:
    order = place(world, A=5, B=11)

    assert Hold.objects.get(order=order).type == "stock"
    assert kept(order) == []


def test_a_cancelled_order_gives_back_what_it_kept_and_its_place_in_the_queue(
    world: World,
) -> None:
    po = announce(world, 50, SOON)
    order = place(world)
    second = place(world, "R-2", A=4)
    receive(po, 1, "GRN-1")

    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    relaying.drain()

    assert kept(order) == []
    # Its three kept units went to the next in line, one more was missing.
    assert counters(second) == {"A": (3, 1, 0)}
    receive(po, 1, "GRN-2")
    assert counters(second) == {"A": (0, 0, 4)}
    assert Backorder.objects.get(demand_ref=order.public_id).cancelled == 2
    assert ledger.verify().count == 0


def test_what_arrives_while_an_order_is_cancelled_is_given_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(world, A=2)
    po = announce(world, 50, SOON)
    order = place(world, "R-2", A=5)
    leave_the_queue = backlog.cancel

    def arrives_meanwhile() -> None:
        with unit():
            supply.receive(receipts=[Receipt(po, 3, "GRN-1")])

    def cancel(**demands: Any) -> int:
        """The order gave back what it kept (nothing) and is about to leave the queue."""
        assert run_together([arrives_meanwhile]) == [None]
        return leave_the_queue(**demands)

    monkeypatch.setattr(backlog, "cancel", cancel)
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    filled = kept(order)
    relaying.drain()

    assert (filled, kept(order)) == ([("A", "confirmed", 3)], [])
    assert counters(order) == {"A": (0, 0, 0)}
    assert list(list_dead_letters()) == []
    assert ledger.verify().count == 0


def test_a_hold_by_a_person_stops_what_arrived_until_it_is_lifted(world: World) -> None:
    po = announce(world, 50, SOON)
    order = place(world)
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")
    receive(po, 10, "GRN-1")
    assert counters(order) == {"A": (5, 0, 0), "B": (3, 0, 0)}

    holds.release_hold(order_id=order.pk, type="operator", reason="Called.")
    relaying.drain()

    assert Order.objects.get(pk=order.pk).status == "released"
    assert counters(order) == {"A": (0, 0, 5), "B": (0, 0, 3)}
    assert ledger.verify().count == 0


def test_a_hold_lifted_while_it_waits_leaves_it_waiting(world: World) -> None:
    order = place(world)
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")

    holds.release_hold(order_id=order.pk, type="operator", reason="Called.")
    relaying.drain()

    assert counters(order) == {"A": (2, 3, 0), "B": (3, 0, 0)}
    assert not FulfillmentOrder.objects.exists()


def test_an_order_on_hold_for_stock_waits_by_itself_once_that_is_allowed(world: World) -> None:
    SellingRule.objects.update(channel="other")
    order = place(world)
    SellingRule.objects.update(channel="shop")

    world.receive("dallas", "A", 1)
    relaying.drain()

    assert not Hold.objects.filter(released_at=None).exists()
    assert counters(order) == {"A": (3, 2, 0), "B": (3, 0, 0)}


def test_many_that_wait_are_served_in_their_order(world: World) -> None:
    po = announce(world, 50, SOON)
    orders = [place(world, f"R-{n}", A=4) for n in range(3)]

    receive(po, 6, "GRN-1")

    assert [counters(order)["A"] for order in orders] == [(0, 0, 4), (0, 0, 4), (0, 4, 0)]
    assert [Order.objects.get(pk=order.pk).status for order in orders] == [
        "released",
        "released",
        "confirmed",
    ]
    assert ledger.verify().count == 0
