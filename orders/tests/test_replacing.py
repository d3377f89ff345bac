"""Replacements: units that were shipped are sent again, each once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import F

from oms.core.testing.races import run_together
from oms.infra.contacts.services import vault
from oms.infra.outbox.models import OutboxEvent
from orders.models import Order, OrderLine
from orders.services import cancellation, replacing
from orders.tests.amending import rows
from orders.tests.factories import World, a_draft, a_world
from orders.tests.test_api_orders import _client

pytestmark = pytest.mark.django_db

BROKEN = "Arrived broken."


@pytest.fixture
def world() -> World:
    return a_world()


def _shipped(world: World, **lines: int) -> Order:
    """As the counters stand when all of it has left."""
    [answer] = world.place(a_draft("R-1", lines=lines or {"A": 3, "B": 1}))
    mine = OrderLine.objects.filter(order_id=answer.order_id)
    mine.update(shipped=F("allocated"), allocated=0)
    return Order.objects.get(pk=answer.order_id)


def _again(order: Order, units: dict[int, int], **more: Any) -> Any:
    return replacing.replace(order_id=order.pk, units=units, reason=BROKEN, **more)


def test_a_replacement_is_an_order_of_its_own_free_of_charge(world: World) -> None:
    order = _shipped(world)

    answer = _again(order, {1: 2})

    made = Order.objects.get(pk=answer.order_id)
    assert (made.origin, made.replaces, made.status) == ("replacement", order, "confirmed")
    assert made.number != order.number
    assert (made.total_amount, made.customer_id) == (Decimal(0), order.customer_id)
    line = made.lines.get()
    assert (line.sku, line.ordered, line.allocated) == ("A", 2, 2)
    assert line.replaces == order.lines.get(position=1)
    old, new = (vault.reveal(contact_id=o.ship_to_id, purpose="test") for o in (order, made))
    assert (old.name, old.lines, old.email) == (new.name, new.lines, new.email)
    told = OutboxEvent.objects.get(name="orders.order.replaced.v1", aggregate_id=order.public_id)
    assert told.payload["replacement_ref"] == made.public_id
    assert told.payload["lines"] == [[1, 2]]


def test_a_priced_replacement_costs_what_is_said(world: World) -> None:
    answer = _again(_shipped(world), {1: 2, 2: 1}, prices={1: Decimal("5.00")})
    assert Order.objects.get(pk=answer.order_id).total_amount == Decimal(10)


def test_never_more_than_was_shipped_less_what_was_replaced(world: World) -> None:
    order = _shipped(world)
    _again(order, {1: 2})
    before = rows(Order, OrderLine)

    with pytest.raises(replacing.TooManyReplaced) as refused:
        _again(order, {1: 2})

    [error] = refused.value.errors
    assert (error.pointer, error.detail) == (
        "/lines/1",
        "2 units; 1 were shipped and not replaced yet.",
    )
    assert rows(Order, OrderLine) == before
    _again(order, {1: 1})
    assert replacing.left_of(order=order) == {1: 0, 2: 1}


def test_a_cancelled_replacement_gives_its_units_back(world: World) -> None:
    order = _shipped(world)
    made = _again(order, {1: 3})
    cancellation.cancel(order_id=made.order_id, reason="Found it.")

    assert replacing.left_of(order=order) == {1: 3, 2: 1}
    _again(order, {1: 3})


def test_what_was_not_shipped_cannot_be_replaced(world: World) -> None:
    [answer] = world.place(a_draft())
    with pytest.raises(replacing.TooManyReplaced):
        replacing.replace(order_id=answer.order_id or 0, units={1: 1}, reason=BROKEN)
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("units", "reason", "pointer"),
    [({}, BROKEN, "/lines"), ({9: 1}, BROKEN, "/lines/9"), ({1: 0}, BROKEN, "/lines/1"),
     ({1: 1}, " ", "/reason")],
)  # fmt: skip
def test_what_is_wrong_is_named(
    world: World, units: dict[int, int], reason: str, pointer: str
) -> None:
    order = _shipped(world)
    with pytest.raises(replacing.NothingToReplace) as refused:
        replacing.replace(order_id=order.pk, units=units, reason=reason)
    assert [e.pointer for e in refused.value.errors] == [pointer]
    assert Order.objects.count() == 1


def test_the_database_refuses_what_the_service_would_let_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = _shipped(world)
    monkeypatch.setattr(replacing, "_require_left", lambda lines, units: None)

    with pytest.raises(IntegrityError, match="more units are replaced"):
        _again(order, {1: 4})


def test_the_same_reference_is_the_same_replacement(world: World) -> None:
    order = _shipped(world)
    first = _again(order, {1: 3}, external_ref="RMA-1")
    again = _again(order, {1: 3}, external_ref="RMA-1")

    assert (again.order_id, again.is_replay) == (first.order_id, True)
    assert OutboxEvent.objects.filter(name="orders.order.replaced.v1").count() == 1


def test_the_api_replaces_and_shows_both_ends(world: World) -> None:
    order = _shipped(world)
    client = _client(world.organization_id)
    path = f"/api/v1/orders/{order.public_id}"
    body = {"reason": BROKEN, "lines": [{"line": 1, "quantity": 1}]}

    made = client.post(f"{path}/replacements", body, content_type="application/json")
    much = client.post(
        f"{path}/replacements",
        {**body, "lines": [{"line": 1, "quantity": 9}]},
        content_type="application/json",
    )

    assert made.status_code == 201
    new = client.get(f"/api/v1/orders/{made.json()['id']}").json()
    assert (new["replaces"], new["total_amount"]) == (order.public_id, "0.00")
    assert client.get(path).json()["replacements"] == [new["id"]]
    assert (much.status_code, much.json()["code"]) == (409, "orders.too_many_replaced")


CALLERS = 6


def _race(world: World) -> tuple[Order, list[Any]]:
    order = _shipped(world, A=4)

    def caller(number: int) -> Callable[[], int]:
        return lambda: int(_again(order, {1: 1}, external_ref=f"RMA-{number}").number)

    return order, run_together([caller(number) for number in range(CALLERS)])


@pytest.mark.django_db(transaction=True)
def test_many_at_once_replace_no_unit_twice() -> None:
    order, answers = _race(a_world())

    done = [answer for answer in answers if isinstance(answer, int)]
    assert len(done) == 4
    assert replacing.left_of(order=order) == {1: 0}


@pytest.mark.django_db(transaction=True)
def test_control_without_lock_and_trigger_units_go_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world()
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE orders_orderline DISABLE TRIGGER orders_replaced_within_shipped"
        )
    monkeypatch.setattr(Order.objects.get_queryset().__class__, "select_for_update",
                        lambda self, **_: self)  # fmt: skip
    try:
        order, _ = _race(world)
        assert replacing.left_of(order=order)[1] < 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE orders_orderline ENABLE TRIGGER orders_replaced_within_shipped"
            )
