"""Every staff page answers, costs the same for 5 and for 25 rows, and calls nobody outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oms.core.admin.paging import EstimatedCountPaginator
from oms.core.admin.reading import ReadAdmin
from orders.models import Order
from orders.tests.factories import World
from tests.admin import world as worlds
from tests.admin.conftest import As

#: Lists that open on a part of their rows show all of them by this.
ALL = {
    "warehouse.workorder": "?state=all",
    "inventory.reservation": "?state=all",
    "inventory.driftreport": "?state=all",
    "inventory.stockcount": "?state=all",
    "carriers.labelintent": "?open=all",
    "outbox.redelivery": "?state=all",
}
_ELSEWHERE = re.compile(r"""(?:src|href|action|url\()\s*=?\s*["']?(?:https?:)?//([^/"')\s]+)""")


def registered() -> list[type[Model]]:
    return sorted(django_admin.site._registry, key=lambda model: model._meta.label_lower)


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def listing(model: type[Model]) -> str:
    return address(model, "changelist") + ALL.get(model._meta.label_lower, "")


def test_every_room_has_its_pages() -> None:
    rooms = {model._meta.app_label for model in registered()}

    assert rooms == {
        "accounts", "auth", "carriers", "catalog", "channels", "control_tower", "customers",
        "inventory", "jobs", "nodes", "orders", "outbox", "returns", "routing", "warehouse",
    }  # fmt: skip


def test_every_list_and_one_page_of_every_model_answer(world: World, admin: Client) -> None:
    worlds.grow(world, 2, label="R")

    answers = {}
    for model in registered():
        row = model._default_manager.order_by("pk").last()
        assert row is not None, f"the world has no {model._meta.label}"
        lists = admin.get(listing(model)).status_code
        answers[model._meta.label] = (
            lists,
            admin.get(address(model, "change", row.pk)).status_code,
        )

    assert answers == {model._meta.label: (200, 200) for model in registered()}


def test_every_list_answers_when_it_is_empty(admin: Client) -> None:
    answers = {m._meta.label: admin.get(listing(m)).status_code for m in registered()}

    assert set(answers.values()) == {200}, answers


def test_lists_cost_no_more_for_25_orders_than_for_5(world: World, admin: Client) -> None:
    worlds.grow(world, 5, label="few")
    admin.get(reverse("admin:index"))
    few = {model._meta.label: _cost(admin, listing(model)) for model in registered()}

    worlds.grow(world, 20, label="more")
    many = {model._meta.label: _cost(admin, listing(model)) for model in registered()}

    # Names of colleagues are looked up only where a page has some.
    assert {label: cost for label, cost in many.items() if cost > few[label]} == {}


def test_the_page_of_an_order_costs_the_same_with_more_to_tell(world: World, admin: Client) -> None:
    [order] = worlds.grow(world, 1, label="R")
    page = address(Order, "change", order.pk)
    admin.get(page)
    short = _cost(admin, page)
    for entry in list(order.timeline.all()) * 20:
        entry.pk, entry.event_id = None, worlds.uuid4()
        entry.save()

    assert _cost(admin, page) == short


def test_pages_name_no_other_host(world: World, admin: Client) -> None:
    worlds.grow(world, 1, label="R")
    found = {}
    pages = ["/admin/login/", reverse("admin:index")]
    pages += [listing(model) for model in registered()]
    pages += [
        address(model, "change", row.pk)
        for model in registered()
        if (row := model._default_manager.first())
    ]
    for page in pages:
        hosts = set(_ELSEWHERE.findall(Client().get(page).content.decode()))
        hosts |= set(_ELSEWHERE.findall(admin.get(page).content.decode()))
        if hosts:
            found[page] = hosts

    assert found == {}


def test_the_policy_lets_the_admin_alone_evaluate(admin: Client) -> None:
    inside = admin.get(reverse("admin:index")).headers["Content-Security-Policy"]
    outside = admin.get("/nowhere/").headers["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval';" in f"{inside};"
    assert "unsafe-eval" not in outside
    assert "'unsafe-inline'" not in inside.split("script-src")[1].split(";")[0]


def test_the_first_page_counts_what_needs_a_person(world: World, admin: Client) -> None:
    worlds.grow(world, 3, label="R")

    figures = {str(f["label"]): f["value"] for f in admin.get("/admin/").context["figures"]}

    assert figures["Cases that need a decision"] == "3"
    assert figures["Orders on hold"] == "3"
    assert figures["Labels in doubt"] == "3"
    assert figures["Dead letters"] == "3"


def test_a_search_by_number_opens_the_order(world: World, admin: Client) -> None:
    first, second = worlds.grow(world, 2, label="R")

    by_number = admin.get("/admin/orders/order/", {"q": f"#{second.number}"})
    by_reference = admin.get("/admin/orders/order/", {"q": first.public_id})

    assert by_number.headers["Location"] == address(Order, "change", second.pk)
    assert by_reference.headers["Location"] == address(Order, "change", first.pk)


@pytest.mark.parametrize("term", ["TRK{pk}", "R-0", "ada@example.com"])
def test_a_search_finds_orders_by_what_people_know(world: World, admin: Client, term: str) -> None:
    [order] = worlds.grow(world, 1, label="R")

    found = admin.get("/admin/orders/order/", {"q": term.format(pk=order.pk)})

    assert [row.pk for row in found.context["cl"].result_list] == [order.pk]


def test_a_count_stops_at_its_cap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    worlds.grow(world, 3, label="R")
    monkeypatch.setattr(EstimatedCountPaginator, "CAP", 2)

    capped = EstimatedCountPaginator(Order.objects.order_by("pk"), 1)
    exact = EstimatedCountPaginator(Order.objects.filter(external_ref="R-1").order_by("pk"), 1)

    assert (capped.count, capped.is_capped, capped.num_pages) == (2, True, 2)
    assert (exact.count, exact.is_capped) == (1, False)


def test_a_person_of_one_node_sees_its_stock_only(world: World, as_role: As) -> None:
    world.receive("dallas", "A", 4)
    floor = as_role("floor", "dallas")

    rows = floor.get("/admin/inventory/stockposition/").context["cl"].result_list

    assert [(row.node.code, row.on_hand) for row in rows] == [("dallas", 4)]
    page = floor.get(f"/admin/inventory/stockposition/{worlds.position(world).pk}/change/")
    assert page.status_code == 302


def test_nothing_that_services_own_can_be_written_here(world: World, admin: Client) -> None:
    worlds.grow(world, 1, label="R")
    owned = [m for m in registered() if isinstance(django_admin.site._registry[m], ReadAdmin)]

    for model in owned:
        row = model._default_manager.first()
        assert row is not None
        before = model._default_manager.filter(pk=row.pk).values().get()
        data = {key: "1" for key in before}
        assert admin.get(address(model, "add")).status_code == 403, model
        assert admin.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        admin.post(address(model, "change", row.pk), data)
        assert model._default_manager.filter(pk=row.pk).values().get() == before


def _cost(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(page).status_code == 200
    return len(seen)


def test_after_logging_in_people_go_where_they_wanted(as_role: As) -> None:
    as_role("viewer")

    form = Client().get("/admin/login/", {"next": "/board/"}).content.decode()
    plain = Client().get("/admin/login/").content.decode()

    assert '<input type="hidden" name="next" value="/board/">' in form
    assert '<input type="hidden" name="next" value="/admin/">' in plain
