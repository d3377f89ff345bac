"""Drafts: no effect before they are submitted, and the way of every order after."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from inventory.models import Reservation
from oms.core import clock
from oms.infra.contacts.models import Contact
from oms.infra.contacts.services import vault
from oms.infra.outbox.models import OutboxEvent
from orders.drafting import InvalidOrder
from orders.models import Order, OrderLine, RuleResult
from orders.selectors import orders as selectors
from orders.selectors import progress
from orders.services import drafts
from orders.services.placement import ReferenceTaken
from orders.tests.amending import rows
from orders.tests.factories import ADA, World, a_draft, a_world
from orders.tests.test_api_orders import BODY, _client, _post
from orders.types import LineDraft, OrderDraft

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def _create(world: World, reference: str = "D-1", **changes: Any) -> Order:
    return drafts.create(channel=world.channel, draft=a_draft(reference, origin="staff", **changes))


def _story(order: Order) -> list[str]:
    return list(order.status_changes.order_by("pk").values_list("trigger", flat=True))


def test_a_draft_has_a_number_and_no_effect(world: World) -> None:
    before = (Reservation.objects.count(), OutboxEvent.objects.count())

    order = _create(world, lines={"A": 2})

    assert (order.status, order.number > 0, order.origin) == ("draft", True, "staff")
    assert order.total_amount == Decimal(40)
    assert (Reservation.objects.count(), OutboxEvent.objects.count()) == before
    assert not RuleResult.objects.exists()


def test_a_draft_is_no_order_anywhere(world: World) -> None:
    order = _create(world)

    assert not selectors.list_for(organization_id=world.organization_id).exists()
    assert selectors.count_by_status() == {"delivered": 0, "on_hold": 0}
    assert progress.of_channel(channel_id=world.channel.id).total == 0
    assert progress.list_moving_refs(channel_id=world.channel.id) == []
    assert selectors.find_by_tracking_hash(tracking_hash=order.tracking_hash) is None
    with pytest.raises(selectors.UnknownOrder):
        selectors.get_for(organization_id=world.organization_id, public_id=order.public_id)
    assert list(selectors.list_drafts(organization_id=world.organization_id)) == [order]


def test_a_submitted_draft_ends_like_an_order_that_was_placed(world: World) -> None:
    draft = a_draft("D-1", lines=(LineDraft("A", 2, Decimal("12.99"), Decimal("1.00")),),
                    placed_at=clock.now())  # fmt: skip
    order = drafts.create(channel=world.channel, draft=draft)
    answer = drafts.submit(order_id=order.pk, version=order.version)
    [twin] = world.place(replace(draft, external_ref="P-1", customer_ref="another"))

    submitted, placed = (Order.objects.get(pk=key) for key in (order.pk, twin.order_id))

    assert (answer.status, answer.holds) == (twin.status, twin.holds) == ("confirmed", ())
    same = ("status", "total_amount", "promised_on", "latest_ship_at", "priority", "tier",
            "line_count", "unit_count", "content_hash", "address_verdict", "country")  # fmt: skip
    for name in same:
        assert getattr(submitted, name) == getattr(placed, name), name
    assert _story(submitted) == _story(placed) == ["submit", "verify", "confirm"]
    told = [
        list(
            OutboxEvent.objects.filter(aggregate_id=o.public_id)
            .order_by("pk")
            .values_list("name", flat=True)
        )
        for o in (submitted, placed)
    ]
    assert told[0] == told[1]
    counters = [list(OrderLine.objects.filter(order=o).values_list("ordered", "allocated",
                "discount_amount")) for o in (submitted, placed)]  # fmt: skip
    assert counters[0] == counters[1] == [(2, 2, Decimal(1))]
    assert order.number == submitted.number


def test_a_doubtful_draft_is_held_like_any_order(world: World) -> None:
    order = _create(world, recipient=replace(ADA, lines=(), postcode=""))

    answer = drafts.submit(order_id=order.pk, version=order.version)

    assert (answer.status, answer.holds) == ("verifying", ("address",))


def test_a_preview_shows_total_promise_and_stock_and_changes_nothing(world: World) -> None:
    order = _create(world, lines={"A": 2})
    before = rows()

    outcome = drafts.preview(order_id=order.pk)

    assert rows() == before
    assert outcome["money"]["new_total"] == "40.00"
    assert outcome["stock"]["reserved"] == [{"node": "reno", "sku": "A", "units": 2}]
    assert outcome["status"] == {"old": "draft", "new": "confirmed"}
    answer = drafts.submit(order_id=order.pk, version=order.version)
    assert answer.promised_on == outcome["promise"]["new_on"]


def test_a_draft_is_written_anew_and_keeps_number_and_customer(world: World) -> None:
    order = _create(world)
    moved = replace(ADA, name="Grace Example", lines=("9 Elm Street",))
    draft = OrderDraft(
        external_ref="", currency="USD", tier="next_day", recipient=moved,
        lines=(LineDraft("B", 3),), shipping_amount=Decimal("5.00"),
    )  # fmt: skip

    drafts.save(order_id=order.pk, version=order.version, channel=world.channel, draft=draft)

    saved = Order.objects.get(pk=order.pk)
    kept = ("number", "public_id", "external_ref", "customer_id", "status", "origin")
    assert [getattr(saved, n) for n in kept] == [getattr(order, n) for n in kept]
    assert (saved.tier, saved.total_amount, saved.version) == ("next_day", Decimal(65), 1)
    assert list(saved.lines.values_list("sku", "ordered", "unallocated")) == [("B", 3, 3)]
    assert vault.reveal(contact_id=saved.ship_to_id, purpose="test").name == "Grace Example"


def test_an_address_goes_when_no_draft_or_order_has_it_any_more(world: World) -> None:
    shared, other = (_create(world, name, customer_ref="ada") for name in ("D-1", "D-2"))
    moved = replace(ADA, name="Grace Hopper", lines=("9 New Road",))
    again = a_draft("D-1", customer_ref="ada", recipient=moved)
    assert shared.ship_to_id == other.ship_to_id

    saved = drafts.save(order_id=shared.pk, version=0, channel=world.channel, draft=again)
    assert set(Contact.objects.values_list("pk", flat=True)) == {saved.ship_to_id, other.ship_to_id}

    drafts.discard(order_id=other.pk)
    assert list(Contact.objects.values_list("pk", flat=True)) == [saved.ship_to_id]


def test_two_who_write_at_once_do_not_undo_each_other(world: World) -> None:
    order = _create(world)
    again = a_draft("D-1", lines={"B": 1})
    drafts.save(order_id=order.pk, version=0, channel=world.channel, draft=again)

    with pytest.raises(drafts.DraftChanged) as late:
        drafts.save(order_id=order.pk, version=0, channel=world.channel, draft=a_draft("D-1"))
    with pytest.raises(drafts.DraftChanged):
        drafts.submit(order_id=order.pk, version=0)

    assert late.value.data == {"version": 1}
    assert OrderLine.objects.get().sku == "B"


def test_a_submitted_draft_is_no_draft_any_more(world: World) -> None:
    order = _create(world)
    drafts.submit(order_id=order.pk, version=0)

    for refused in (
        lambda: drafts.submit(order_id=order.pk, version=0),
        lambda: drafts.discard(order_id=order.pk),
        lambda: drafts.preview(order_id=order.pk),
    ):
        with pytest.raises(drafts.NotADraft):
            refused()
    assert Order.objects.get().status == "confirmed"


def test_a_reference_is_one_order_or_one_draft(world: World) -> None:
    _create(world, "D-1")

    with pytest.raises(ReferenceTaken):
        _create(world, "D-1")
    [answer] = world.place(a_draft("D-1"))
    assert isinstance(answer.error, ReferenceTaken)
    assert Order.objects.get().status == "draft"


def test_what_is_wrong_is_refused_and_nothing_is_stored(world: World) -> None:
    with pytest.raises(InvalidOrder) as refused:
        _create(world, lines={"NO": 1})
    assert [e.pointer for e in refused.value.errors] == ["/lines/0/sku"]
    assert not Order.objects.exists()


def test_a_discarded_draft_is_gone_with_its_address(world: World) -> None:
    drafts.discard(order_id=_create(world).pk)
    assert not Contact.objects.exists()
    assert not Order.objects.exists()


def test_the_api_stores_previews_saves_and_submits(world: World) -> None:
    client = _client(world.organization_id)
    made = client.post("/api/v1/draft-orders", BODY, content_type="application/json")
    path = f"/api/v1/draft-orders/{made.json()['id']}"
    stranger = _client(world.organization_id, ["orders:read"])

    shown = client.get(path)
    preview = client.post(f"{path}/preview", {}, content_type="application/json")
    denied = stranger.post(f"{path}/submit", {"version": 0}, content_type="application/json")
    saved = client.put(path, {**BODY, "version": 0, "shipping_amount": "0.00"},
                       content_type="application/json")  # fmt: skip
    late = client.post(f"{path}/submit", {"version": 0}, content_type="application/json")
    done = client.post(f"{path}/submit", {"version": 1}, content_type="application/json")

    assert (made.status_code, made.json()["total_amount"]) == (201, "24.50")
    assert shown.headers["ETag"] == '"0"'
    assert "Ada" not in shown.content.decode()
    assert preview.json()["preview"]["money"]["new_total"] == "24.50"
    assert denied.status_code == 403
    assert saved.json()["total_amount"] == "20.00"
    assert (late.status_code, late.json()["code"]) == (409, "orders.draft_changed")
    assert (done.status_code, done.json()["status"]) == (201, "confirmed")
    assert client.get("/api/v1/draft-orders").json()["results"] == []
    assert len(client.get("/api/v1/orders").json()["results"]) == 1


def test_the_api_deletes_a_draft_and_hides_it_from_others(world: World) -> None:
    client = _client(world.organization_id)
    placed = _post(client).json()["id"]
    made = client.post("/api/v1/draft-orders", {**BODY, "external_ref": "D-9"},
                       content_type="application/json").json()  # fmt: skip
    path = f"/api/v1/draft-orders/{made['id']}"

    assert client.get(f"/api/v1/draft-orders/{placed}").status_code == 404
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert Order.objects.count() == 1
