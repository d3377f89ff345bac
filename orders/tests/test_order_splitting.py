"""A part of an order as an order of its own: nothing changes but the number it is called by."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Backorder, Reservation
from inventory.services import ledger
from inventory.warehouse.services import floor as floor_steps
from oms.core.errors import OmsError
from oms.infra.outbox.services import relaying
from orders.billing.types import PaymentDraft
from orders.customers.models import CreditAccount
from orders.customers.services import credit
from orders.models import Hold, Order, OrderLine, TimelineEntry
from orders.services import cancellation, holds, order_splitting, parting, paying
from orders.services.order_splitting import OrderUnits
from orders.tests.factories import NOW, World, a_draft, a_world
from orders.tests.works import (
    counters,
    floor,
    floor_refs,
    held,
    may_be_backordered,
    place,
    work_of,
    works,
)  # fmt: skip
from orders.types import LineDraft

pytestmark = pytest.mark.django_db(transaction=True)


def _split(order: Order, units: dict[int, int]) -> Order:
    [reference] = order_splitting.split_orders(parts=[OrderUnits(order.pk, units)])
    return Order.objects.get(public_id=reference)


def _sums(*orders: Order) -> Counter[tuple[int, str]]:
    """Units by (position, state) over all orders."""
    found: Counter[tuple[int, str]] = Counter()
    for order in orders:
        for position, counted in counters(order).items():
            found.update({(position, name): units for name, units in counted.items()})
    return found


def test_units_set_aside_go_with_stock_and_floor_work() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 3, "B": 2})
    before = _sums(order)

    new = _split(order, {1: 1, 2: 2})

    assert _sums(order, new) == before
    assert counters(order) == {1: {"ordered": 2, "allocated": 2}}
    assert counters(new) == {
        1: {"ordered": 1, "allocated": 1}, 2: {"ordered": 2, "allocated": 2},
    }  # fmt: skip
    assert (held(order), held(new)) == (
        {"1": [(2, "allocated")]}, {"1": [(1, "allocated")], "2": [(2, "allocated")]},
    )  # fmt: skip
    assert floor(order) == [("open", False, {"1": 2})]
    assert floor(new) == [("open", False, {"1": 1, "2": 2})]
    assert Reservation.objects.filter(status="released").count() == 0
    assert ledger.verify().differences == []


def test_the_new_order_is_like_the_old_one() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})

    new = _split(order, {1: 1})

    order = Order.objects.get(pk=order.pk)
    alike = "status customer_id ship_to_id channel_id tier promised_on latest_ship_at priority"
    for name in [*alike.split(), "placed_at", "confirmed_at", "currency"]:
        assert getattr(new, name) == getattr(order, name), name
    assert new.split_from_id == order.pk
    assert new.number != order.number
    assert new.external_ref == f"R-1~{new.number}"
    assert new.tracking_hash != order.tracking_hash
    assert (order.unit_count, new.unit_count) == (1, 1)
    [promise] = new.promises.all()
    assert (promise.cause, promise.promised_on) == ("split", order.promised_on)


def test_money_is_divided_to_the_cent() -> None:
    world = a_world()
    line = LineDraft("A", 3, Decimal("9.99"), Decimal("1.00"), Decimal("2.00"))
    other = LineDraft("B", 1, Decimal("5.00"))
    order = place(world, "R-1", lines=(line, other), shipping_amount=Decimal("4.90"))
    total = order.total_amount

    first = _split(order, {1: 1})
    order = Order.objects.get(pk=order.pk)
    second = _split(order, {1: 1, 2: 1})

    order = Order.objects.get(pk=order.pk)
    assert order.total_amount + first.total_amount + second.total_amount == total
    rows = OrderLine.objects.filter(position=1)
    assert sorted(rows.values_list("discount_amount", flat=True)) == [
        Decimal("0.33"), Decimal("0.33"), Decimal("0.34"),
    ]  # fmt: skip
    assert sum(rows.values_list("tax_amount", flat=True)) == Decimal("2.00")
    assert (order.shipping_amount, first.shipping_amount) == (Decimal("4.90"), 0)
    assert order.total_amount == Decimal("4.90") + Decimal("9.99") - sum(
        x.discount_amount - x.tax_amount for x in order.lines.all()
    )


def test_a_line_that_goes_whole_takes_its_row() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2, "B": 1})
    key = order.lines.get(position=2).pk

    new = _split(order, {2: 1})

    assert [line.pk for line in new.lines.all()] == [key]
    assert counters(order) == {1: {"ordered": 2, "allocated": 2}}


def test_a_work_that_goes_whole_is_withdrawn_and_made_anew() -> None:
    world = a_world(stock_at={"reno": {"A": 5}, "dallas": {"B": 5}})
    order = place(world, "R-1", lines={"A": 2, "B": 1})

    new = _split(order, {2: 1})
    relaying.drain()

    assert [(node, status) for node, _, _, status, _ in works(order)] == [
        ("reno", "open"), ("dallas", "cancelled"),
    ]  # fmt: skip
    assert works(new) == [("dallas", 1, 1, "open", {2: 1})]
    assert Order.objects.get(pk=new.pk).status == "released"
    assert ledger.verify().differences == []


def test_units_that_wait_stay_backordered_in_the_new_order_and_the_rest_goes_on() -> None:
    world = a_world(stock_at={"reno": {"A": 2}})
    may_be_backordered(world)
    order = place(world, "R-1", lines={"A": 5})
    assert counters(order) == {1: {"ordered": 5, "unallocated": 2, "backordered": 3}}
    created = Backorder.objects.get().created_at

    new = _split(order, {1: 3})

    assert counters(order) == {1: {"ordered": 2, "unallocated": 2}}
    assert counters(new) == {1: {"ordered": 3, "backordered": 3}}
    waits = Backorder.objects.get()
    assert (waits.demand_ref, waits.quantity, waits.created_at) == (new.public_id, 3, created)
    assert held(order) == {"1": [(2, "confirmed")]}
    relaying.drain()
    assert counters(order) == {1: {"ordered": 2, "allocated": 2}}
    assert [status for _, _, _, status, _ in works(order)] == ["open"]
    world.receive("reno", "A", 3)
    relaying.drain()
    assert counters(new) == {1: {"ordered": 3, "allocated": 3}}
    assert Order.objects.get(pk=new.pk).status == "released"
    assert ledger.verify().differences == []


def test_what_is_kept_goes_only_with_units_that_need_it() -> None:
    world = a_world(stock_at={"reno": {"A": 2}})
    may_be_backordered(world)
    order = place(world, "R-1", lines={"A": 5})

    new = _split(order, {1: 4})

    assert counters(order) == {1: {"ordered": 1, "unallocated": 1}}
    assert counters(new) == {1: {"ordered": 4, "unallocated": 1, "backordered": 3}}
    assert (held(order), held(new)) == ({"1": [(1, "confirmed")]}, {"1": [(1, "confirmed")]})


def test_holds_are_copied_and_lifted_one_by_one() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")

    new = _split(order, {1: 1})

    assert [(h.type, h.reason) for h in Hold.objects.filter(order=new)] == [
        ("operator", "Call first."),
    ]  # fmt: skip
    assert floor(new) == [("open", True, {"1": 1})]
    holds.release_hold(order_id=new.pk, type="operator", reason="Called.")
    assert [blocked for _, blocked, _ in floor(new)] == [False]
    assert [blocked for _, blocked, _ in floor(order)] == [True]


def test_an_order_whose_rest_has_arrived_is_done() -> None:
    world = a_world(stock_at={"reno": {"A": 5}, "dallas": {"B": 5}})
    order = place(world, "R-1", lines={"A": 1, "B": 1})
    OrderLine.objects.filter(order=order, position=1).update(allocated=0, shipped=1, delivered=1)

    _split(order, {2: 1})
    relaying.drain()

    assert Order.objects.get(pk=order.pk).status == "completed"


def test_the_payment_of_the_original_is_for_both() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    before = paying.standing_of(order)

    new = _split(order, {1: 1})

    order = Order.objects.get(pk=order.pk)
    assert paying.standing_of(order) == paying.standing_of(new) == before


def _on_account() -> tuple[World, Order, CreditAccount]:
    """An order of three units, 60 in all, by a customer with a limit of 500."""
    world = a_world()
    world.place(a_draft("R-0", customer_ref="on account"))
    customer = Order.objects.get().customer_id
    credit.set_limit(
        customer_id=customer, limit_amount=Decimal(500), currency="USD", terms_days=30,
        reason="A good customer.", based_on=0,
    )  # fmt: skip
    world.place(a_draft("R-1", lines={"A": 3}, customer_ref="on account"))
    account = CreditAccount.objects.get(customer_id=customer)
    assert account.exposure_amount == Decimal(60)
    return world, Order.objects.get(external_ref="R-1"), account


def test_the_new_order_takes_over_its_part_of_the_credit() -> None:
    _, order, account = _on_account()

    made = _split(order, {1: 2})
    cancellation.cancel(order_id=order.pk, reason="Not needed.")
    relaying.drain()

    account.refresh_from_db()
    assert account.exposure_amount == made.owed_amount == Decimal(40)


def test_money_paid_for_both_gives_credit_back_of_both() -> None:
    world, order, account = _on_account()
    _split(order, {1: 2})

    paying.report_one(
        organization_id=world.organization_id, source="api", order_ref=order.public_id,
        payment=PaymentDraft("captured", Decimal(50), reference="p-1"),
    )  # fmt: skip
    relaying.drain()

    account.refresh_from_db()
    assert account.exposure_amount == Decimal(10)


def test_the_story_tells_of_it() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})

    new = _split(order, {1: 1})
    relaying.drain()

    told = TimelineEntry.objects.get(order=order, kind="orders.order.split.v1")
    assert (told.data["new_number"], told.data["units"]) == (str(new.number), 1)


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
    before = (counters(order), works(order), held(order), floor(order))

    with pytest.raises(error):
        order_splitting.split_orders(parts=[OrderUnits(order.pk, units)])

    assert (counters(order), works(order), held(order), floor(order)) == before
    assert Order.objects.count() == 1


def test_picked_and_closed_orders_are_refused() -> None:
    world = a_world()
    order = place(world, "R-1", lines={"A": 2})
    floor_steps.pick(work_refs=floor_refs(order), picker="rosa")

    with pytest.raises(parting.PickedAlready):
        order_splitting.split_orders(parts=[OrderUnits(order.pk, {1: 1})])
    Order.objects.filter(pk=order.pk).update(closed_at=NOW)
    assert Order.objects.count() == 1
    assert work_of(order).status == "open"


def test_statements_do_not_grow_with_the_number_of_orders() -> None:
    world = a_world(stock_at={"reno": {"A": 100, "B": 100}})

    def spent(count: int, label: str) -> int:
        drafts = [
            a_draft(f"{label}-{n}", lines={"A": 2, "B": 1}, placed_at=NOW) for n in range(count)
        ]
        refs = [answer.public_id for answer in world.place(*drafts)]
        relaying.drain()
        parts = [
            OrderUnits(order.pk, {1: 1, 2: 1}) for order in Order.objects.filter(public_id__in=refs)
        ]
        with CaptureQueriesContext(connection) as seen:
            assert len(order_splitting.split_orders(parts=parts)) == count
        return len(seen)

    assert spent(1, "few") == spent(15, "many")
    assert ledger.verify().differences == []
