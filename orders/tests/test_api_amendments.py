"""Changes of orders over the API: previews, versions, refusals that change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from oms.infra.accounts.services import organizations
from orders.models import Amendment, Order
from orders.tests.amending import rows
from orders.tests.factories import World, a_world
from orders.tests.test_api_orders import _client, _post

pytestmark = pytest.mark.django_db

MORE = {"action": "change_quantity", "line": 1, "quantity": 3}


@pytest.fixture
def world() -> World:
    return a_world()


def _send(client: Client, path: str, body: Any = None, **more: Any) -> Any:
    return client.post(path, body or {}, content_type="application/json", **more)


def _begin(client: Client, *actions: Any, **body: Any) -> tuple[str, Any]:
    path = f"/api/v1/orders/{_post(client).json()['id']}"
    sent = {"actions": actions or [MORE], "reason": "Customer called.", **body}
    return path, _send(client, f"{path}/amendments", sent)


def test_a_change_is_begun_previewed_and_confirmed_on_the_version(world: World) -> None:
    client = _client(world.organization_id)
    path, begun = _begin(client)
    change = f"{path}/amendments/{begun.json()['id']}"
    again = _send(client, f"{change}/preview").json()

    seen = client.get(path)
    done = _send(client, f"{change}/confirm", {"token": again["preview"]["token"]},
                 headers={"If-Match": seen.headers["ETag"]})  # fmt: skip

    assert begun.status_code == 201
    assert begun.json()["preview"] == again["preview"]
    assert again["preview"]["money"]["difference"] == "10.00"
    assert (done.status_code, done.json()["status"]) == (200, "confirmed")
    shown = client.get(path).json()
    assert (shown["total_amount"], shown["lines"][0]["ordered"]) == ("34.50", 3)
    assert shown["version"] > seen.json()["version"]
    assert client.get(change).json()["status"] == "confirmed"


def test_an_old_version_is_refused_with_the_fresh_one(world: World) -> None:
    client = _client(world.organization_id)
    path, begun = _begin(client)
    version = begun.json()["version"]
    before = rows()

    late = _send(client, f"{path}/amendments/{begun.json()['id']}/confirm",
                 {"version": version - 1})  # fmt: skip

    assert (late.status_code, late.json()["code"]) == (409, "orders.changed")
    assert late.json()["version"] == version
    assert late.json()["allowed_actions"] == ["cancel", "edit"]
    assert rows() == before


def test_stock_that_went_meanwhile_answers_with_the_fresh_preview(world: World) -> None:
    client = _client(world.organization_id)
    path, begun = _begin(client, {**MORE, "quantity": 10})
    _post(client, external_ref="A-2", lines=[{"sku": "A", "quantity": 1}])
    before = rows()

    late = _send(client, f"{path}/amendments/{begun.json()['id']}/confirm",
                 {"version": begun.json()["version"]})  # fmt: skip

    assert (late.status_code, late.json()["code"]) == (409, "orders.outcome_changed")
    assert begun.json()["preview"]["holds"]["opened"] == []
    assert late.json()["preview"]["holds"]["opened"] == ["stock"]
    assert rows() == before
    assert Amendment.objects.get().state == "open"


def test_without_a_version_or_a_reason_nothing_is_confirmed(world: World) -> None:
    client = _client(world.organization_id)
    path, begun = _begin(client, reason="")
    change = f"{path}/amendments/{begun.json()['id']}/confirm"

    no_version = _send(client, change, {"reason": "Because."})
    no_reason = _send(client, change, {"version": begun.json()["version"]})

    assert (no_version.status_code, no_version.json()["code"]) == (422, "orders.version_required")
    assert (no_reason.status_code, no_reason.json()["code"]) == (422, "orders.reason_required")
    assert Order.objects.get().unit_count == 2


def test_actions_can_be_put_anew_and_discarded(world: World) -> None:
    client = _client(world.organization_id)
    path, begun = _begin(client)
    change = f"{path}/amendments/{begun.json()['id']}"

    put = client.put(change, {"actions": [{**MORE, "quantity": 1}]},
                     content_type="application/json")  # fmt: skip
    gone = _send(client, f"{change}/discard")
    late = _send(client, f"{change}/confirm", {"version": 9})

    assert put.json()["preview"]["money"]["to_refund"] == "10.00"
    assert gone.json()["status"] == "discarded"
    assert (late.status_code, late.json()["code"]) == (409, "orders.amendment_closed")
    assert Order.objects.get().unit_count == 2


def test_an_address_is_sealed_and_never_shown(world: World) -> None:
    client = _client(world.organization_id)
    to = {"name": "Ada Secret", "lines": ["2 Main Street"], "city": "Reno", "region": "NV",
          "postcode": "89501", "country": "US"}  # fmt: skip

    _, begun = _begin(client, {"action": "change_address", "ship_to": to})
    _, wrong = _begin(client, {"action": "change_tier", "ship_to": to})

    assert begun.json()["actions"] == [{"action": "change_address"}]
    assert "Secret" not in begun.content.decode()
    assert wrong.status_code in (400, 422)


def test_a_repeat_with_the_same_key_begins_once(world: World) -> None:
    client = _client(world.organization_id)
    path = f"/api/v1/orders/{_post(client).json()['id']}/amendments"
    sent = {"actions": [MORE]}
    first, again = [
        _send(client, path, sent, headers={"Idempotency-Key": "0123456789abcdef"}) for _ in range(2)
    ]

    assert first.content == again.content
    assert Amendment.objects.count() == 1


def test_others_and_readers_are_refused_and_nothing_happens(world: World) -> None:
    client = _client(world.organization_id)
    path, begun = _begin(client)
    change = f"{path}/amendments/{begun.json()['id']}"
    stranger = _client(organizations.ensure_partner(code="other", name="Other").pk)
    reader = _client(world.organization_id, ["orders:read"])

    assert _send(stranger, f"{change}/confirm", {"version": 2}).status_code == 404
    assert stranger.get(change).status_code == 404
    assert _send(reader, f"{change}/discard").status_code == 403
    assert reader.get(change).status_code == 200
    assert Amendment.objects.get().state == "open"
