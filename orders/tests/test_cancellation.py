"""Cancelling orders, lines and units of lines that nobody has in his hands."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Backorder, Reservation, SellingRule, StockPosition
from inventory.services import ledger
from inventory.warehouse.models import WorkOrder
from oms.core.quantities import InvalidQuantity
from oms.core.transitions import IllegalTransition
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.models import Cancellation, FulfillmentOrder, Hold, Order, OrderLine
from orders.selectors.orders import UnknownOrder
from orders.services import cancellation, holds
from orders.services.cancellation import (
    InvalidReason,
    NothingToCancel,
    SameOrderTwice,
    TooManyToCancel,
    UnknownLine,
)
from orders.tests.factories import World, a_draft, a_world
from orders.types import CancelDraft, LineDraft

pytestmark = pytest.mark.django_db(transaction=True)


def place(world: World, ref: str = "R-1", **changes: object) -> Order:
    [answer] = world.place(a_draft(ref, **changes))
    assert answer.error is None
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def counters(order: Order) -> list[tuple[int, ...]]:
    """(cancelled, unallocated, backordered, allocated, shipped) by line."""
    lines = OrderLine.objects.filter(order=order).order_by("position")
    names = ("cancelled", "unallocated", "backordered", "allocated", "shipped")
    return list(lines.values_list(*names))


def floor_of(order: Order) -> list[tuple[str, dict[str, int]]]:
    works = WorkOrder.objects.filter(correlation_id=order.public_id).order_by("pk")
    return [(w.status, dict(w.lines.values_list("line_ref", "quantity"))) for w in works]


def told(name: str) -> list[dict[str, object]]:
    rows = OutboxEvent.objects.filter(name=name).order_by("pk")
    return [dict(row.payload) for row in rows]


def allocated(world: World) -> dict[str, int]:
    rows = StockPosition.objects.filter(allocated__gt=0)
    return dict(rows.values_list("variant__sku", "allocated"))


def test_units_of_lines_leave_stock_work_counters_and_money() -> None:
    world = a_world()
    order = place(world, lines={"A": 4, "B": 3})

    done = cancellation.cancel_lines(
        order_id=order.pk, quantities={1: 3, 2: 1}, reason="customer", text="Too many."
    )

    order = Order.objects.get(pk=order.pk)
    assert (done.state, done.units, done.amount) == ("done", 4, Decimal("80.00"))
    assert counters(order) == [(3, 0, 0, 1, 0), (1, 0, 0, 2, 0)]
    assert allocated(world) == {"A": 1, "B": 2}
    assert floor_of(order) == [("open", {"1": 1, "2": 2})]
    assert (order.status, order.cancelled_amount) == ("released", Decimal("80.00"))
    [event] = told("orders.lines.cancelled.v1")
    assert (event["units"], event["amount"], event["lines"]) == (4, "80.00", [[1, 3], [2, 1]])
    assert ledger.verify().count == 0


def test_a_line_that_is_gone_leaves_the_work_and_the_rest_stays() -> None:
    world = a_world()
    order = place(world, lines={"A": 2, "B": 3})

    cancellation.cancel_lines(order_id=order.pk, quantities={1: 2}, reason="customer")

    assert counters(order) == [(2, 0, 0, 0, 0), (0, 0, 0, 3, 0)]
    assert floor_of(order) == [("open", {"2": 3})]
    assert FulfillmentOrder.objects.get(order=order).status == "open"


def test_the_last_units_cancel_the_order_with_its_shipping() -> None:
    world = a_world()
    order = place(
        world,
        shipping_amount=Decimal("5.00"),
        shipping_tax_amount=Decimal("0.40"),
        lines=(LineDraft("A", 3, Decimal("10.00"), Decimal("1.00"), Decimal("2.33")),),
    )
    total = order.total_amount

    first = cancellation.cancel_lines(order_id=order.pk, quantities={1: 1}, reason="customer")
    last = cancellation.cancel_lines(order_id=order.pk, quantities={1: 2}, reason="customer")

    order = Order.objects.get(pk=order.pk)
    assert first.amount + last.amount == order.cancelled_amount == total
    assert (order.status, order.owed_amount) == ("cancelled", 0)
    assert floor_of(order) == [("cancelled", {"1": 2})]
    [event] = told("orders.order.cancelled.v1")
    assert Decimal(str(event["amount"])) == last.amount
    assert allocated(world) == {}


def test_waiting_units_go_before_those_that_are_there() -> None:
    world = a_world(stock_at={"reno": {"A": 5}})
    SellingRule.objects.create(organization_id=world.organization_id, backorder_limit=None)
    order = place(world, lines={"A": 8})
    assert counters(order) == [(0, 5, 3, 0, 0)]

    cancellation.cancel_lines(order_id=order.pk, quantities={1: 2}, reason="customer")
    half = counters(order)
    cancellation.cancel_lines(order_id=order.pk, quantities={1: 2}, reason="customer")
    relaying.drain()

    assert half == [(2, 5, 1, 0, 0)]
    assert Backorder.objects.get().cancelled == 3
    order = Order.objects.get(pk=order.pk)
    # Nothing is waited for any more: the rest goes to its node at once.
    assert (order.status, counters(order)) == ("released", [(4, 0, 0, 4, 0)])
    assert allocated(world) == {"A": 4}
    assert ledger.verify().count == 0


def test_what_arrived_and_was_not_told_yet_is_given_back_too() -> None:
    world = a_world(stock_at={"reno": {"A": 1}})
    SellingRule.objects.create(organization_id=world.organization_id, backorder_limit=None)
    order = place(world, lines={"A": 4})
    world.receive("reno", "A", 2)
    assert counters(order) == [(0, 1, 3, 0, 0)]

    cancellation.cancel_lines(order_id=order.pk, quantities={1: 2}, reason="customer")
    relaying.drain()

    assert counters(order) == [(2, 0, 0, 2, 0)]
    assert Backorder.objects.get().cancelled == 1
    position = StockPosition.objects.get()
    assert (position.on_hand, position.held, position.allocated) == (3, 0, 2)
    assert ledger.verify().count == 0


def test_an_order_held_for_a_line_goes_on_without_it() -> None:
    world = a_world(stock_at={"reno": {"A": 5}})
    order = place(world, lines={"A": 2, "B": 1})
    assert Hold.objects.get(released_at=None).type == "stock"

    cancellation.cancel_lines(order_id=order.pk, quantities={2: 1}, reason="inventory")
    relaying.drain()

    order = Order.objects.get(pk=order.pk)
    assert not Hold.objects.filter(released_at=None).exists()
    assert (order.status, counters(order)) == ("released", [(0, 0, 0, 2, 0), (1, 0, 0, 0, 0)])


def test_an_order_held_by_a_person_stays_held() -> None:
    world = a_world()
    order = place(world, lines={"A": 2, "B": 1})
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")

    cancellation.cancel_lines(order_id=order.pk, quantities={2: 1}, reason="customer")

    assert Hold.objects.get(released_at=None).type == "operator"
    assert counters(order) == [(0, 0, 0, 2, 0), (1, 0, 0, 0, 0)]


def test_work_that_was_not_released_yet_is_cut_too() -> None:
    world = a_world()
    [answer] = world.place(a_draft(lines={"A": 4, "B": 1}))
    order = Order.objects.get(public_id=answer.public_id)

    cancellation.cancel_lines(order_id=order.pk, quantities={1: 3, 2: 1}, reason="customer")
    relaying.drain()

    order = Order.objects.get(pk=order.pk)
    assert (order.status, floor_of(order)) == ("released", [("open", {"1": 1})])
    assert allocated(world) == {"A": 1}


def test_the_same_request_twice_is_once() -> None:
    world = a_world()
    order = place(world, lines={"A": 4})

    answers = [
        cancellation.cancel_lines(
            order_id=order.pk, quantities={1: 2}, reason="customer", request_key="key-1"
        )
        for _ in range(2)
    ]

    assert len({answer.public_id for answer in answers}) == 1
    assert counters(order) == [(2, 0, 0, 2, 0)]
    assert len(told("orders.lines.cancelled.v1")) == 1


def test_the_same_units_twice_are_refused_and_nothing_changes() -> None:
    world = a_world()
    order = place(world, lines={"A": 2, "B": 2})
    cancellation.cancel_lines(order_id=order.pk, quantities={1: 2}, reason="customer")

    with pytest.raises(TooManyToCancel) as error:
        cancellation.cancel_lines(order_id=order.pk, quantities={2: 1, 1: 2}, reason="customer")

    assert error.value.data == {"position": 1, "left": 0}
    assert counters(order) == [(2, 0, 0, 0, 0), (0, 0, 0, 2, 0)]
    assert Cancellation.objects.count() == 1


@pytest.mark.parametrize(
    ("quantities", "reason", "error"),
    [
        ({}, "customer", NothingToCancel),
        ({7: 1}, "customer", UnknownLine),
        ({1: 0}, "customer", InvalidQuantity),
        ({1: 3}, "customer", TooManyToCancel),
        ({1: 1}, "whim", InvalidReason),
    ],
)
def test_a_wrong_request_is_refused_by_name(
    quantities: dict[int, int], reason: str, error: type[Exception]
) -> None:
    world = a_world()
    order = place(world, lines={"A": 2})

    with pytest.raises(error):
        cancellation.cancel_lines(order_id=order.pk, quantities=quantities, reason=reason)

    assert counters(order) == [(0, 0, 0, 2, 0)]
    assert not Cancellation.objects.exists()


def test_a_closed_or_unknown_order_is_refused() -> None:
    world = a_world()
    order = place(world)
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    with pytest.raises(IllegalTransition):
        cancellation.cancel(order_id=order.pk, reason="Again.")
    with pytest.raises(UnknownOrder):
        cancellation.cancel(order_id=order.pk + 1, reason="Who?")
    with pytest.raises(SameOrderTwice):
        cancellation.cancel_many(drafts=[CancelDraft(order.pk, "staff")] * 2)


def test_a_preview_says_what_would_happen_and_changes_nothing() -> None:
    world = a_world()
    order = place(world, lines={"A": 2, "B": 1}, shipping_amount=Decimal("5.00"))

    part = cancellation.preview(order_id=order.pk, quantities={1: 1})
    whole = cancellation.preview(order_id=order.pk)

    assert (part.units, part.pending_units, part.amount, part.is_whole) == (1, 0, 20, False)
    assert (whole.units, whole.amount, whole.is_whole) == (3, 65, True)
    assert counters(order) == [(0, 0, 0, 2, 0), (0, 0, 0, 1, 0)]


def _statements(world: World, count: int, prefix: str) -> int:
    orders = [place(world, f"{prefix}-{n}", lines={"A": 2, "B": 2}) for n in range(count)]
    drafts = [CancelDraft(order.pk, "customer", {1: 2, 2: 1}) for order in orders]
    with CaptureQueriesContext(connection) as found:
        cancellation.cancel_many(drafts=drafts)
    return len(found)


def test_statements_do_not_grow_with_the_orders() -> None:
    world = a_world(stock_at={"reno": {"A": 500, "B": 500}})

    assert _statements(world, 2, "few") == _statements(world, 12, "many")
    assert Reservation.objects.filter(status="allocated").count() == 14
