"""Stock feeds over HTTP: each message its own answer, each wrong field by its name."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import StockMovement
from inventory.services import publishing
from inventory.tests.factories import World, make_world
from inventory.tests.syncing import add_source, balances, counted, delta, snapshot
from inventory.tests.test_api_availability import client
from oms.infra.accounts.services import organizations

URL = "/api/v1/stock/sources/erp-1/messages"
FEED = "/api/v1/stock/feed"


@pytest.fixture
def world(db: None) -> World:
    world = make_world(skus=("TENT", "MUG"))
    add_source(world)
    return world


@pytest.fixture
def partner(world: World) -> APIClient:
    return client(world.organization_id, "stock:write", "availability:read")


def _send(partner: APIClient, body: Any, url: str = URL) -> Any:
    return partner.post(url, body, format="json")


def test_one_message_is_answered_with_what_became_of_it(partner: APIClient) -> None:
    first = _send(partner, delta(1, ("reno", "TENT", 5)))
    again = _send(partner, delta(1, ("reno", "TENT", 5)))
    ahead = _send(partner, snapshot(3, ("reno", "TENT", 5)))

    assert [a.status_code for a in (first, again, ahead)] == [200, 200, 200]
    assert first.json() == {"sequence": 1, "outcome": "applied", "problem": "", "error": None}
    assert [a.json()["outcome"] for a in (again, ahead)] == ["duplicate", "waiting"]
    assert balances() == {("reno", "TENT"): 5}
    assert StockMovement.objects.get().actor.startswith("key:")


def test_each_message_of_a_batch_has_its_own_answer(partner: APIClient) -> None:
    answer = _send(
        partner,
        {
            "messages": [
                delta(1, ("reno", "TENT", 5)),
                delta(2, ("reno", "TENT", -9)),
                delta(1, ("reno", "TENT", 6)),
                delta(3, ("reno", "TENT", 1), ("reno", "X", 1)),
                delta(99_999, ("reno", "TENT", 1)),
            ]
        },
    )

    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [r["outcome"] for r in results] == ["applied", "applied", *["refused"] * 3]
    assert results[1]["problem"].startswith("inventory.not_enough_on_hand")
    errors = [(r["error"]["code"], r["error"]["status"]) for r in results[2:]]
    assert errors == [
        ("inventory.sequence_conflict", 409),
        ("inventory.invalid_message", 422),
        ("inventory.sequence_out_of_order", 409),
    ]
    assert results[3]["error"]["errors"] == [
        {
            "pointer": "/messages/3/changes/1/sku",
            "code": "unknown_sku",
            "detail": "There is no SKU 'X'.",
        }
    ]
    assert results[4]["error"]["expected"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({}, 422, "inventory.invalid_message", "/sequence"),
        (delta(1, ("reno", "TENT", 0)), 422, "inventory.invalid_message", "/changes/0/quantity"),
        (delta(1, ("reno", "TENT", 1.5)), 422, "inventory.invalid_message", "/changes/0/quantity"),
        (delta(1, ("reno", "X", 1)), 422, "inventory.invalid_message", "/changes/0/sku"),
        (delta(0, ("reno", "TENT", 1)), 409, "inventory.sequence_out_of_order", "/sequence"),
        (delta(10_001, ("reno", "TENT", 1)), 409, "inventory.sequence_out_of_order", "/sequence"),
        ({"messages": []}, 422, "inventory.invalid_batch", "/messages"),
        ({"messages": {}}, 422, "inventory.invalid_batch", "/messages"),
        ({"messages": [1] * 1_001}, 422, "inventory.invalid_batch", "/messages"),
        ({"messages": [1], "sequence": 1}, 422, "inventory.invalid_batch", "/sequence"),
    ],
)
def test_a_wrong_body_is_a_problem_that_names_its_field(
    partner: APIClient, body: Any, status: int, code: str, pointer: str
) -> None:
    before = counted()

    answer = _send(partner, body)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert counted() == before


def test_a_conflict_is_a_problem_and_changes_nothing(partner: APIClient) -> None:
    _send(partner, delta(1, ("reno", "TENT", 5)))
    before = counted()

    answer = _send(partner, delta(1, ("reno", "TENT", 6)))

    assert (answer.status_code, answer.json()["code"]) == (409, "inventory.sequence_conflict")
    assert answer.json()["expected"] == 2
    assert counted() == before


def test_a_partner_reaches_its_own_feeds_only(world: World) -> None:
    other = organizations.ensure_partner(code="other", name="Other")
    theirs = client(other.pk, "stock:write", "availability:read")
    publishing.open_feed(organization_id=world.organization_id, channel="web")
    before = counted()

    sent = _send(theirs, delta(1, ("reno", "TENT", 5)))
    read = theirs.get(FEED, {"channel": "web"})

    assert (sent.status_code, sent.json()["code"]) == (404, "inventory.unknown_source")
    assert (read.status_code, read.json()["code"]) == (404, "inventory.unknown_feed")
    assert counted() == before


def test_scopes_are_needed_and_not_exchangeable(world: World) -> None:
    reader = client(world.organization_id, "availability:read")
    writer = client(world.organization_id, "stock:write")
    before = counted()

    assert _send(reader, delta(1, ("reno", "TENT", 5))).json()["scope"] == "stock:write"
    assert writer.get(FEED, {"channel": "web"}).json()["scope"] == "availability:read"
    assert _send(APIClient(), delta(1, ("reno", "TENT", 5))).status_code == 401
    assert counted() == before


def test_the_feed_is_read_from_number_to_number(world: World, partner: APIClient) -> None:
    world.receive("reno", "TENT", 7)
    publishing.open_feed(organization_id=world.organization_id, channel="web")

    first = partner.get(FEED, {"channel": "web", "limit": 1})
    second = partner.get(FEED, {"channel": "web", "since": first.json()["next"]})
    third = partner.get(FEED, {"channel": "web", "since": second.json()["next"]})

    assert first["Cache-Control"] == "no-store"
    assert first.json() == {
        "channel": "web",
        "items": [{"sku": "TENT", "quantity": 7, "sequence": 1}],
        "next": 1,
        "has_more": True,
    }
    assert second.json()["items"] == [{"sku": "MUG", "quantity": 0, "sequence": 2}]
    assert (second.json()["has_more"], third.json()["items"], third.json()["next"]) == (
        False,
        [],
        2,
    )


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({}, "?channel"),
        ({"channel": "x" * 41}, "?channel"),
        ({"channel": "a\x00"}, "?channel"),
        ({"channel": "web", "since": "-1"}, "?since"),
        ({"channel": "web", "since": "1.5"}, "?since"),
        ({"channel": "web", "since": str(2**63)}, "?since"),
        ({"channel": "web", "since": "9" * 5_000}, "?since"),
        ({"channel": "web", "limit": "0"}, "?limit"),
        ({"channel": "web", "limit": "1001"}, "?limit"),
        ({"channel": "web", "sku": "TENT"}, "?sku"),
    ],
)
def test_a_wrong_query_names_its_parameter(
    partner: APIClient, query: dict[str, str], pointer: str
) -> None:
    answer = partner.get(FEED, query)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
