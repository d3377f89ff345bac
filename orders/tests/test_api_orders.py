"""The order API: shapes, scopes, owners, amounts, repeats."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oms.infra.accounts.scopes import ALL
from oms.infra.accounts.services import keys, organizations
from orders.channels.models import ServiceLevel
from orders.models import Order
from orders.tests.factories import World, a_world

pytestmark = pytest.mark.django_db

BODY: dict[str, Any] = {
    "external_ref": "A-1",
    "channel": "shop",
    "currency": "USD",
    "shipping_amount": "4.50",
    "ship_to": {
        "name": "Ada Example",
        "lines": ["1 Main Street"],
        "city": "Reno",
        "region": "NV",
        "postcode": "89501",
        "country": "US",
    },
    "lines": [{"sku": "A", "quantity": 2, "unit_amount": "10.00"}],
}


@pytest.fixture
def world() -> World:
    return a_world()


def _client(organization_id: int, scopes: Any = ALL) -> Client:
    new = keys.create(
        organization_id=organization_id, name="test", scopes=scopes, created_by="test"
    )
    return Client(headers={"Authorization": f"Bearer {new.text}"})


def _post(client: Client, **changes: Any) -> Any:
    return client.post("/api/v1/orders", {**BODY, **changes}, content_type="application/json")


def test_post_places_and_get_shows_the_order(world: World) -> None:
    client = _client(world.organization_id)
    placed = _post(client)
    shown = client.get(f"/api/v1/orders/{placed.json()['id']}").json()

    assert (placed.status_code, placed.json()["status"]) == (201, "confirmed")
    assert (shown["total_amount"], shown["currency"]) == ("24.50", "USD")
    assert shown["lines"][0] | {"position": 1} == {
        "position": 1, "sku": "A", "ordered": 2, "cancelled": 0, "backordered": 0, "allocated": 2,
            "shipped": 0,        "delivered": 0, "returned": 0, "unit_amount": "10.00",
    }  # fmt: skip
    assert (shown["fulfillment"], shown["allowed_actions"]) == ("allocated", ["cancel", "edit"])


def test_post_with_the_same_key_repeats_the_answer_and_not_the_order(world: World) -> None:
    client = _client(world.organization_id)
    headers = {"Idempotency-Key": "0123456789abcdef"}
    first, again = [
        client.post("/api/v1/orders", BODY, content_type="application/json", headers=headers)
        for _ in range(2)
    ]

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_another_organization_sees_nothing_of_it(world: World) -> None:
    placed = _post(_client(world.organization_id)).json()
    stranger = _client(organizations.ensure_partner(code="other", name="Other").pk)
    foreign = stranger.get(f"/api/v1/orders/{placed['id']}")
    missing = stranger.get("/api/v1/orders/ord_00000000000000000000000000")

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert {**foreign.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
    assert stranger.get("/api/v1/orders").json()["results"] == []


def test_a_key_without_the_scope_is_refused_and_nothing_happens(world: World) -> None:
    refused = _post(_client(world.organization_id, ["orders:read"]))

    assert (refused.status_code, refused.json()["scope"]) == (403, "orders:write")
    assert Order.objects.count() == 0


def test_cancel_answers_with_the_cancelled_order(world: World) -> None:
    client = _client(world.organization_id)
    placed = _post(client).json()
    path = f"/api/v1/orders/{placed['id']}/cancel"
    done = client.post(path, {"reason": "Too late."}, content_type="application/json")
    again = client.post(path, {"reason": "Too late."}, content_type="application/json")

    assert (done.json()["status"], done.json()["fulfillment"]) == ("cancelled", "cancelled")
    assert (again.status_code, again.json()["code"]) == (409, "state.illegal_transition")


def test_lists_cost_the_same_number_of_statements_for_two_and_twenty(world: World) -> None:
    client = _client(world.organization_id)
    counts = []
    for size in (2, 20):
        for n in range(size):
            _post(client, external_ref=f"{size}-{n}", lines=[{"sku": "A", "quantity": 1}])
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/api/v1/orders?limit=50").status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_post_refuses_a_level_that_nobody_sells_with_those_that_are(world: World) -> None:
    answer = _post(_client(world.organization_id), tier="yesterday")

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/tier", "unknown_tier")
    assert error["detail"] == "Give one of same_day, next_day, standard, economy."
    assert Order.objects.count() == 0


def test_post_takes_a_level_of_the_organization(world: World) -> None:
    ServiceLevel.objects.create(
        organization_id=world.organization_id, code="gold", name="Gold", rank=35, deadline_days=2
    )
    answer = _post(_client(world.organization_id), tier="gold")

    assert (answer.status_code, Order.objects.get().tier) == (201, "gold")
