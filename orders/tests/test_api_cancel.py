"""Cancelling over the API: parts, repeats, what waits for the floor, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor
from oms.infra.accounts.scopes import ALL
from oms.infra.accounts.services import keys
from oms.infra.outbox.services import relaying
from orders.models import Cancellation, Order
from orders.tests.factories import World, a_world
from orders.tests.test_cancellation import counters, place

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "0123456789abcdef-cancel"


@pytest.fixture
def world() -> World:
    return a_world()


def _client(world: World, scopes: Any = ALL) -> Client:
    new = keys.create(
        organization_id=world.organization_id, name="test", scopes=scopes, created_by="test"
    )
    return Client(headers={"Authorization": f"Bearer {new.text}"})


def _cancel(client: Client, order: Order, body: dict[str, Any], **headers: str) -> Any:
    path = f"/api/v1/orders/{order.public_id}/cancel"
    return client.post(path, body, content_type="application/json", headers=headers)


def test_units_of_a_line_are_cancelled_and_the_answer_says_so(world: World) -> None:
    order = place(world, lines={"A": 3, "B": 1})
    body = {"reason": "One less.", "lines": [{"position": 1, "quantity": 1}]}

    answer = _cancel(_client(world), order, body)

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["status"], shown["cancelled_amount"]) == ("released", "20.00")
    assert {k: shown["cancellation"][k] for k in ("state", "reason_code", "units", "amount")} == {
        "state": "done", "reason_code": "customer", "units": 1, "amount": "20.00",
    }  # fmt: skip
    assert counters(order) == [(1, 0, 0, 2, 0), (0, 0, 0, 1, 0)]


def test_what_is_picked_is_pending(world: World) -> None:
    order = place(world, lines={"A": 3})
    floor.pick(work_refs=[WorkOrder.objects.get().public_id], picker="rosa")
    relaying.drain()

    shown = _cancel(_client(world), order, {"reason": "Changed my mind."}).json()

    assert (shown["status"], shown["cancellation"]["state"]) == ("released", "pending")
    assert shown["is_cancellation_pending"] is True


def test_the_same_key_is_the_same_request(world: World) -> None:
    order, client = place(world, lines={"A": 3}), _client(world)
    body = {"reason": "One less.", "lines": [{"position": 1, "quantity": 1}]}
    headers = {"Idempotency-Key": KEY}

    first, again = (_cancel(client, order, body, **headers) for _ in range(2))
    other = _cancel(client, order, {"reason": "All."}, **headers)

    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, Cancellation.objects.count()) == (422, 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"lines": [{"position": 1, "quantity": 1}]}, 422),
        ({"reason": "x", "reason_code": "whim"}, 422),
        ({"reason": "x", "lines": []}, 422),
        ({"reason": "x", "lines": [{"position": 1, "quantity": 0}]}, 422),
        ({"reason": "x", "lines": [{"position": 1, "quantity": 1}] * 2}, 422),
        ({"reason": "x", "lines": [{"position": 9, "quantity": 1}]}, 422),
        ({"reason": "x", "lines": [{"position": 1, "quantity": 4}]}, 409),
    ],
)
def test_a_wrong_request_changes_nothing(world: World, body: Any, status: int) -> None:
    order = place(world, lines={"A": 3})

    answer = _cancel(_client(world), order, body)

    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    )
    assert counters(order) == [(0, 0, 0, 3, 0)]


def test_a_key_that_may_only_read_cancels_nothing(world: World) -> None:
    order = place(world)

    answer = _cancel(_client(world, ["orders:read"]), order, {"reason": "x"})

    assert answer.status_code == 403
    assert Order.objects.get(pk=order.pk).status == "released"
