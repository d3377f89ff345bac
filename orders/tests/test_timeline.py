"""The story of an order: whole, with who and why, never rewritten; a small part of it is public."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from oms.core import clock
from oms.core.context import acting
from oms.infra.accounts.scopes import ALL
from oms.infra.accounts.services import keys
from oms.infra.outbox import subscriptions
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders import timeline_words
from orders.models import Order, TimelineEntry
from orders.services import cancellation, holds, notes, tags
from orders.services.timeline import source_of
from orders.tests.factories import World, a_draft, a_world
from orders.tracking_links import path_for

pytestmark = pytest.mark.django_db(transaction=True)

#: Nothing else may be told to whoever has a tracking link. A new line here is a decision.
PUBLIC = {
    "orders.order.received.v1",
    "orders.order.confirmed.v1",
    "orders.order.edited.v1",
    "orders.order.expired.v1",
    "orders.order.replaced.v1",
    "orders.promise.moved.v1",
    "orders.order.cancelled.v1",
    "inventory.promise.moved.v1",
    "warehouse.work.packed.v1",
    "warehouse.work.handed_over.v1",
    "carriers.shipment.moved.v1",
    "carriers.shipment.delivered.v1",
    "carriers.shipment.lost.v1",
    "carriers.shipment.returned.v1",
    "returns.return.requested.v1",
    "returns.return.received.v1",
    "returns.return.closed.v1",
}


def _order(world: World) -> Order:
    [answer] = world.place(a_draft())
    return Order.objects.get(pk=answer.order_id)


def _entry(order: Order, **changes: Any) -> TimelineEntry:
    given = {
        "order": order,
        "event_id": uuid4(),
        "kind": "orders.order.received.v1",
        "actor": "system:test",
        "source": "system",
        "at": clock.now(),
        **changes,
    }
    return TimelineEntry.objects.create(**given)


def test_every_change_is_told_with_who_did_it_and_what_led_to_it() -> None:
    order = _order(a_world())
    with acting(actor="staff:7", request_id="req_hold"):
        holds.place_hold(order_id=order.pk, type="operator", reason="Look.")
        notes.add(order_id=order.pk, text="Call.")
        tags.change(order_ids=[order.pk], add=["rush"])
    with acting(actor="key:abcd1234", request_id="req_lift"):
        holds.release_hold(order_id=order.pk, type="operator", reason="Fine.")
        cancellation.cancel(order_id=order.pk, reason="No more.")
    relaying.drain()

    told = list(
        TimelineEntry.objects.filter(order=order, actor__startswith="staff:")
        .order_by("pk")
        .values_list("kind", "actor", "source", "cause")
    )
    assert told == [
        ("orders.order.held.v1", "staff:7", "admin", "req_hold"),
        ("orders.note.added.v1", "staff:7", "admin", "req_hold"),
        ("orders.order.tagged.v1", "staff:7", "admin", "req_hold"),
    ]
    partner = TimelineEntry.objects.filter(order=order, source="api", cause="req_lift")
    assert set(partner.values_list("kind", flat=True)) >= {
        "orders.hold.released.v1",
        "orders.order.cancelled.v1",
    }


def test_what_follows_from_a_fact_names_it_also_when_many_came_at_once() -> None:
    world = a_world()
    orders = [Order.objects.get(pk=a.order_id) for a in world.place(a_draft("1"), a_draft("2"))]
    relaying.drain()

    for order in orders:
        cause = OutboxEvent.objects.get(
            name="orders.order.confirmed.v1", correlation_id=order.public_id
        )
        entry = TimelineEntry.objects.get(order=order, kind="orders.order.released.v1")
        assert (entry.cause, entry.source) == (str(cause.event_id), "system")


@pytest.mark.parametrize(
    ("name", "actor", "source"),
    [
        ("orders.order.received.v1", "key:ab", "api"),
        ("orders.order.received.v1", "command:import_orders", "import"),
        ("warehouse.work.picked.v1", "clerk:rosa", "floor"),
        ("warehouse.work.packed.v1", "system:x", "floor"),
        ("carriers.shipment.moved.v1", "task:carriers.poll", "carrier"),
        ("orders.hold.released.v1", "task:orders.release_due_holds", "system"),
        ("orders.hold.released.v1", "staff:3", "admin"),
    ],
)
def test_the_way_is_told_by_whom_or_else_by_where(name: str, actor: str, source: str) -> None:
    assert source_of(name=name, actor=actor) == source


def test_the_database_refuses_to_rewrite_the_story() -> None:
    entry = _entry(_order(a_world()))

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        TimelineEntry.objects.filter(pk=entry.pk).update(actor="system:nobody")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entry.delete()

    assert TimelineEntry.objects.get().actor == "system:test"


def test_the_story_goes_with_its_order() -> None:
    order = _order(a_world())
    _entry(order)

    with transaction.atomic():
        Order.objects.filter(pk=order.pk).delete()

    assert not TimelineEntry.objects.exists()


def test_the_api_tells_it_page_by_page_oldest_first() -> None:
    world = a_world()
    order = _order(world)
    for n in range(5):
        _entry(order, data={"n": n}, cause=f"req_{n}")
    key = keys.create(
        organization_id=world.organization_id, name="t", scopes=ALL, created_by="test"
    )
    client = Client(headers={"Authorization": f"Bearer {key.text}"})

    seen, path = [], f"/api/v1/orders/{order.public_id}/timeline?limit=2"
    while path:
        page = client.get(path).json()
        seen += [(entry["data"]["n"], entry["source"], entry["cause"]) for entry in page["results"]]
        path = page["next"]

    assert seen == [(n, "system", f"req_{n}") for n in range(5)]


def test_nothing_but_the_closed_list_is_public() -> None:
    told = {
        name
        for name in (subscription.name for subscription in subscriptions.every())
        if timeline_words.for_customer(kind=name, data={}) is not None
    }
    unheard = timeline_words.for_customer(kind="orders.note.added.v1", data={"text": "x"})

    assert told == PUBLIC
    assert unheard is None


def test_the_public_page_names_nobody_and_no_reason() -> None:
    world = a_world()
    order = _order(world)
    with acting(actor="staff:4711"):
        holds.place_hold(order_id=order.pk, type="operator", reason="Ada Example looks odd")
        notes.add(order_id=order.pk, text="Call +1 202 555 0101")
        tags.change(order_ids=[order.pk], add=["watchlist"])
        holds.release_hold(order_id=order.pk, type="operator", reason="Ada Example is fine")
        cancellation.cancel(order_id=order.pk, reason="Ada Example moved to 1 Main Street")
    relaying.drain()

    answers = [
        Client().get(path_for(order.public_id) + more).content.decode()
        for more in ("", "data.json")
    ]

    for shown in answers:
        assert "Cancelled" in shown or "cancelled" in shown
        for secret in ("Ada", "4711", "202 555", "Main Street", "watchlist", "staff:"):
            assert secret not in shown
