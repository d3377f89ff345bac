"""Cases and pallets become pieces before stock counts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog import services as catalog
from inventory.models import StockMovement, StockPosition
from inventory.services import stock, units
from inventory.tests.factories import World, make_world
from inventory.types import StockChange
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(skus=("TENT", "STOVE"))
    with unit():
        catalog.set_units(variant_id=world.variants["TENT"], units={"case": 12, "pallet": 480})
        catalog.set_units(variant_id=world.variants["STOVE"], units={"case": 6})
    return world


def _change(world: World, sku: str, quantity: int, code: str) -> StockChange:
    return replace(world.change("reno", sku, quantity), unit=code)


def test_each_variant_has_its_own_case(world: World) -> None:
    tent, stove = world.variants["TENT"], world.variants["STOVE"]

    with CaptureQueriesContext(connection) as captured:
        pieces = units.to_pieces(
            amounts=[
                (tent, "case", 2),
                (stove, "case", 2),
                (tent, "", 5),
                (tent, "pallet", -1),
            ]  # fmt: skip
        )

    assert pieces == [24, 12, 5, -480]
    assert len(captured) == 1


def test_pieces_alone_ask_nothing(world: World) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert units.to_pieces(amounts=[(world.variants["TENT"], "", 7)] * 50) == [7] * 50

    assert len(captured) == 0


def test_every_unknown_unit_is_named(world: World) -> None:
    tent, stove = world.variants["TENT"], world.variants["STOVE"]

    with pytest.raises(units.UnknownUnit) as refused:
        units.to_pieces(
            amounts=[(tent, "case", 1), (stove, "pallet", 1), (tent, "CASE", 1), (999_999, "x", 1)]
        )

    assert [error.pointer for error in refused.value.errors] == ["/1/unit", "/2/unit", "/3/unit"]
    assert refused.value.code == "inventory.unknown_unit"


def test_stock_is_received_adjusted_and_taken_back_in_units(world: World) -> None:
    with unit():
        stock.receive(changes=[_change(world, "TENT", 3, "case"), _change(world, "TENT", 1, "")])
        stock.adjust(changes=[_change(world, "TENT", -1, "case")])
        stock.take_back(changes=[_change(world, "STOVE", 2, "case")], quarantine=True)

    assert world.position("reno", "TENT").on_hand == 25
    assert world.position("reno", "STOVE").quarantined == 12
    deltas = StockMovement.objects.order_by("pk").values_list("on_hand_delta", "quarantined_delta")
    assert list(deltas) == [(36, 0), (1, 0), (-12, 0), (0, 12)]


@pytest.mark.parametrize("quantity", [True, 1.5, "2", None, 0, -1, 10_000_000])
@pytest.mark.parametrize(
    "book",
    [
        lambda changes: stock.receive(changes=changes),
        lambda changes: stock.take_back(changes=changes, quarantine=False),
    ],
)
def test_what_is_no_delivery_stays_none_in_cases(
    world: World, book: Callable[[list[StockChange]], None], quantity: int
) -> None:
    with pytest.raises(InvalidQuantity), unit():
        book([_change(world, "STOVE", 1, "case"), _change(world, "TENT", quantity, "case")])

    assert not StockPosition.objects.exists()


def test_an_adjustment_in_an_unknown_unit_changes_nothing(world: World) -> None:
    world.receive("reno", "TENT", 5)

    with pytest.raises(units.UnknownUnit), unit():
        stock.adjust(changes=[_change(world, "TENT", 1, "box")])
    with pytest.raises(stock.NothingChanges), unit():
        stock.adjust(changes=[_change(world, "TENT", 0, "case")])

    assert world.position("reno", "TENT").on_hand == 5
