"""What people do on the pages of the floor and of node work: answer, report, take on, turn down."""

from __future__ import annotations

import pytest
from django.test import Client

from inventory.warehouse.models import PutBack, WorkOrder
from inventory.warehouse.services import floor
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Order
from orders.services import cancellation
from orders.tests.factories import World, a_draft, a_world
from tests.admin.conftest import As

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 9, "B": 9}, "dallas": {"A": 9, "B": 9}})


def _order(world: World, **changes: object) -> Order:
    [answer] = world.place(a_draft(**changes))
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def _page(label: str, key: int) -> str:
    return f"/admin/{label.replace('.', '/')}/{key}/change/"


def _deed(label: str, key: int, path: str) -> str:
    return f"/admin/{label.replace('.', '/')}/{key}/{path}/"


def _asked(world: World) -> WorkOrder:
    order = _order(world, lines={"A": 3})
    work = WorkOrder.objects.get()
    floor.pick(work_refs=[work.public_id], picker="rosa")
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    relaying.drain()
    return work


def test_the_question_stands_on_the_pages_and_is_accepted(world: World, admin: Client) -> None:
    work = _asked(world)
    order = Order.objects.get()

    floor_page = admin.get(_page("warehouse.workorder", work.pk)).content
    order_page = admin.get(_page("orders.order", order.pk)).content
    admin.post(_deed("warehouse.workorder", work.pk, "accept-cancel"))
    relaying.drain()

    assert b"Can this still be cancelled?" in floor_page and b"Changed my mind." in floor_page
    assert b"Cancellation pending" in order_page
    assert Order.objects.get().status == "cancelled"
    back = PutBack.objects.get()
    assert admin.get(_page("warehouse.putback", back.pk)).status_code == 200
    admin.post(_deed("warehouse.putback", back.pk, "done"))
    assert PutBack.objects.get().done_at is not None


def test_too_late_needs_a_reason_and_is_told(world: World, admin: Client) -> None:
    work = _asked(world)
    deed = _deed("warehouse.workorder", work.pk, "refuse-cancel")

    admin.post(deed, {"reason": ""})
    still = WorkOrder.objects.get().cancel_asked_at
    admin.post(deed, {"reason": "Wrapped."})
    relaying.drain()

    assert still is not None
    assert WorkOrder.objects.get().cancel_asked_at is None
    assert b"Wrapped." in admin.get(_page("orders.order", Order.objects.get().pk)).content


def test_too_few_on_the_shelf_is_reported(world: World, admin: Client) -> None:
    order = _order(world, lines={"A": 3})
    work = WorkOrder.objects.get()
    line = work.lines.get()

    admin.post(_deed("warehouse.workorder", work.pk, "short"), {f"line_{line.pk}": "2"})
    relaying.drain()

    assert WorkOrder.objects.get(pk=work.pk).status == "picked"
    works = FulfillmentOrder.objects.filter(order=order).order_by("pk")
    assert [w.node.code for w in works] == ["reno", "dallas"]


def test_work_is_taken_on_turned_down_and_taken_back(world: World, admin: Client) -> None:
    order = _order(world)
    [work] = FulfillmentOrder.objects.all()

    assert admin.get(_page("orders.fulfillmentorder", work.pk)).status_code == 200
    admin.post(_deed("orders.fulfillmentorder", work.pk, "accept"))
    taken_on = FulfillmentOrder.objects.get().request
    admin.post(_deed("orders.fulfillmentorder", work.pk, "refuse"), {"reason": "Flooded."})
    second = FulfillmentOrder.objects.latest("pk")
    admin.post(_deed("orders.fulfillmentorder", second.pk, "elsewhere"), {"reason": "Slow."})

    assert taken_on == "accepted"
    assert second.node.code == "dallas"
    assert Order.objects.get(pk=order.pk).status == "confirmed"
    assert order.exclusions.count() == 2


def test_a_waiting_order_ships_what_is_there(world: World, admin: Client) -> None:
    order = _order(world, lines={"A": 2, "B": 20})

    admin.post(_deed("orders.order", order.pk, "parts"))

    assert sorted(order.lines.values_list("allocated", flat=True)) == [2, 18]


@pytest.mark.parametrize("path", ["accept-cancel", "refuse-cancel", "short"])
def test_who_only_reads_does_nothing(world: World, as_role: As, path: str) -> None:
    work = _asked(world)

    answer = as_role("viewer").post(_deed("warehouse.workorder", work.pk, path), {"reason": "x"})

    assert answer.status_code == 403
    assert WorkOrder.objects.get().cancel_asked_at is not None
