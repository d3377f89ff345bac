"""Batches over the API: every order answered by itself, the whole repeatable."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from orders.services import placement
from orders.tests.factories import World, a_world
from orders.tests.test_api_orders import BODY, _client

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "0123456789abcdef"}


@pytest.fixture
def world() -> World:
    world = a_world()
    world.receive("reno", "A", 5_000)
    return world


def _order(reference: str, **changes: Any) -> dict[str, Any]:
    return {**BODY, "external_ref": reference, "lines": [{"sku": "A", "quantity": 1}], **changes}


def _post(client: Client, orders: list[Any], **headers: str) -> Any:
    return client.post(
        "/api/v1/orders/batch", {"orders": orders}, content_type="application/json", headers=headers
    )


def test_each_order_is_placed_repeated_or_refused_by_itself(world: World) -> None:
    client = _client(world.organization_id)
    _post(client, [_order("B-0")])

    answer = _post(
        client,
        [
            _order("B-0"),
            _order("B-1"),
            _order("B-2", lines=[{"sku": "NOPE", "quantity": 1}]),
            _order("B-3", currency=7),
            "no order at all",
            _order("B-4", channel="nowhere"),
            _order("B-0", lines=[{"sku": "A", "quantity": 2}]),
            _order("B-1"),
        ],
    )
    body = answer.json()

    assert answer.status_code == 200
    assert (body["placed"], body["repeated"], body["refused"]) == (1, 2, 5)
    assert [(r["index"], r["status"]) for r in body["results"]] == [
        (0, 200), (1, 201), (2, 422), (3, 422), (4, 422), (5, 422), (6, 409), (7, 200),
    ]  # fmt: skip
    pointers = [
        [e["pointer"] for e in r["problem"]["errors"]] for r in body["results"] if "problem" in r
    ]
    assert pointers == [["/lines/0/sku"], ["/currency"], ["/"], ["/channel"], []]
    assert set(Order.objects.values_list("external_ref", flat=True)) == {"B-0", "B-1"}


@pytest.mark.parametrize("count", [0, 1_001])
def test_none_and_more_than_a_thousand_are_refused_as_a_whole(world: World, count: int) -> None:
    answer = _post(_client(world.organization_id), [{}] * count)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/orders")


def test_the_same_key_repeats_the_answer_byte_for_byte(world: World) -> None:
    client = _client(world.organization_id)
    orders = [_order("K-1"), _order("K-2", currency="XXX")]

    first, again = _post(client, orders, **KEY), _post(client, orders, **KEY)
    other = _post(client, [_order("K-3")], **KEY)

    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert Order.objects.count() == 1


def test_a_batch_that_broke_off_between_chunks_goes_on_and_answers_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first chunk's orders are answered as placed now, not as placed before."""
    monkeypatch.setattr(placement, "MAX_BATCH", 2)
    client = _client(world.organization_id)
    orders = [_order(f"C-{n}") for n in range(5)]
    real, calls = placement.place, []

    def die_at_the_second(**kwargs: Any) -> Any:
        calls.append(kwargs)
        if len(calls) == 2:
            raise RuntimeError("the process was killed")
        return real(**kwargs)

    monkeypatch.setattr(placement, "place", die_at_the_second)
    with pytest.raises(RuntimeError):
        _post(client, orders, **KEY)
    stood = set(Order.objects.values_list("external_ref", flat=True))
    answer = _post(client, orders, **KEY)

    assert stood == {"C-0", "C-1"}
    assert [result["status"] for result in answer.json()["results"]] == [201] * 5
    assert Order.objects.count() == 5
    assert len(calls) == 4  # the first chunk was answered from what was stored


def test_a_chunk_costs_the_same_number_of_statements_for_two_and_for_sixty(world: World) -> None:
    client = _client(world.organization_id)
    _post(client, [_order("warm-up")])
    counts = []
    for size in (2, 60):
        with CaptureQueriesContext(connection) as queries:
            answer = _post(
                client,
                [_order(f"{size}-{n}") for n in range(size)],
                **{"Idempotency-Key": f"key-of-the-batch-{size}"},
            )
        assert answer.json()["placed"] == size
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_key_without_the_scope_places_nothing(world: World) -> None:
    answer = _post(_client(world.organization_id, ["orders:read"]), [_order("S-1")])

    assert (answer.status_code, Order.objects.count()) == (403, 0)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_a_template_of_every_format_can_be_had(world: World, kind: str) -> None:
    answer = _client(world.organization_id).get(f"/api/v1/orders/import-template/{kind}")

    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith(f'orders-template.{kind}"')


def test_a_template_of_another_format_is_not_found(world: World) -> None:
    answer = _client(world.organization_id).get("/api/v1/orders/import-template/pdf")

    assert (answer.status_code, answer.json()["code"]) == (404, "orders.unknown_template")
