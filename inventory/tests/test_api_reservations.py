"""A partner keeps stock for a cart over HTTP: all or nothing, for a while, its own alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory.models import Reservation
from inventory.services import ledger
from inventory.tests.factories import NOON, World, make_world
from inventory.tests.test_api_availability import client
from oms.core import clock
from oms.infra.accounts.services import organizations

URL = "/api/v1/reservations"


@pytest.fixture
def world(db: None) -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "MUG"))
    world.receive("reno", "TENT", 3)
    world.receive("dallas", "TENT", 2)
    world.receive("dallas", "MUG", 1)
    return world


def post(world: World, data: Any, path: str = "") -> Any:
    partner = client(world.organization_id, "reservations:write", "availability:read")
    with clock.virtual(NOON):
        return partner.post(URL + path, data, format="json")


def get(world: World, reference: str, at: timedelta = timedelta()) -> Any:
    with clock.virtual(NOON + at):
        return client(world.organization_id, "availability:read").get(f"{URL}/{reference}")


def cart(*lines: tuple[str, int], reference: str = "cart-1", **more: Any) -> dict[str, Any]:
    rows = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
    return {"reference": reference, "lines": rows, **more}


def _held(world: World) -> int:
    return sum(
        world.position(node, sku).held
        for node, sku in (("reno", "TENT"), ("dallas", "TENT"), ("dallas", "MUG"))
    )


def test_a_cart_keeps_its_stock_until_its_time_is_over(world: World) -> None:
    made = post(world, cart(("TENT", 4), ("MUG", 1), minutes=30))

    assert made.status_code == 201
    assert made.json() == {
        "reference": "cart-1",
        "channel": "",
        "expires_at": "2026-03-02T12:30:00Z",
        "lines": [
            {"line": 1, "sku": "TENT", "node": "reno", "quantity": 3},
            {"line": 1, "sku": "TENT", "node": "dallas", "quantity": 1},
            {"line": 2, "sku": "MUG", "node": "dallas", "quantity": 1},
        ],
    }
    assert get(world, "cart-1").json() == made.json()
    assert get(world, "cart-1", timedelta(minutes=30)).status_code == 404
    assert _held(world) == 5
    assert ledger.verify().count == 0


def test_the_same_cart_again_is_the_same_answer_and_another_is_refused(world: World) -> None:
    first = post(world, cart(("TENT", 2)))
    again = post(world, cart(("TENT", 2)))
    other = post(world, cart(("TENT", 3)))

    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (409, "inventory.cart_taken")
    assert _held(world) == 2


def test_what_is_missing_is_named_and_nothing_is_kept(world: World) -> None:
    answer = post(world, cart(("TENT", 1), ("MUG", 2)))

    assert (answer.status_code, answer.json()["code"]) == (409, "inventory.out_of_stock")
    assert answer.json()["lines"] == [{"line": 2, "wanted": 2, "available": 1}]
    assert answer.json()["errors"] == [
        {
            "pointer": "/lines/1/quantity",
            "code": "out_of_stock",
            "detail": "2 wanted, 1 there; ask for that many at most.",
        }
    ]
    assert not Reservation.objects.exists()


def test_a_cart_is_extended_and_given_back(world: World) -> None:
    post(world, cart(("TENT", 2)))

    longer = post(world, {"minutes": 60}, "/cart-1/extend")
    back = post(world, {}, "/cart-1/release")
    again = post(world, {}, "/cart-1/release")

    assert longer.json()["expires_at"] == "2026-03-02T13:00:00Z"
    assert (back.json(), again.json()) == ({"units": 2}, {"units": 0})
    assert post(world, {}, "/cart-1/extend").status_code == 404
    assert _held(world) == 0


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (cart(("TENT", 0)), "/lines/0/quantity"),
        (cart(("TENT", -1)), "/lines/0/quantity"),
        (cart(("TENT", 10**9)), "/lines/0/quantity"),
        ({"reference": "c", "lines": [{"sku": "TENT", "quantity": 1.5}]}, "/lines/0/quantity"),
        (cart(("NONE", 1)), "/lines/0/sku"),
        (cart(), "/lines"),
        (cart(("TENT", 1), minutes=0), "/minutes"),
        (cart(("TENT", 1), minutes=20_000), "/minutes"),
        (cart(("TENT", 1), color="red"), "/color"),
    ],
)
def test_nonsense_is_refused_by_its_field(world: World, wrong: Any, pointer: str) -> None:
    answer = post(world, wrong)

    assert answer.status_code in (400, 422)
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Reservation.objects.exists()


def test_another_sellers_cart_is_not_there(world: World) -> None:
    post(world, cart(("TENT", 2)))
    stranger = client(organizations.ensure_sandbox().pk, "reservations:write", "availability:read")

    with clock.virtual(NOON):
        assert stranger.get(f"{URL}/cart-1").status_code == 404
        assert stranger.post(f"{URL}/cart-1/release", {}, format="json").json() == {"units": 0}

    assert _held(world) == 2
