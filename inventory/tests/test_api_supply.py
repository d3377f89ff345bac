"""What a partner announces over HTTP: its own items, at its own nodes, strictly read."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.models import Backorder, InboundSupply
from inventory.tests.factories import World, make_world
from inventory.tests.test_api_availability import client
from inventory.tests.test_backlog import MAY, allow, enqueue, line
from oms.infra.accounts.services import organizations

URL = "/api/v1/supply"


@pytest.fixture
def world(db: None) -> World:
    return make_world(skus=("TENT", "MUG"))


def body(**line: Any) -> dict[str, Any]:
    first = {"sku": "TENT", "node": "reno", "quantity": 5, "expected_on": MAY.isoformat()}
    return {"document_ref": "PO-1", "lines": [{**first, **line}]}


def post(world: World, data: Any, *scopes: str) -> Any:
    partner = client(world.organization_id, *(scopes or ("supply:write", "availability:read")))
    return partner.post(URL, data, format="json")


def test_a_line_is_announced_and_re_dated_by_the_same_call(world: World) -> None:
    allow(world, backorder_limit=None)
    enqueue(line(world, "o", 2))

    first = post(world, body())
    second = post(world, body(expected_on="2026-06-09", quantity=7))
    listed = client(world.organization_id, "availability:read").get(URL).json()

    assert (first.status_code, first.json()) == (200, {"created": 1, "updated": 0})
    assert (second.status_code, second.json()) == (200, {"created": 0, "updated": 1})
    [row] = listed["results"]
    assert row.pop("id").startswith("sup_")
    assert row == {
        "kind": "purchase_order",
        "document_ref": "PO-1",
        "line_ref": "1",
        "sku": "TENT",
        "node": "reno",
        "expected_on": "2026-06-09",
        "quantity": 7,
        "received": 0,
        "lost": 0,
        "promised": 2,
    }
    assert Backorder.objects.get().promised_on.isoformat() == "2026-06-09"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"sku": "NOPE"}, "/lines/0/sku"),
        ({"node": "nowhere"}, "/lines/0/node"),
        ({"quantity": 0}, "/lines/0/quantity"),
        ({"quantity": "5"}, "/lines/0/quantity"),
        ({"quantity": 10**9}, "/lines/0/quantity"),
        ({"expected_on": "soon"}, "/lines/0/expected_on"),
        ({"colour": "red"}, "/lines/0/colour"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(
    world: World, change: dict[str, Any], pointer: str
) -> None:
    answer = post(world, body(**change))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not InboundSupply.objects.exists()


def test_a_transfer_is_not_announced(world: World) -> None:
    answer = post(world, {**body(), "kind": "transfer"})

    assert answer.status_code == 422
    assert not InboundSupply.objects.exists()


def test_reading_does_not_let_write(world: World) -> None:
    assert post(world, body(), "availability:read").status_code == 403
    assert client(world.organization_id, "supply:write").get(URL).status_code == 403
    assert not InboundSupply.objects.exists()


def test_another_organization_sees_nothing_of_it(world: World) -> None:
    post(world, body())
    other = organizations.ensure_partner(code="other", name="Other")

    assert client(other.pk, "availability:read").get(URL).json()["results"] == []
