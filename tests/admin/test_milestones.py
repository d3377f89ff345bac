"""What staff see of the milestone clock, of risks, and of what is due on the floor."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.urls import reverse

from inventory.warehouse.models import WorkOrder
from oms.core import clock
from orders.models import FulfillmentOrder, Order
from orders.services import release, risks
from orders.tests.factories import NOW, World, a_draft


def _order(world: World, ref: str = "M-1") -> Order:
    [answer] = world.place(a_draft(ref))
    release.release_orders(at={answer.public_id: NOW})
    return Order.objects.get(public_id=answer.public_id)


def _flag(order: Order) -> None:
    assert order.latest_ship_at is not None
    risks.flag(now=order.latest_ship_at - timedelta(minutes=60), limit=9)


def _page(admin: Client, order: Order) -> str:
    address = reverse("admin:orders_order_change", args=(order.pk,))
    return admin.get(address).content.decode()


def test_the_page_of_an_order_shows_where_it_stands_and_what_is_late(
    world: World, admin: Client
) -> None:
    order = _order(world)
    assert order.latest_ship_at is not None
    with clock.virtual(order.latest_ship_at - timedelta(minutes=60)):
        page = _page(admin, order)

    track = page[page.index("o-track") : page.index("o-cols")]
    assert track.count("<li") == 7
    assert track.count('class="is-done"') == 3
    assert track.count("is-late") == 1
    assert track.count('aria-current="step"') == 1
    assert "The node works on it" in track
    assert "30 min late" not in track
    assert "15 min late" in track


def test_an_order_at_risk_says_so_on_its_page_and_in_the_list(world: World, admin: Client) -> None:
    order, other = _order(world), _order(world, "M-2")
    _flag(order)
    Order.objects.filter(pk=other.pk).update(at_risk_of="", at_risk_at=None)
    listing = reverse("admin:orders_order_changelist")

    assert "At risk of missing its ship time" in _page(admin, order)
    assert "At risk of missing its ship time" not in _page(admin, other)
    found = admin.get(f"{listing}?at_risk=any").context["cl"].queryset
    assert list(found) == [order]
    assert not admin.get(f"{listing}?at_risk=packed").context["cl"].queryset.exists()


def test_the_queue_of_the_floor_is_by_what_is_due_and_shows_it(world: World, admin: Client) -> None:
    first, second = _order(world), _order(world, "M-2")
    later = WorkOrder.objects.get(correlation_id=first.public_id)
    WorkOrder.objects.filter(pk=later.pk).update(due_at=later.due_at + timedelta(days=1))
    answer = admin.get(reverse("admin:warehouse_workorder_changelist"))

    rows = [work.label for work in answer.context["cl"].result_list]
    assert rows == [str(second.number), str(first.number)]
    assert b"<time" in answer.content
    page = admin.get(reverse("admin:warehouse_workorder_change", args=(later.pk,))).content
    assert b"<dt>Due</dt>" in page


def test_a_cancelled_order_has_no_milestones_ahead(world: World, admin: Client) -> None:
    order = _order(world)
    Order.objects.filter(pk=order.pk).update(status="cancelled", closed_at=NOW)
    page = _page(admin, order)

    assert "It was cancelled" in page
    assert page.count('class="is-never"') == 4
    assert FulfillmentOrder.objects.filter(order=order).exists()
