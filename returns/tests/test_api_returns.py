"""The return API: shapes, scopes, problems, repeats."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from oms.core import clock
from oms.infra.accounts.services import keys, organizations
from returns.models import Return
from returns.tests.factories import DELIVERED_AT, DeliveredOrder, a_delivered_order

pytestmark = [pytest.mark.django_db, pytest.mark.urls("returns.tests.urls")]


@pytest.fixture
def order(db):
    order = a_delivered_order()
    with clock.virtual(DELIVERED_AT):
        yield order


def client(organization_id: int, *scopes: str) -> APIClient:
    created = keys.create(
        organization_id=organization_id,
        name="Test",
        scopes=scopes or ("returns:read", "returns:write"),
        created_by="staff:1",
    )
    found = APIClient()
    found.credentials(HTTP_AUTHORIZATION=f"Bearer {created.text}")
    return found


def body(order: DeliveredOrder, **changes: Any) -> dict[str, Any]:
    given = {
        "order": order.public_id,
        "reason": "wrong_item",
        "lines": [{"position": 1, "quantity": 2}],
    }
    return {**given, **changes}


def test_a_return_is_opened_read_and_received(order):
    partner = client(order.organization_id)

    opened = partner.post("/api/v1/returns", body(order), format="json")

    assert opened.status_code == 201
    assert opened.data == {
        "id": opened.data["id"],
        "order": order.public_id,
        "node": "reno",
        "reason": "wrong_item",
        "status": "approved",
        "why_declined": "",
        "requested_at": "2026-11-19T16:00:00Z",
        "closed_at": None,
        "version": 1,
        "allowed_actions": ["receipt"],
        "lines": [
            {
                "position": 1, "sku": "A", "quantity": 2,
                "restocked": 0, "quarantined": 0, "missing": 0,
            }
        ],
    }  # fmt: skip
    path = f"/api/v1/returns/{opened.data['id']}"
    assert partner.get(path).data == opened.data

    receipt = {"lines": [{"position": 1, "restock": 1, "quarantine": 1}]}
    received = partner.post(f"{path}/receipt", receipt, format="json")

    assert (received.status_code, received.data["status"]) == (200, "closed")
    assert received.data["allowed_actions"] == []
    assert order.counts()[1] == (3, 2)


def test_a_late_return_is_answered_with_why(order):
    with clock.virtual(DELIVERED_AT.replace(year=2027)):
        answer = client(order.organization_id).post("/api/v1/returns", body(order), format="json")

    assert (answer.status_code, answer.data["status"]) == (201, "declined")
    assert answer.data["why_declined"] == "Delivered more than 30 days ago."


def test_a_repeat_with_the_same_key_gets_the_first_answer(order):
    partner = client(order.organization_id)
    header = {"HTTP_IDEMPOTENCY_KEY": "return-0000000001"}

    first = partner.post("/api/v1/returns", body(order), format="json", **header)
    second = partner.post("/api/v1/returns", body(order), format="json", **header)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.data == first.data
    assert second["Idempotency-Replayed"] == "true"
    assert Return.objects.count() == 1


def test_a_repeated_receipt_counts_once(order):
    partner = client(order.organization_id)
    opened = partner.post("/api/v1/returns", body(order), format="json")
    path = f"/api/v1/returns/{opened.data['id']}/receipt"
    receipt = {"lines": [{"position": 1, "restock": 1}]}
    header = {"HTTP_IDEMPOTENCY_KEY": "receipt-000000001"}

    for _ in range(2):
        answer = partner.post(path, receipt, format="json", **header)

    assert (answer.status_code, answer.data["lines"][0]["restocked"]) == (200, 1)
    assert order.counts()[1] == (3, 1)


@pytest.mark.parametrize(
    ("changes", "pointer", "status"),
    [
        ({"reason": "mood"}, "/reason", 422),
        ({"lines": []}, "/lines", 422),
        ({"lines": [{"position": 1, "quantity": 0}]}, "/lines/0/quantity", 422),
        ({"lines": [{"position": 1, "quantity": "2"}]}, "/lines/0/quantity", 422),
        ({"lines": [{"position": 7, "quantity": 1}]}, "/lines/0/position", 422),
        ({"lines": [{"position": 1, "quantity": 9}]}, "/lines/0/quantity", 409),
        ({"colour": "red"}, "/colour", 422),
    ],
)
def test_a_wrong_body_is_a_problem_naming_the_field(order, changes, pointer, status):
    answer = client(order.organization_id).post(
        "/api/v1/returns", body(order, **changes), format="json"
    )

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.data["errors"]] == [pointer]
    assert not Return.objects.exists()


def test_an_unknown_line_of_a_receipt_is_named(order):
    partner = client(order.organization_id)
    opened = partner.post("/api/v1/returns", body(order), format="json")

    answer = partner.post(
        f"/api/v1/returns/{opened.data['id']}/receipt",
        {"lines": [{"position": 2, "restock": 1}]},
        format="json",
    )

    assert answer.status_code == 422
    assert answer.data["errors"][0]["pointer"] == "/lines/0/position"


def test_another_organization_sees_and_changes_nothing(order):
    mine = client(order.organization_id)
    opened = mine.post("/api/v1/returns", body(order), format="json")
    stranger = client(organizations.ensure_sandbox().pk)
    path = f"/api/v1/returns/{opened.data['id']}"
    receipt = {"lines": [{"position": 1, "restock": 1}]}

    answers = [
        stranger.get(path),
        stranger.post(f"{path}/receipt", receipt, format="json"),
        stranger.post("/api/v1/returns", body(order), format="json"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert Return.objects.count() == 1
    assert order.counts()[1] == (3, 0)


def test_each_route_needs_its_scope(order):
    reader = client(order.organization_id, "returns:read")
    writer = client(order.organization_id, "returns:write")
    opened = writer.post("/api/v1/returns", body(order), format="json")
    path = f"/api/v1/returns/{opened.data['id']}"

    assert reader.post("/api/v1/returns", body(order), format="json").status_code == 403
    assert reader.post(f"{path}/receipt", {}, format="json").status_code == 403
    assert writer.get(path).status_code == 403
    assert APIClient().get(path).status_code == 401
