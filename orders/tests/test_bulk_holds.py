"""Holds of many orders: over the API with an answer each, and as a job that goes on."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from oms.core.context import acting
from oms.infra.accounts.scopes import ALL
from oms.infra.accounts.services import keys, organizations
from oms.infra.jobs import services as jobs
from oms.infra.jobs.models import Job
from orders.hold_terms import HoldTerms, InvalidHold
from orders.models import Hold, Order
from orders.services import bulk_holds
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db

TERMS = HoldTerms("customer", "They asked us to wait.", ("shipping",))


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 50}})


def _orders(world: World, count: int) -> list[Order]:
    placed = world.place(*(a_draft(f"R-{n}") for n in range(count)))
    return list(Order.objects.filter(pk__in=[answer.order_id for answer in placed]).order_by("pk"))


def _client(organization_id: int, scopes: Any = ALL) -> Client:
    key = keys.create(organization_id=organization_id, name="t", scopes=scopes, created_by="test")
    return Client(headers={"Authorization": f"Bearer {key.text}"})


def _post(client: Client, path: str, body: dict[str, Any], key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def test_one_order_is_held_and_let_go_over_the_api(world: World) -> None:
    [order] = _orders(world, 1)
    client = _client(world.organization_id)
    path = f"orders/{order.public_id}/holds"
    body = {"type": "customer", "reason": "Wait.", "scopes": ["shipping"]}

    placed = _post(client, path, body, key="0123456789abcdef")
    again = _post(client, path, body, key="0123456789abcdef")
    twice = _post(client, path, body)
    lifted = _post(client, f"{path}/customer/release", {"reason": "Go."})
    missing = _post(client, f"{path}/customer/release", {"reason": "Go."})

    assert (placed.status_code, placed.json()["holds"][0]["type"]) == (201, "customer")
    assert again.content == placed.content
    assert (twice.status_code, twice.json()["code"]) == (409, "orders.already_on_hold")
    assert (lifted.status_code, lifted.json()["holds"]) == (200, [])
    assert (missing.status_code, missing.json()["code"]) == (404, "orders.not_on_hold")
    assert Hold.objects.get().scopes == ["shipping"]


def test_many_are_answered_one_by_one(world: World) -> None:
    first, second = _orders(world, 2)
    client = _client(world.organization_id)
    names = [first.public_id, "ord_nobody", second.public_id]

    placed = _post(client, "holds/bulk-place", {"orders": names, "type": "fraud", "reason": "?"})
    lifted = _post(client, "holds/bulk-release", {"orders": names, "type": "fraud", "reason": "?"})

    told = [(row["order"], row["is_done"], row["code"]) for row in placed.json()["results"]]
    assert told == [
        (first.public_id, True, ""),
        ("ord_nobody", False, "orders.unknown"),
        (second.public_id, True, ""),
    ]
    # A partner answers for nothing: what it may stop it may not let go.
    assert [row["code"] for row in lifted.json()["results"]] == [
        "orders.no_authority", "orders.unknown", "orders.no_authority",
    ]  # fmt: skip
    assert Hold.objects.filter(released_at=None).count() == 2


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("holds/bulk-place", {"type": "fraud"}, "invalid_fields"),
        ("holds/bulk-place", {"type": "stock"}, "invalid_fields"),
        ("holds/bulk-place", {"type": "fraud", "orders": ["x"] * 501}, "invalid_fields"),
        ("holds/bulk-place", {"type": "fraud", "releases_at": "2999-01-01T00:00:00Z"}, "hold"),
        ("tags/bulk-change", {"add": ["no word"]}, "tags"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(
    world: World, path: str, body: dict[str, Any], code: str
) -> None:
    [order] = _orders(world, 1)
    given: dict[str, Any] = {"orders": [order.public_id], **body}
    if "releases_at" in body:
        given["reason"] = "?"

    answer = _post(_client(world.organization_id), path, given)

    assert answer.status_code == 422
    assert code in answer.json()["code"] and answer.json()["errors"]
    assert not Hold.objects.exists()


def test_strangers_and_keys_without_the_scope_change_nothing(world: World) -> None:
    [order] = _orders(world, 1)
    body = {"orders": [order.public_id], "type": "fraud", "reason": "?"}
    stranger = _client(organizations.ensure_partner(code="other", name="Other").pk)
    reader = _client(world.organization_id, ["orders:read"])

    answers = [_post(client, "holds/bulk-place", body) for client in (stranger, reader)]

    assert answers[0].json()["results"][0]["code"] == "orders.unknown"
    assert answers[1].status_code == 403
    assert not Hold.objects.exists()


def test_tags_change_over_the_api(world: World) -> None:
    first, second = _orders(world, 2)
    body = {"orders": [first.public_id, second.public_id, "ord_x"], "add": ["rush"]}
    client = _client(world.organization_id)

    once, again = (_post(client, "tags/bulk-change", body) for _ in range(2))

    assert sorted(once.json()["changed"]) == sorted([first.public_id, second.public_id])
    assert again.json()["changed"] == []


def test_a_job_answers_each_order_and_acts_as_who_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_holds, "BATCH", 2)
    orders = _orders(world, 5)
    keys = [order.pk for order in orders]
    with acting(actor="staff:7"):
        bulk_holds.submit(order_ids=[*keys, 10**9], terms=TERMS)

    assert (bulk_holds.run_due(), bulk_holds.run_due()) == (1, 0)

    job = Job.objects.get()
    assert (job.status, job.done, job.total, job.failed) == ("succeeded", 6, 6, 1)
    assert job.result["rows"] == [
        *([str(order.number), "done", ""] for order in orders),
        ["", "orders.unknown", "There is no such order."],
    ]
    assert set(Hold.objects.values_list("author", flat=True)) == {"staff:7"}
    with acting(actor="staff:7"):
        bulk_holds.submit(order_ids=keys, terms=HoldTerms("customer", "Go."), is_release=True)
    bulk_holds.run_due()
    assert not Hold.objects.filter(released_at=None).exists()


def test_a_stopped_job_goes_on_where_it_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_holds, "BATCH", 2)
    keys = [order.pk for order in _orders(world, 4)]
    job = bulk_holds.submit(order_ids=keys, terms=TERMS)
    step = bulk_holds._step

    def stop(running: Job) -> None:
        step(running)
        jobs.cancel(public_id=running.public_id)

    monkeypatch.setattr(bulk_holds, "_step", stop)
    bulk_holds.run_due()
    held = Hold.objects.count()
    monkeypatch.setattr(bulk_holds, "_step", step)
    again = jobs.start(
        kind=job.kind,
        key=job.key,
        organization_id=job.organization_id,
        total=4,
        created_by=job.created_by,
    )
    bulk_holds._run(again)

    assert (held, Hold.objects.count()) == (2, 4)
    assert Job.objects.get().status == "succeeded"
    assert len(Job.objects.get().result["rows"]) == 4


def test_what_cannot_be_submitted_is_refused(world: World) -> None:
    [order] = _orders(world, 1)

    with pytest.raises(bulk_holds.TooMany):
        bulk_holds.submit(order_ids=[], terms=TERMS)
    with pytest.raises(bulk_holds.TooMany):
        bulk_holds.submit(order_ids=range(1, bulk_holds.MAX_ORDERS + 2), terms=TERMS)
    with pytest.raises(InvalidHold):
        bulk_holds.submit(order_ids=[order.pk], terms=HoldTerms("nonsense", "?"))

    assert not Job.objects.exists()
