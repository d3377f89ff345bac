"""Pages that change orders: looked at first, done as shown; drafts written, submitted, thrown away;
units sent again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from orders.models import Amendment, Order, OrderLine
from orders.services import drafts
from orders.services.amending import amendments
from orders.tests.amending import rows
from orders.tests.factories import World, a_draft, a_world
from tests.admin.conftest import As

pytestmark = pytest.mark.django_db


@pytest.fixture
def small() -> World:
    return a_world()


def _order(world: World, **draft: Any) -> Order:
    [answer] = world.place(a_draft(**draft))
    return Order.objects.get(pk=answer.order_id)


def _edit(order: Order) -> str:
    return reverse("admin:orders_order_edit_order", args=(order.pk,))


def _typed(page: Any) -> dict[str, Any]:
    """What a browser would send back of the page as it stands."""
    data = {name: page.context.get(name, "") or "" for name in ("token",)}
    data["version"] = page.context["version"]
    forms = [page.context["rows"].management_form, *page.context["rows"].forms]
    forms += [page.context.get(name) for name in ("head", "terms", "why", "address")]
    for form in forms:
        if form:
            for field in form:
                value = field.value()
                if value not in (None, False):
                    data[field.html_name] = value
    return data


def _look(client: Client, order: Order, **changes: Any) -> Any:
    page = client.get(_edit(order))
    assert page.status_code == 200
    return client.post(_edit(order), {**_typed(page), "step": "look", **changes})


CHANGE = {"line-0-quantity": "3", "terms-shipping_amount": "5.00"}


def test_an_edit_is_shown_first_and_done_as_shown(small: World, as_role: As) -> None:
    order = _order(small, lines={"A": 1, "B": 1})
    client = as_role("support")
    before = rows()

    shown = _look(client, order, **CHANGE)
    assert rows() == before
    assert not Amendment.objects.exists()
    text = shown.content.decode()
    assert ("$40.00" in text or "40.00" in text) and "85.00" in text
    done = client.post(
        _edit(order), {**_typed(shown), "step": "confirm", "why-reason": "Customer called."}
    )

    assert done.status_code == 302
    fresh = Order.objects.get(pk=order.pk)
    assert (fresh.total_amount, fresh.unit_count) == (85, 4)
    assert Amendment.objects.get().author.startswith("staff:")


def test_a_new_item_and_a_removed_one(small: World, as_role: As) -> None:
    order = _order(small, lines={"A": 1})
    client = as_role("support")

    added = {"line-1-sku": "B", "line-1-quantity": "2", "line-1-unit_amount": "7.50"}
    shown = _look(client, order, **{"line-0-quantity": "0", **added})
    client.post(_edit(order), {**_typed(shown), "step": "confirm", "why-reason": "Wrong item."})

    lines = OrderLine.objects.filter(order=order).order_by("position")
    assert [(x.sku, x.ordered, x.cancelled) for x in lines] == [("A", 1, 1), ("B", 2, 0)]


def test_a_refusal_is_kind_and_keeps_what_was_typed(small: World, as_role: As) -> None:
    order = _order(small)
    client = as_role("support")
    shown = _look(client, order, **CHANGE)
    Order.objects.filter(pk=order.pk).update(version=F("version") + 1)

    late = client.post(
        _edit(order), {**_typed(shown), "step": "confirm", "why-reason": "Customer called."}
    )

    assert late.status_code == 409
    assert "look at it again" in late.content.decode()
    assert late.context["rows"].forms[0]["quantity"].value() == "3"
    assert late.context["version"] == order.version + 1
    assert OrderLine.objects.get(order=order).ordered == 1


def test_stock_that_went_meanwhile_shows_the_fresh_preview(small: World, as_role: As) -> None:
    order = _order(small)
    client = as_role("support")
    shown = _look(client, order, **{"line-0-quantity": "10"})
    small.place(a_draft("R-2"))

    late = client.post(_edit(order), {**_typed(shown), "step": "confirm", "why-reason": "More."})

    assert late.status_code == 409
    assert late.context["token"] and late.context["token"] != shown.context["token"]
    assert "goes on hold" in late.content.decode().lower()
    assert OrderLine.objects.get(order=order).ordered == 1


def test_wrong_input_is_named_and_nothing_is_different_is_said(small: World, as_role: As) -> None:
    order = _order(small)
    client = as_role("support")

    same = _look(client, order)
    wrong = _look(client, order, **{"line-1-sku": "NO", "line-1-quantity": "1"})

    assert "Nothing is different yet" in same.content.decode()
    assert wrong.status_code == 422
    assert "no such SKU" in wrong.content.decode()


def test_more_rows_keep_what_was_typed(small: World, as_role: As) -> None:
    order = _order(small)
    client = as_role("support")
    page = client.get(_edit(order))

    more = client.post(_edit(order), {**_typed(page), "step": "more", "line-0-quantity": "7"})

    assert len(more.context["rows"].forms) == len(page.context["rows"].forms) + 3
    assert more.context["rows"].forms[0]["quantity"].value() == "7"
    assert not more.context["token"]


def test_the_address_is_only_for_those_who_may_see_it(small: World, as_role: As) -> None:
    order = _order(small)
    support, floor = as_role("support"), as_role("viewer")

    page = support.get(_edit(order))
    moved = support.post(
        _edit(order), {**_typed(page), "step": "look", "to-line1": "2 Main Street"}
    )

    assert page.context["address"]["name"].value() == "Ada Example"
    assert moved.context["token"]
    assert floor.get(_edit(order)).status_code == 403


def test_a_change_that_was_begun_elsewhere_can_be_discarded(small: World, as_role: As) -> None:
    order = _order(small)
    amendments.begin(
        order_id=order.pk, actions=[{"action": "change_quantity", "line": 1, "quantity": 2}]
    )
    client = as_role("support")

    page = client.get(_edit(order))
    client.post(_edit(order), {**_typed(page), "step": "discard"})

    assert page.context["opened"]
    assert Amendment.objects.get().state == "discarded"


NEW = {
    "head-currency": "USD", "head-customer": "",
    "line-TOTAL_FORMS": "3", "line-INITIAL_FORMS": "0", "line-0-sku": "A", "line-0-quantity": "2",
    "terms-tier": "standard", "to-name": "Ada Example", "to-line1": "1 Main Street",
    "to-city": "Reno", "to-region": "NV", "to-postcode": "89501", "to-country": "US",
}  # fmt: skip


def _new(client: Client, world: World, **changes: Any) -> Any:
    channel = f"{world.organization_id}:shop"
    path = reverse("admin:orders_order_new_order")
    return client.post(path, {**NEW, "head-channel": channel, **changes})


def test_staff_write_a_draft_see_what_it_does_and_submit_it(small: World, as_role: As) -> None:
    client = as_role("support")
    assert client.get(reverse("admin:orders_order_new_order")).status_code == 200

    made = _new(client, small)
    draft = Order.objects.get()
    page = client.get(made.url)
    submitted = client.post(made.url, {**_typed(page), "step": "submit"})

    assert (draft.status, draft.origin, draft.total_amount) == ("draft", "staff", 40)
    assert "2 × A in reno" in page.content.decode()
    assert submitted.status_code == 302
    fresh = Order.objects.get()
    assert (fresh.status, fresh.number) == ("confirmed", draft.number)
    assert client.get(made.url).status_code == 404


def test_a_draft_finds_the_customer_by_mail(small: World, as_role: As) -> None:
    known = _order(small)
    _new(as_role("support"), small, **{"head-customer": "ada@example.com"})

    assert Order.objects.get(status="draft").customer_id == known.customer_id


def test_drafts_are_listed_only_where_they_are_asked_for(small: World, as_role: As) -> None:
    client = as_role("support")
    draft = drafts.create(channel=small.channel, draft=a_draft("D-1"))
    listed = reverse("admin:orders_order_changelist")

    assert f"#{draft.number}" not in client.get(listed).content.decode()
    assert f"#{draft.number}" in client.get(f"{listed}?status__exact=draft").content.decode()
    page = client.get(reverse("admin:orders_order_change", args=(draft.pk,)))
    offered = str(page.context["actions_detail"])
    assert "Submit" in offered and "Cancel order" not in offered


def test_a_draft_is_discarded(small: World, as_role: As) -> None:
    draft = drafts.create(channel=small.channel, draft=a_draft("D-1"))
    answer = as_role("support").post(
        reverse("admin:orders_order_discard_draft", args=(draft.pk,)), {}
    )

    assert answer.status_code == 302
    assert not Order.objects.exists()


def test_a_wrong_draft_says_why_and_stores_nothing(small: World, as_role: As) -> None:
    wrong = _new(as_role("support"), small, **{"line-0-sku": "NO"})

    assert wrong.status_code == 422
    assert "no such SKU" in wrong.content.decode()
    assert not Order.objects.exists()


def test_units_are_sent_again_and_both_pages_say_so(small: World, as_role: As) -> None:
    order = _order(small, lines={"A": 2})
    OrderLine.objects.filter(order=order).update(shipped=2, allocated=0)
    client = as_role("support")
    path = reverse("admin:orders_order_replace_units", args=(order.pk,))

    many = client.post(path, {"line_1": "3", "reason": "Broken."})
    done = client.post(path, {"line_1": "1", "reason": "Broken."})

    made = Order.objects.get(origin="replacement")
    assert many.status_code == 200 and made.replaces == order
    assert str(made.pk) in done.url
    assert (
        f"#{made.number}"
        in client.get(reverse("admin:orders_order_change", args=(order.pk,))).content.decode()
    )
    assert f"#{order.number}" in client.get(done.url).content.decode()


def test_skus_are_suggested_to_those_who_may_look(small: World, as_role: As) -> None:
    path = reverse("admin:orders_order_skus")

    found = as_role("support").get(path, {"q": "A "})
    assert found.json() == {"results": [{"sku": "A", "name": "Thing A"}]}
    assert Client().get(path, {"q": "A"}).status_code == 302
