"""Overrides: who may, what is recorded, and that nothing undeliverable moves without one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from carriers.models import Shipment
from inventory.warehouse.models import WorkOrder
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Hold, Order, Override, RuleResult
from orders.services import fulfillment, guarding, holds, overriding, release
from orders.tests.factories import ADA, NOW, World, a_draft, a_world
from orders.types import LineDraft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return a_world()


def _bad_order(world: World, **changes: Any) -> Order:
    [answer] = world.place(replace(a_draft(recipient=replace(ADA, region="HI")), **changes))
    return Order.objects.get(public_id=answer.public_id)


def _override(order: Order, *, actor: str = "staff:7", **changes: Any) -> Override:
    asked = {"rule": "address", "reason": "The driver knows it.", **changes}
    with acting(actor=actor):
        return overriding.override(order_id=order.pk, **asked)


def test_an_override_is_recorded_told_and_lifts_the_hold(world: World) -> None:
    order = _bad_order(world)

    made = _override(order)
    relaying.drain()

    assert (made.order_id, made.rule, made.author, made.reason) == (
        order.pk, "address", "staff:7", "The driver knows it.",
    )  # fmt: skip
    assert not Hold.objects.filter(order=order, released_at=None).exists()
    [event] = OutboxEvent.objects.filter(name="orders.rule.overridden.v1")
    assert (event.payload["rule"], event.actor) == ("address", "staff:7")
    order = Order.objects.get(pk=order.pk)
    assert (order.status, WorkOrder.objects.count()) == ("released", 1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"actor": "key:ab12cd34"}, "orders.override_needs_staff"),
        ({"actor": "system:relay"}, "orders.override_needs_staff"),
        ({"reason": " "}, "orders.invalid_override"),
        ({"reason": "x" * 201}, "orders.invalid_override"),
        ({"rule": "weather"}, "orders.unknown_rule"),
        ({"rule": "price"}, "orders.not_objected"),
        ({"rule": "credit"}, "orders.decided_elsewhere"),
    ],
)
def test_a_refused_override_changes_nothing(world: World, changes: Any, code: str) -> None:
    order = _bad_order(world)

    with pytest.raises(OmsError) as refused:
        _override(order, **changes)

    assert refused.value.code == code
    assert not Override.objects.exists()
    assert Hold.objects.filter(order=order, released_at=None).count() == 1


def test_nothing_is_overridden_twice(world: World) -> None:
    order = _bad_order(world)
    _override(order)

    with pytest.raises(overriding.NotObjected):
        _override(order)
    assert Override.objects.count() == 1


def test_a_hold_that_another_rule_upholds_stays(world: World) -> None:
    odd = LineDraft("A", 1, unit_amount=Decimal(5), tax_amount=Decimal(4))
    [answer] = world.place(a_draft(lines=(odd,)))
    order = Order.objects.get(public_id=answer.public_id)
    open_holds = Hold.objects.filter(order=order, released_at=None)

    _override(order, rule="price")
    assert list(open_holds.values_list("type", flat=True)) == ["price"]
    _override(order, rule="tax")
    assert not open_holds.exists()


def test_a_released_hold_alone_moves_no_undeliverable_order(world: World) -> None:
    order = _bad_order(world)

    holds.release_hold(order_id=order.pk, type="address", reason="Just go.")
    relaying.drain()

    order = Order.objects.get(pk=order.pk)
    [hold] = Hold.objects.filter(order=order, released_at=None)
    assert (order.status, hold.reason) == ("confirmed", guarding.REASON)
    assert not WorkOrder.objects.exists()
    _override(order)
    relaying.drain()
    order = Order.objects.get(pk=order.pk)
    assert (order.status, WorkOrder.objects.count()) == ("released", 1)


def _packed(work: FulfillmentOrder) -> None:
    carton = fulfillment.Carton("pcl_1", 500, 200, 150, 100, NOW)
    with unit():
        fulfillment.pack(cartons={work.public_id: carton})


def test_no_parcel_is_made_for_an_address_that_became_undeliverable(world: World) -> None:
    [answer] = world.place(a_draft())
    order = Order.objects.get(public_id=answer.public_id)
    relaying.drain()
    work = FulfillmentOrder.objects.get(order=order)
    Order.objects.filter(pk=order.pk).update(address_verdict="undeliverable")

    with pytest.raises(guarding.NeedsOverride) as refused:
        _packed(work)

    assert refused.value.is_retryable
    work = FulfillmentOrder.objects.get(pk=work.pk)
    assert (work.status, Shipment.objects.count()) == ("open", 0)
    Override.objects.create(
        order=order, rule="address", covers=f"contact:{order.ship_to_id}", author="staff:7",
        reason="The driver knows it.",
    )  # fmt: skip
    _packed(work)
    assert Shipment.objects.count() == 1


def test_a_part_of_an_order_is_overridden_though_no_rule_was_asked_about_it(world: World) -> None:
    order = _bad_order(world)
    RuleResult.objects.filter(order=order).delete()

    _override(order)

    assert Override.objects.get().covers == f"contact:{order.ship_to_id}"
    assert not Hold.objects.filter(order=order, released_at=None).exists()


@pytest.mark.parametrize("guard", [True, False])
def test_the_guard_is_what_keeps_it(
    world: World, guard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guard:
        monkeypatch.setattr(guarding, "hold_back", lambda *, orders: list(orders))
    order = _bad_order(world)
    holds.release_hold(order_id=order.pk, type="address", reason="Just go.")
    release.release_orders(at={order.public_id: NOW})

    assert WorkOrder.objects.exists() is not guard
