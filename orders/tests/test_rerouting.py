"""Orders that lose stock to a short count: their lines, their work and where they go instead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Reservation
from inventory.services import counts, ledger, reservations
from inventory.types import CountedLine, DemandAtNode
from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import floor
from oms.core.transactions import consumer, unit
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentLine, FulfillmentOrder, Hold, Order, OrderLine, Promise
from orders.services import cancellation, holds, rerouting
from orders.tests.factories import NOW, World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)


def _place(world: World, ref: str, *, minutes: int = 0, **lines: int) -> Order:
    [answer] = world.place(
        a_draft(ref, lines=lines or {"A": 1}, placed_at=NOW + timedelta(minutes=minutes))
    )
    assert answer.is_placed and not answer.holds
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def _count(world: World, node: str, **found: int) -> None:
    with unit():
        count = counts.start(
            node_id=world.node_ids[node], variant_ids=[world.variant_ids[sku] for sku in found]
        )
        counts.enter(
            count_id=count.pk,
            lines=[CountedLine(world.variant_ids[sku], units) for sku, units in found.items()],
        )
        counts.submit(count_id=count.pk)
        counts.book(count_id=count.pk)
    relaying.drain()


def _line(order: Order, position: int = 1) -> tuple[int, int]:
    line = OrderLine.objects.get(order=order, position=position)
    return line.allocated, line.unallocated


def _works(order: Order) -> list[tuple[str, int, str, list[int]]]:
    found = FulfillmentOrder.objects.filter(order=order).select_related("node").order_by("pk")
    return [
        (w.node.code, w.attempt, w.status, list(w.lines.values_list("quantity", flat=True)))
        for w in found
    ]


def _floor(order: Order) -> list[tuple[str, dict[str, int]]]:
    return [
        (w.status, dict(w.lines.values_list("line_ref", "quantity")))
        for w in WorkOrder.objects.filter(correlation_id=order.public_id).order_by("pk")
    ]


def _open_holds(order: Order) -> list[tuple[str, list[str]]]:
    return list(Hold.objects.filter(order=order, released_at=None).values_list("type", "scopes"))


def test_an_order_that_lost_all_goes_to_the_other_node() -> None:
    world = a_world(stock_at={"reno": {"A": 1}, "dallas": {"A": 5}})
    order = _place(world, "R-1")

    _count(world, "reno", A=0)

    order = Order.objects.get(pk=order.pk)
    assert (order.status, _line(order), _open_holds(order)) == ("released", (1, 0), [])
    assert _works(order) == [("reno", 1, "cancelled", [1]), ("dallas", 2, "open", [1])]
    assert _floor(order) == [("cancelled", {"1": 1}), ("open", {"1/2": 1})]
    assert list(order.status_changes.order_by("pk").values_list("trigger", flat=True))[-3:] == [
        "release", "recall", "release",
    ]  # fmt: skip
    assert ledger.verify().differences == []


def test_a_new_route_moves_the_promise_once_and_says_what_it_comes_from() -> None:
    world = a_world(stock_at={"reno": {"A": 1}, "dallas": {"A": 5}})
    order = _place(world, "R-1")

    _count(world, "reno", A=0)

    first, second = Promise.objects.filter(order=order).order_by("sequence")
    assert (first.cause, second.cause) == ("placed", "rerouted")
    assert [part["node"] for part in second.inputs["parts"]] == ["dallas"]
    assert second.promised_on == Order.objects.get(pk=order.pk).promised_on
    moved = OutboxEvent.objects.filter(name="orders.promise.moved.v1")
    [payload] = moved.values_list("payload", flat=True)
    assert (payload["was_on"], payload["promised_on"], payload["cause"]) == (
        str(first.promised_on),
        str(second.promised_on),
        "rerouted",
    )


def test_a_part_that_is_routed_again_says_what_stood_before() -> None:
    world = a_world(stock_at={"reno": {"A": 3}, "dallas": {"A": 5}})
    order = _place(world, "R-1", A=3)
    before = order.promised_on

    _count(world, "reno", A=1)

    latest = Promise.objects.filter(order=order).order_by("sequence").last()
    assert latest is not None
    assert latest.inputs["kept"]["promised_on"] == str(before)
    assert latest.promised_on is not None and latest.promised_on > before


def test_an_order_that_lost_a_part_keeps_the_rest_where_it_is() -> None:
    world = a_world(stock_at={"reno": {"A": 3, "B": 3}, "dallas": {"A": 5}})
    order = _place(world, "R-1", A=3, B=2)
    promised = order.promised_on

    _count(world, "reno", A=2)

    order = Order.objects.get(pk=order.pk)
    assert (order.status, _line(order), _line(order, 2)) == ("released", (3, 0), (2, 0))
    assert _works(order) == [("reno", 1, "open", [2, 2]), ("dallas", 2, "open", [1])]
    assert _floor(order) == [("open", {"1": 2, "2": 2}), ("open", {"1/2": 1})]
    assert promised and order.promised_on and order.promised_on >= promised
    first, second = FulfillmentOrder.objects.filter(order=order).order_by("pk")
    assert order.latest_ship_at == min(first.latest_ship_at, second.latest_ship_at)
    assert ledger.verify().differences == []


def test_a_line_that_lost_everything_leaves_the_work() -> None:
    world = a_world(stock_at={"reno": {"A": 3, "B": 3}, "dallas": {"A": 5}})
    order = _place(world, "R-1", A=3, B=2)

    _count(world, "reno", A=0)

    assert _works(order) == [("reno", 1, "open", [2]), ("dallas", 2, "open", [3])]
    assert _floor(order) == [("open", {"2": 2}), ("open", {"1/2": 3})]


def test_without_stock_elsewhere_it_waits_on_hold_and_comes_back_with_the_stock() -> None:
    world = a_world(stock_at={"reno": {"A": 1}})
    order = _place(world, "R-1")

    _count(world, "reno", A=0)
    waiting = (Order.objects.get(pk=order.pk).status, _line(order))
    reasons = [type for type, _ in _open_holds(order)]
    world.receive("reno", "A", 1)
    relaying.drain()

    assert (waiting, reasons) == (("confirmed", (0, 1)), ["stock"])
    order = Order.objects.get(pk=order.pk)
    assert (order.status, _line(order), _open_holds(order)) == ("released", (1, 0), [])
    assert _works(order) == [("reno", 1, "cancelled", [1]), ("reno", 2, "open", [1])]


def test_the_rest_is_shipped_while_the_missing_units_wait() -> None:
    world = a_world(stock_at={"reno": {"A": 3}})
    order = _place(world, "R-1", A=3)

    _count(world, "reno", A=2)

    assert (Order.objects.get(pk=order.pk).status, _line(order)) == ("released", (2, 1))
    assert _open_holds(order) == [("stock", ["routing"])]
    [first] = WorkOrder.objects.filter(correlation_id=order.public_id)
    assert not first.is_blocked
    floor.pick(work_refs=[first.public_id], picker="rosa")
    relaying.drain()

    world.receive("reno", "A", 1)
    relaying.drain()

    assert _open_holds(order) == []
    assert _works(order) == [("reno", 1, "in_progress", [2]), ("reno", 2, "open", [1])]
    statuses = Reservation.objects.exclude(status="released").order_by("pk")
    assert list(statuses.values_list("line_ref", "quantity", "status")) == [
        ("1", 2, "picked"), ("1/2", 1, "allocated"),
    ]  # fmt: skip
    assert ledger.verify().differences == []


def test_units_lost_twice_are_routed_a_third_time() -> None:
    world = a_world(stock_at={"reno": {"A": 3}, "dallas": {"A": 1}})
    order = _place(world, "R-1", A=3)
    _count(world, "reno", A=2)

    _count(world, "dallas", A=0)
    world.receive("dallas", "A", 2)
    relaying.drain()

    assert _line(order) == (3, 0)
    assert _works(order) == [
        ("reno", 1, "open", [2]), ("dallas", 2, "cancelled", [1]), ("dallas", 3, "open", [1]),
    ]  # fmt: skip
    assert ledger.verify().differences == []


def test_a_fact_that_comes_again_changes_nothing() -> None:
    world = a_world(stock_at={"reno": {"A": 3}, "dallas": {"A": 5}})
    order = _place(world, "R-1", A=3)
    _count(world, "reno", A=2)
    before = (_works(order), _floor(order), _line(order))

    with consumer():
        again = rerouting.reroute(places={(order.public_id, world.node_ids["reno"])})

    assert again == 0
    assert (_works(order), _floor(order), _line(order)) == before


def test_a_cancelled_order_is_left_alone() -> None:
    world = a_world(stock_at={"reno": {"A": 1}, "dallas": {"A": 5}})
    order = _place(world, "R-1")
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    with consumer():
        assert rerouting.reroute(places={(order.public_id, world.node_ids["reno"])}) == 0

    assert _works(order) == [("reno", 1, "cancelled", [1])]


def test_an_order_on_hold_is_routed_when_the_hold_is_lifted() -> None:
    world = a_world(stock_at={"reno": {"A": 1}, "dallas": {"A": 5}})
    order = _place(world, "R-1")
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")

    _count(world, "reno", A=0)
    meanwhile = (Order.objects.get(pk=order.pk).status, _line(order), _works(order))
    holds.release_hold(order_id=order.pk, type="operator", reason="Called.")
    relaying.drain()

    assert meanwhile == ("confirmed", (0, 1), [("reno", 1, "cancelled", [1])])
    assert (Order.objects.get(pk=order.pk).status, _line(order)) == ("released", (1, 0))
    assert _works(order)[1:] == [("dallas", 2, "open", [1])]


def test_demands_that_are_no_orders_are_nobodys_business_here() -> None:
    world = a_world()

    with consumer():
        assert rerouting.reroute(places={("cart-1", world.node_ids["reno"])}) == 0


def test_statements_do_not_grow_with_the_number_of_orders() -> None:
    world = a_world(stock_at={"reno": {"A": 25}, "dallas": {"A": 60}})

    def lose(refs: list[str]) -> None:
        with unit():
            reservations.release(
                items=[DemandAtNode("order", ref) for ref in refs], reason="missing"
            )

    def spent(count: int, label: str) -> int:
        drafts = [a_draft(f"{label}-{n}", placed_at=NOW) for n in range(count)]
        refs = [answer.public_id for answer in world.place(*drafts)]
        relaying.drain()
        at_reno = {
            (w.order.public_id, w.node_id)
            for w in FulfillmentOrder.objects.filter(order__public_id__in=refs)
        }
        lose(refs)
        with CaptureQueriesContext(connection) as seen, consumer():
            assert rerouting.reroute(places=at_reno) == count
        return len(seen)

    assert spent(1, "few") == spent(20, "many")
    assert FulfillmentLine.objects.filter(fulfillment_order__attempt=2).count() == 21


def test_nothing_of_a_withdrawn_work_is_picked() -> None:
    world = a_world(stock_at={"reno": {"A": 1}, "dallas": {"A": 5}})
    order = _place(world, "R-1")
    _count(world, "reno", A=0)

    offered: list[Any] = floor.claim_next(status="open", limit=5)

    assert WorkOrder.objects.filter(public_id__in=offered).get().node_id == world.node_ids["dallas"]
    assert WorkLine.objects.filter(work_order__correlation_id=order.public_id).count() == 2
