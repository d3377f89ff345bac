"""The API of parcels: shapes, scopes, owners, repeats, typed refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from oms.infra.accounts.scopes import ALL
from oms.infra.accounts.services import keys, organizations
from orders.models import FulfillmentOrder, Order
from orders.tests.factories import World, a_world
from orders.tests.works import place, work_of, works

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"Idempotency-Key": "parcels-000000000001"}


def _client(organization_id: int, scopes: Any = ALL) -> Client:
    new = keys.create(
        organization_id=organization_id, name="test", scopes=scopes, created_by="test"
    )
    return Client(headers={"Authorization": f"Bearer {new.text}"})


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 20, "B": 5}, "dallas": {"A": 20}})


@pytest.fixture
def client(world: World) -> Client:
    return _client(world.organization_id)


def _post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(
        f"/api/v1/{path}", body, content_type="application/json", headers=headers or None
    )


def _path(order: Order, deed: str) -> str:
    return f"orders/{order.public_id}/work/{work_of(order).public_id}/{deed}"


def _lines(units: int, position: int = 1) -> dict[str, Any]:
    return {"lines": [{"position": position, "quantity": units}]}


def test_a_part_is_split_off_once_per_key(world: World, client: Client) -> None:
    order = place(world, "R-1", lines={"A": 3})
    path = _path(order, "split")

    first = _post(client, path, _lines(1), **KEY)
    again = _post(client, path, _lines(1), **KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    [_, second] = FulfillmentOrder.objects.order_by("pk")
    assert first.json() == {"work": [second.public_id]}
    assert [units for *_, units in works(order)] == [{1: 2}, {1: 1}]


def test_a_preview_and_a_move(world: World, client: Client) -> None:
    order = place(world, "R-1", lines={"A": 3})

    told = _post(client, _path(order, "preview"), {**_lines(1), "node": "dallas"})
    moved = _post(client, _path(order, "move"), {**_lines(1), "node": "dallas"})

    assert told.status_code == 200
    assert [(part["node"], part["units"], part["weight_g"]) for part in told.json()] == [
        ("reno", 2, 800), ("dallas", 1, 400),
    ]  # fmt: skip
    assert all(part["cost_amount"] and part["arrives_on"] for part in told.json())
    assert moved.status_code == 201
    assert [node for node, *_ in works(order)] == ["reno", "dallas"]


def test_a_part_of_an_order_becomes_an_order(world: World, client: Client) -> None:
    order = place(world, "R-1", lines={"A": 3})

    made = _post(client, f"orders/{order.public_id}/split", _lines(1), **KEY)

    assert made.status_code == 201
    assert made.json()["lines"][0]["ordered"] == 1
    assert made.json()["external_ref"] == f"R-1~{made.json()['number']}"
    assert Order.objects.count() == 2


def test_orders_are_suggested_merged_and_taken_apart(world: World, client: Client) -> None:
    first, second = place(world, "R-1"), place(world, "R-2")

    [group] = client.get("/api/v1/parcels").json()
    refs = [work["work"] for work in group["work"]]
    merged = _post(client, "parcels", {"work": refs}, **KEY)
    shown = [client.get(f"/api/v1/orders/{o.public_id}").json()["work"] for o in (first, second)]
    apart = _post(client, _path(second, "unmerge"), {})

    assert refs == [work_of(first).public_id, work_of(second).public_id]
    assert (merged.status_code, merged.json()) == (201, {"lead": refs[0], "work": refs})
    assert [work["parcel"] for [work] in shown] == [refs[0], refs[0]]
    assert apart.status_code == 200
    assert not FulfillmentOrder.objects.exclude(merged_into=None).exists()


@pytest.mark.parametrize(
    ("deed", "body", "status", "code"),
    [
        ("split", _lines(9), 422, "orders.more_than_there"),
        ("split", _lines(3), 422, "orders.nothing_to_split"),
        ("move", {**_lines(1), "node": "nowhere"}, 422, "orders.unknown_node"),
        ("move", {**_lines(1), "node": "reno"}, 422, "orders.same_node"),
        ("move", {**_lines(1), "what": 1}, 422, None),
        ("unmerge", {}, 409, "orders.not_merged"),
    ],
)
def test_refusals_are_typed(
    world: World, client: Client, deed: str, body: dict[str, Any], status: int, code: str | None
) -> None:
    order = place(world, "R-1", lines={"A": 3})

    answer = _post(client, _path(order, deed), body)

    assert answer.status_code == status, answer.content
    assert code is None or answer.json()["code"] == code
    assert len(works(order)) == 1


def test_only_the_owner_with_the_scope(world: World) -> None:
    first, second = place(world, "R-1"), place(world, "R-2")
    reader = _client(world.organization_id, ["orders:read"])
    stranger = _client(organizations.ensure_partner(code="other", name="Other").pk)
    refs = {"work": [work_of(first).public_id, work_of(second).public_id]}

    assert _post(reader, _path(first, "split"), _lines(1)).status_code == 403
    assert _post(reader, "parcels", refs).status_code == 403
    assert _post(stranger, _path(first, "unmerge"), {}).status_code == 404
    assert _post(stranger, f"orders/{first.public_id}/split", _lines(1)).status_code == 404
    assert _post(stranger, "parcels", refs).status_code == 404
    assert stranger.get("/api/v1/parcels").json() == []
    assert not FulfillmentOrder.objects.exclude(merged_into=None).exists()
