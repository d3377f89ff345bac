"""Units kept for one channel: free to it alone, given up only while nobody has taken them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import ChannelAllotment, StockMovement
from inventory.selectors import availability
from inventory.services import ledger, policies, reservations, stock
from inventory.tests.factories import NOON, World, make_world
from inventory.types import ChannelReserve, SafetyLimit, SellingLimit
from oms.core import clock
from oms.core.context import acting
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 10)
    return world


def _of(world: World, quantity: int, channel: str = "shop", sku: str = "TENT") -> ChannelReserve:
    return ChannelReserve(world.nodes["reno"], world.variants[sku], channel, quantity, "launch")


def _keep(*reserves: ChannelReserve) -> None:
    with unit():
        policies.keep_for_channel(reserves=reserves, at=NOON)


def _give_up(*reserves: ChannelReserve) -> None:
    with unit():
        policies.give_up(reserves=reserves, at=NOON)


def _reserve(world: World, ref: str, quantity: int, channel: str) -> bool:
    demand = replace(world.demand(ref, world.leg("reno", "TENT", quantity)), channel=channel)
    with unit():
        return bool(reservations.reserve(demands=[demand]).taken)


def _kept() -> dict[str, int]:
    return dict(ChannelAllotment.objects.order_by("channel").values_list("channel", "remaining"))


def _free(world: World) -> int:
    [row] = availability.list_for(
        organization_id=world.organization_id, variant_ids=[world.variants["TENT"]]
    )
    return row.available


def test_kept_units_are_one_channels_alone(world: World) -> None:
    with acting(actor="staff:4"):
        _keep(_of(world, 4), _of(world, 2), _of(world, 1, "market"))

    assert _kept() == {"market": 1, "shop": 6}
    assert world.position("reno", "TENT").earmarked == 7
    assert _free(world) == 3
    assert not _reserve(world, "a", 4, "kiosk")
    assert _reserve(world, "b", 8, "shop")
    assert not _reserve(world, "c", 2, "kiosk")
    movements = StockMovement.objects.filter(kind="earmarked").order_by("pk")
    assert list(movements.values_list("earmarked_delta", "document_ref", "reason", "actor")) == [
        (4, "shop", "launch", "staff:4"),
        (2, "shop", "launch", "staff:4"),
        (1, "market", "launch", "staff:4"),
    ]
    assert ledger.verify().count == 0


def test_what_is_given_up_is_everybodys_again(world: World) -> None:
    _keep(_of(world, 6), _of(world, 2, "market"))

    _give_up(_of(world, 4))

    assert _kept() == {"market": 2, "shop": 2}
    assert _free(world) == 6
    assert ledger.verify().count == 0


def test_what_is_taken_is_never_given_up(world: World) -> None:
    _keep(_of(world, 6))
    assert _reserve(world, "a", 5, "shop")

    with pytest.raises(policies.NotEnoughKept) as refused:
        _give_up(_of(world, 1), _of(world, 1))

    assert refused.value.data == {"node": "reno", "sku": "TENT", "channel": "shop", "left": 0}
    assert _kept() == {"shop": 1}
    _give_up(_of(world, 1))
    assert (world.position("reno", "TENT").allocated, _kept()) == (5, {"shop": 0})


def test_a_channel_gives_up_nothing_of_anothers(world: World) -> None:
    _keep(_of(world, 6))

    with pytest.raises(policies.NotEnoughKept):
        _give_up(_of(world, 1, "market"))

    assert _kept() == {"shop": 6}


def test_no_more_is_kept_than_is_free_above_the_safety_stock(world: World) -> None:
    with unit():
        policies.set_safety_rules(rules=[SafetyLimit(world.nodes["reno"], 3)])
    assert _reserve(world, "a", 2, "")

    with pytest.raises(policies.NotEnoughFree) as refused:
        _keep(_of(world, 3), _of(world, 3, "market"))

    assert refused.value.data == {"node": "reno", "sku": "TENT", "free": 5, "lacking": 1}
    assert _kept() == {}
    _keep(_of(world, 3), _of(world, 2, "market"))
    assert _free(world) == 0


def test_what_would_have_to_be_oversold_is_not_kept(world: World) -> None:
    with unit():
        policies.set_selling_rules(
            rules=[SellingLimit(world.organization_id, channel="market", oversell_limit=5)]
        )

    with pytest.raises(policies.NotEnoughFree):
        _keep(_of(world, 11))

    assert not ChannelAllotment.objects.exists()


def test_holds_that_ran_out_stand_in_nobodys_way(world: World) -> None:
    now = clock.now()
    with unit():
        reservations.hold(
            demands=[world.demand("cart", world.leg("reno", "TENT", 8))],
            expires_at=now + timedelta(minutes=5),
        )

    with pytest.raises(policies.NotEnoughFree):
        _keep(_of(world, 3))
    with clock.virtual(now + timedelta(minutes=5)):
        _keep(_of(world, 10))

    assert (world.position("reno", "TENT").held, _kept()) == (0, {"shop": 10})
    assert ledger.verify().count == 0


@pytest.mark.parametrize("act", ["keep_for_channel", "give_up"])
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"quantity": 0}, InvalidQuantity),
        ({"quantity": -1}, InvalidQuantity),
        ({"quantity": 1.0}, InvalidQuantity),
        ({"quantity": True}, InvalidQuantity),
        ({"quantity": 1_000_001}, InvalidQuantity),
        ({"channel": ""}, policies.InvalidReserve),
        ({"channel": " shop"}, policies.InvalidReserve),
        ({"channel": "c" * 41}, policies.InvalidReserve),
        ({"node_id": 999_999_999}, stock.UnknownPlace),
        ({"variant_id": 999_999_999}, stock.UnknownPlace),
    ],
)
def test_bad_input_is_refused_and_nothing_moves(
    world: World, act: str, wrong: dict[str, Any], error: type[Exception]
) -> None:
    _keep(_of(world, 5))
    good = _of(world, 1)

    with pytest.raises(error), unit():
        getattr(policies, act)(reserves=[good, replace(good, **wrong)])

    assert _kept() == {"shop": 5}
    assert StockMovement.objects.filter(kind="earmarked").count() == 1


def test_statements_do_not_grow_with_the_number_of_reserves() -> None:
    skus = tuple(f"S{n}" for n in range(20))
    world = make_world(skus=skus)
    for sku in skus:
        world.receive("reno", sku, 9)

    def spent(names: tuple[str, ...]) -> list[int]:
        counts = []
        for act in (policies.keep_for_channel, policies.give_up):
            with CaptureQueriesContext(connection) as captured, unit():
                act(reserves=[_of(world, 1, sku=sku) for sku in names])
            counts.append(len(captured))
        return counts

    assert spent(skus[:1]) == spent(skus)
