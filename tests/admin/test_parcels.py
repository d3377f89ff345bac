"""Staff split an order's work, put orders into one parcel and take it apart."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Order
from orders.services import merging
from orders.tests.factories import World, a_world
from orders.tests.works import place, work_of, works
from tests.admin.conftest import As

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reno() -> World:
    return a_world(stock_at={"reno": {"A": 20}, "dallas": {"A": 20}})


@pytest.fixture
def staff(as_role: As, reno: World) -> Client:
    return as_role("operations")


def _deed(order: Order, path: str) -> str:
    return f"{reverse('admin:orders_order_changelist')}{order.pk}/{path}/"


def _split(order: Order, **changes: Any) -> dict[str, Any]:
    return {"way": "parcel", "work": work_of(order).public_id, "line_1": 1, **changes}


def test_what_it_means_is_shown_before_it_is_done(reno: World, staff: Client) -> None:
    order = place(reno, "R-1", lines={"A": 3})

    shown = staff.post(_deed(order, "split"), _split(order))
    before = works(order)
    done = staff.post(_deed(order, "split"), _split(order, is_seen="on"))

    assert shown.status_code == 200
    assert "From Reno: 2 units, 0.80 kg" in shown.content.decode()
    assert len(before) == 1
    assert done.status_code == 302
    assert [units for *_, units in works(order)] == [{1: 2}, {1: 1}]


@pytest.mark.parametrize(
    ("way", "expected"), [("node:dallas", ["reno", "dallas"]), ("elsewhere", ["reno", "dallas"])]
)
def test_units_are_sent_from_another_node(
    reno: World, staff: Client, way: str, expected: list[str]
) -> None:
    order = place(reno, "R-1", lines={"A": 3})

    shown = staff.post(_deed(order, "split"), _split(order, way=way))
    staff.post(_deed(order, "split"), _split(order, way=way, is_seen="on"))

    assert "From Dallas: 1 unit" in shown.content.decode()
    assert [node for node, *_ in works(order)] == expected


def test_units_become_an_order(reno: World, staff: Client) -> None:
    order = place(reno, "R-1", lines={"A": 3})

    staff.post(_deed(order, "split"), _split(order, way="order", is_seen="on"))

    new = Order.objects.get(split_from=order)
    page = staff.get(reverse("admin:orders_order_change", args=(order.pk,))).content.decode()
    assert new.unit_count == 1
    assert f"#{new.number}" in page


def test_a_refusal_stands_beside_the_form(reno: World, staff: Client) -> None:
    order = place(reno, "R-1", lines={"A": 1})

    answer = staff.post(_deed(order, "split"), _split(order, is_seen="on"))

    assert answer.status_code == 422
    assert "Leave at least one unit" in answer.content.decode()
    assert len(works(order)) == 1


def test_orders_are_put_together_and_taken_apart(reno: World, staff: Client) -> None:
    first, second = place(reno, "R-1"), place(reno, "R-2")
    together = reverse("admin:orders_fulfillmentorder_changelist") + "together/"
    listed = staff.get(together).content.decode()
    refs = f"{work_of(first).public_id},{work_of(second).public_id}"

    merged = staff.post(_deed(second, "merge"), {"together": refs})
    page = staff.get(reverse("admin:orders_order_change", args=(second.pk,))).content.decode()
    lead = work_of(second).merged_into
    staff.post(_deed(second, "unmerge"), {})

    assert f"#{first.number}" in listed and f"#{second.number}" in listed
    assert merged.status_code == 302
    assert lead is not None and lead.order_id == first.pk
    assert f"with #{first.number}" in page
    assert work_of(second).merged_into is None


def test_a_viewer_may_not(reno: World, as_role: As) -> None:
    first, second = place(reno, "R-1"), place(reno, "R-2")
    merging.merge(parcels=[merging.Shared([work_of(o).public_id for o in (first, second)])])
    viewer = as_role("viewer")

    for path in ("split", "merge", "unmerge"):
        assert viewer.post(_deed(first, path), {}).status_code == 403
    assert work_of(second).merged_into is not None
