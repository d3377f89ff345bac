"""A cycle count on the staff pages: blind while it is counted, reviewed before it is booked."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inventory.models import CountLine, StockCount, StockMovement, StockPosition
from orders.models import Order
from orders.tests.factories import World, a_draft, a_world
from tests.admin.conftest import As

LIST = reverse("admin:inventory_stockcount_changelist")


@pytest.fixture
def world(db: None) -> World:
    return a_world(stock_at={"reno": {"A": 48_151, "B": 41}, "dallas": {"A": 53}})


def _deed(count: StockCount, path: str) -> str:
    return f"{LIST}{count.pk}/{path}/"


def _page(count: StockCount) -> str:
    return reverse("admin:inventory_stockcount_change", args=(count.pk,))


def _start(client: Client, world: World, **asked: Any) -> StockCount:
    data = {"node": world.node_ids["reno"], "skus": "A\nB", **asked}
    answer = client.post(f"{LIST}start/", data)
    assert answer.status_code == 302, answer.content
    return StockCount.objects.latest("pk")


def _enter(client: Client, count: StockCount, **found: Any) -> int:
    keys = {line.position.variant.sku: line.pk for line in count.lines.all()}
    data = {f"line_{keys[sku]}": units for sku, units in found.items()}
    return client.post(_deed(count, "enter"), data).status_code


def test_the_floor_counts_blind_and_operations_book(world: World, as_role: As) -> None:
    floor, operations = as_role("floor"), as_role("operations")

    count = _start(floor, world, reason="aisle 3")
    sheet = floor.get(_page(count)).content.decode()
    form = floor.get(_deed(count, "enter")).content.decode()
    _enter(floor, count, A=48_150)
    _enter(floor, count, B=41)
    floor.post(_deed(count, "submit"))
    review = operations.get(_page(count)).content.decode()
    operations.post(_deed(count, "book"))

    assert not any(known in text for known in ("48151", "48,151") for text in (sheet, form))
    assert 'inputmode="numeric"' in form
    assert all(text in review for text in ("48,151", "48,150", "-$20.00"))
    count = StockCount.objects.get(pk=count.pk)
    assert (count.status, count.reason) == ("applied", "aisle 3")
    movement = StockMovement.objects.get(kind="counted")
    booker = User.objects.get(username="the-operations")
    assert (movement.on_hand_delta, movement.actor) == (-1, f"staff:{booker.pk}")
    assert operations.get(_page(count)).status_code == 200


def test_the_floor_may_count_and_not_book(world: World, as_role: As) -> None:
    floor = as_role("floor")
    count = _start(floor, world)
    _enter(floor, count, A=1, B=1)
    floor.post(_deed(count, "submit"))

    answers = {path: floor.post(_deed(count, path)).status_code for path in ("book", "recount")}

    assert answers == {"book": 403, "recount": 403}
    assert StockCount.objects.get().status == "counted"
    assert {str(a["title"]) for a in floor.get(_page(count)).context["actions_detail"]} == set()


def test_a_person_of_one_node_counts_there_only(world: World, as_role: As, admin: Client) -> None:
    elsewhere = _start(admin, world)
    floor = as_role("floor", "dallas")

    offered = floor.get(f"{LIST}start/").context["form"].fields["node"].choices
    refused = floor.post(f"{LIST}start/", {"node": world.node_ids["reno"], "skus": "A"})

    assert [name for _, name in offered] == ["Dallas"]
    assert refused.status_code == 200
    assert floor.post(_deed(elsewhere, "enter"), {}).status_code == 404
    assert StockCount.objects.get() == elsewhere


@pytest.mark.parametrize("units", ["-1", "1.5", "100000001", "many"])
def test_a_number_that_is_none_is_refused_beside_its_field(
    world: World, admin: Client, units: str
) -> None:
    count = _start(admin, world)

    assert _enter(admin, count, A=5, B=units) == 200

    assert not CountLine.objects.exclude(counted=None).exists()


def test_a_sheet_with_gaps_is_not_finished(world: World, admin: Client) -> None:
    count = _start(admin, world)
    _enter(admin, count, A=0)

    answer = admin.post(_deed(count, "submit"))

    assert answer.status_code == 409
    assert b"Not counted yet: B" in answer.content
    assert CountLine.objects.exclude(counted=None).count() == 1


def test_a_review_says_what_moved_meanwhile_and_who_has_no_stock(
    world: World, admin: Client
) -> None:
    world.place(a_draft("R-1", lines={"A": 30}))
    count = _start(admin, world, skus="A")
    world.receive("reno", "A", 2)
    _enter(admin, count, A=20)
    admin.post(_deed(count, "submit"))

    page = admin.get(_page(count)).content.decode()
    booked = admin.post(_deed(count, "book"), follow=True)

    assert "Moved meanwhile" in page
    assert "8 promised" in page
    assert [str(m) for m in booked.context["messages"]] == [
        "The count is booked. 1 demand lost units and is routed again."
    ]
    position = StockPosition.objects.get(
        node_id=world.node_ids["reno"], variant_id=world.variant_ids["A"]
    )
    assert (position.on_hand, position.allocated) == (22, 22)
    assert Order.objects.count() == 1


def test_a_count_is_done_again_or_cancelled_with_a_reason(world: World, admin: Client) -> None:
    count = _start(admin, world, skus="A")
    _enter(admin, count, A=1)
    admin.post(_deed(count, "submit"))

    admin.post(_deed(count, "recount"), {"reason": "Hard to believe."})
    again = (StockCount.objects.get().status, CountLine.objects.get().counted)
    admin.post(_deed(count, "cancel"), {"reason": "Closed for today."})

    assert again == ("counting", None)
    changes = StockCount.objects.get().status_changes.order_by("pk")
    assert list(changes.values_list("to_status", "reason"))[-2:] == [
        ("counting", "Hard to believe."),
        ("cancelled", "Closed for today."),
    ]
    assert not StockMovement.objects.filter(kind="counted").exists()


def test_goods_get_a_home_and_are_counted_with_it(world: World, admin: Client) -> None:
    home = {"node": world.node_ids["reno"], "bin": "A-1", "skus": "A"}

    admin.post(f"{LIST}home/", home)
    count = _start(admin, world, skus="", bin="A-1")

    assert str(count) and admin.get(_page(count)).content.decode().count("A-1") >= 2
    assert [line.position.variant.sku for line in count.lines.all()] == ["A"]
    assert admin.get(LIST).context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"skus": "A\nNOBODY"}, b"Not in the catalog: NOBODY."),
        ({"skus": "", "bin": "Z-9"}, b"The node has no bin Z-9."),
        ({"skus": ""}, b"Name the variants to count, or one bin."),
    ],
)
def test_a_count_of_nothing_known_is_refused_in_words(
    world: World, admin: Client, asked: dict[str, str], said: bytes
) -> None:
    answer = admin.post(f"{LIST}start/", {"node": world.node_ids["reno"], **asked})

    assert answer.status_code in (404, 422)
    assert said in answer.content
    assert not StockCount.objects.exists()
