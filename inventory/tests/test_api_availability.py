"""What a partner reads of stock and nodes: its own only, strictly asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inventory.catalog import services as catalog
from inventory.nodes import services as nodes
from inventory.nodes.models import Node
from inventory.services import reservations
from inventory.tests.factories import NODE, VARIANT, World, make_world
from oms.core.transactions import unit
from oms.infra.accounts.services import keys, organizations

URL = "/api/v1/availability"


def client(organization_id: int, *scopes: str) -> APIClient:
    created = keys.create(
        organization_id=organization_id,
        name="Test",
        scopes=scopes or ("availability:read", "nodes:read"),
        created_by="staff:1",
    )
    found = APIClient()
    found.credentials(HTTP_AUTHORIZATION=f"Bearer {created.text}")
    return found


@pytest.fixture
def world(db: None) -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "MUG", "OLD"))
    world.receive("reno", "TENT", 10)
    world.receive("dallas", "TENT", 4)
    world.receive("reno", "OLD", 9)
    with unit():
        catalog.upsert_variants(
            organization_id=world.organization_id,
            drafts=[replace(VARIANT, sku="OLD", is_active=False)],
        )
        reservations.reserve(demands=[world.demand("ord_1", world.leg("reno", "TENT", 3))])
    return world


def test_availability_is_told_in_total_and_per_node_in_the_order_asked(world: World) -> None:
    answer = client(world.organization_id).get(URL, {"sku": ["OLD", "TENT", "MUG", "TENT"]})

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["results"] == [
        {"sku": "OLD", "is_active": False, "total": 0, "nodes": []},
        {
            "sku": "TENT",
            "is_active": True,
            "total": 11,
            "nodes": [{"node": "dallas", "available": 4}, {"node": "reno", "available": 7}],
        },
        {"sku": "MUG", "is_active": True, "total": 0, "nodes": []},
    ]


def test_availability_costs_as_many_statements_for_three_skus_as_for_one(world: World) -> None:
    partner = client(world.organization_id)

    def statements(*skus: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert partner.get(URL, {"sku": skus}).status_code == 200
        return len(caught)

    statements("MUG")  # the key's last use is written once a minute
    assert statements("TENT", "MUG", "OLD") == statements("MUG")


def test_a_sku_of_another_organization_is_as_unknown_as_one_that_is_not(world: World) -> None:
    other = organizations.ensure_partner(code="other", name="Other")
    with unit():
        catalog.upsert_variants(organization_id=other.pk, drafts=[replace(VARIANT, sku="THEIRS")])

    answers = [
        client(world.organization_id).get(URL, {"sku": ["TENT", sku]}).json()
        for sku in ("THEIRS", "NOBODYS")
    ]

    for answer, sku in zip(answers, ("THEIRS", "NOBODYS"), strict=True):
        assert (answer["status"], answer["code"]) == (422, "inventory.unknown_sku")
        assert answer["errors"] == [
            {"pointer": "?sku", "code": "unknown_sku", "detail": f"There is no SKU {sku!r}."}
        ]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({}, "?sku", "required"),
        ({"sku": ""}, "?sku", "invalid_value"),
        ({"sku": "A" * 65}, "?sku", "invalid_value"),
        ({"sku": "A\x00"}, "?sku", "invalid_value"),
        ({"sku": [f"S{i}" for i in range(501)]}, "?sku", "too_many"),
        ({"sku": "TENT", "node": "reno"}, "?node", "unknown_filter"),
        ({"skus": "TENT"}, "?skus", "unknown_filter"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(
    world: World, query: dict[str, Any], pointer: str, code: str
) -> None:
    answer = client(world.organization_id).get(URL, query)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


def test_each_route_needs_its_own_scope(world: World) -> None:
    of_stock = client(world.organization_id, "availability:read")
    of_nodes = client(world.organization_id, "nodes:read")

    assert of_stock.get(URL, {"sku": "TENT"}).status_code == 200
    assert of_nodes.get("/api/v1/nodes").status_code == 200
    assert of_stock.get("/api/v1/nodes").json()["scope"] == "nodes:read"
    assert of_nodes.get(URL, {"sku": "TENT"}).json()["scope"] == "availability:read"
    assert APIClient().get(URL, {"sku": "TENT"}).status_code == 401


def test_nodes_are_listed_by_code_in_pages_and_only_allowed_active_ones(world: World) -> None:
    with unit():
        nodes.upsert_nodes(drafts=[replace(NODE, code="notmine"), replace(NODE, code="closed")])
    Node.objects.filter(code="closed").update(is_active=False)
    partner = client(world.organization_id)

    first = partner.get("/api/v1/nodes", {"limit": 1}).json()
    second = partner.get(first["next"]).json()

    assert first["results"] == [
        {
            "code": "dallas",
            "name": "Dallas",
            "kind": "warehouse",
            "country": "US",
            "region": "NV",
            "city": "Reno",
            "timezone": "America/Los_Angeles",
            "cutoff_time": "15:00",
            "working_days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "ships": True,
            "pick_up": False,
            "takes_returns": True,
        }
    ]
    assert [node["code"] for node in second["results"]] == ["reno"]
    assert second["next"] is None


def test_nodes_are_narrowed_by_kind_and_country_and_nothing_else(world: World) -> None:
    partner = client(world.organization_id)

    assert partner.get("/api/v1/nodes", {"kind": "store"}).json()["results"] == []
    assert len(partner.get("/api/v1/nodes", {"country": "US"}).json()["results"]) == 2
    assert partner.get("/api/v1/nodes", {"kind": "castle"}).status_code == 400
    assert partner.get("/api/v1/nodes", {"city": "Reno"}).status_code == 400


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "1.5", "", "9" * 5000])
def test_a_limit_that_is_no_count_is_refused(world: World, limit: str) -> None:
    answer = client(world.organization_id).get("/api/v1/nodes", {"limit": limit})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?limit")
