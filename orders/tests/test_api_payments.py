"""Payments over the API: scopes, owners, repeats, refusals, filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from oms.infra.accounts.services import organizations
from orders.billing.models import PaymentEntry
from orders.tests.factories import World, a_draft, a_world
from orders.tests.test_api_orders import BODY, _client

pytestmark = pytest.mark.django_db

PAYMENT = {"kind": "captured", "amount": "20.00", "currency": "USD", "reference": "ch_1"}


@pytest.fixture
def world() -> World:
    world = a_world()
    world.channel = replace(world.channel, requires_payment=True)
    return world


def _report(client: Client, order: str, **changes: Any) -> Any:
    return client.post(
        f"/api/v1/orders/{order}/payments", {**PAYMENT, **changes}, content_type="application/json"
    )


@pytest.mark.parametrize("scope", ["orders:write", "payments:write"])
def test_a_report_is_answered_with_the_money_and_a_repeat_with_the_same(
    world: World, scope: str
) -> None:
    [order] = world.place(a_draft())
    client = _client(world.organization_id, [scope])

    first, again = _report(client, order.public_id), _report(client, order.public_id)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["money"] == {
        "state": "paid", "owed": "20.00", "authorized": "0.00", "voided": "0.00",
        "captured": "20.00", "refunded": "0.00", "goodwill": "0.00", "to_collect": "0.00",
        "to_refund": "0.00",
    }  # fmt: skip
    assert first.json()["payment"]["amount"] == "20.00"
    assert PaymentEntry.objects.count() == 1


def test_a_key_without_the_scope_reports_nothing(world: World) -> None:
    [order] = world.place(a_draft())

    answer = _report(_client(world.organization_id, ["orders:read"]), order.public_id)

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.missing_scope")
    assert PaymentEntry.objects.count() == 0


def test_another_organization_neither_reads_nor_reports(world: World) -> None:
    [order] = world.place(a_draft())
    other = organizations.ensure_partner(code="other", name="Other")
    client = _client(other.pk)

    answers = [
        _report(client, order.public_id),
        client.get(f"/api/v1/orders/{order.public_id}/payments"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert PaymentEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"kind": "refunded"}, 409, "/amount"),
        ({"currency": "EUR"}, 422, "/currency"),
        ({"amount": "0.001"}, 422, "/amount"),
        ({"amount": "0"}, 422, "/amount"),
        ({"kind": "stolen"}, 422, "/kind"),
        ({"colour": "red"}, 422, "/colour"),
    ],
)
def test_a_wrong_report_names_its_field_and_changes_nothing(
    world: World, changes: dict[str, str], status: int, pointer: str
) -> None:
    [order] = world.place(a_draft())

    answer = _report(_client(world.organization_id), order.public_id, **changes)

    assert answer.status_code == status
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert PaymentEntry.objects.count() == 0


def test_an_idempotency_key_repeats_the_answer(world: World) -> None:
    [order] = world.place(a_draft())
    client = _client(world.organization_id)
    answers = [
        client.post(
            f"/api/v1/orders/{order.public_id}/payments",
            {"kind": "captured", "amount": "5.00", "currency": "USD"},
            content_type="application/json",
            headers={"Idempotency-Key": "0123456789abcdef"},
        )
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert PaymentEntry.objects.count() == 1


def test_orders_come_with_payments_and_are_found_by_their_state(world: World) -> None:
    client = _client(world.organization_id)
    for reference, payments in (
        ("paid", [{"kind": "captured", "amount": "24.50", "reference": "ch_9"}]),
        ("part", [{"kind": "captured", "amount": "4.50"}]),
        ("none", []),
    ):
        body = {**BODY, "external_ref": reference, "payments": payments}
        placed = client.post("/api/v1/orders", body, content_type="application/json")
        assert placed.status_code == 201

    found = {
        state: [
            o["external_ref"]
            for o in client.get(f"/api/v1/orders?payment={state}").json()["results"]
        ]
        for state in ("paid", "partially_paid", "none", "refunded")
    }

    assert found == {"paid": ["paid"], "partially_paid": ["part"], "none": ["none"], "refunded": []}
    assert client.get("/api/v1/orders?payment=odd").status_code == 400


def test_the_order_and_its_payments_tell_the_money(world: World) -> None:
    [order] = world.place(a_draft())
    client = _client(world.organization_id)
    _report(client, order.public_id, amount="5.00")

    shown = client.get(f"/api/v1/orders/{order.public_id}").json()
    listed = client.get(f"/api/v1/orders/{order.public_id}/payments").json()

    assert (shown["payment"]["state"], shown["payment"]["to_collect"]) == (
        "partially_paid",
        "15.00",
    )
    assert listed["money"] == shown["payment"]
    assert [(p["kind"], p["amount"], p["source"]) for p in listed["payments"]] == [
        ("captured", "5.00", "api")
    ]
