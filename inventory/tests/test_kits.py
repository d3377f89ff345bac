"""Kits are sold as one and stocked as parts: nothing is sold that the parts do not make up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.catalog import selectors as catalog_selectors
from inventory.catalog import services as catalog
from inventory.models import Reservation, StockPosition
from inventory.services import kits, ledger, reservations, stock
from inventory.tests.factories import World, make_world
from inventory.types import Demand, Leg, StockChange
from oms.core import clock
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db

SKUS = ("TENT", "STOVE", "POT", "SET", "PAIR")


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    kits._stocked.clear()
    yield
    kits._stocked.clear()


@pytest.fixture
def world() -> World:
    """A set is one tent and two stoves; a pair is two tents."""
    world = make_world(nodes_=("reno", "dallas"), skus=SKUS)
    _kit(world, "SET", TENT=1, STOVE=2)
    _kit(world, "PAIR", TENT=2)
    return world


def _kit(world: World, sku: str, **parts: int) -> None:
    with unit():
        catalog.set_components(
            kit_id=world.variants[sku],
            components={world.variants[part]: quantity for part, quantity in parts.items()},
        )


def _taken(world: World, ref: str) -> dict[tuple[str, str], int]:
    """Units by line and SKU."""
    skus = {pk: sku for sku, pk in world.variants.items()}
    rows = Reservation.objects.filter(demand_ref=ref, status__in=Reservation.LIVE)
    return {(row.line_ref, skus[row.variant_id]): row.quantity for row in rows}


def _reserve(*demands: Demand) -> Any:
    with unit():
        return reservations.reserve(demands=demands)


def test_a_kit_takes_its_parts_summed_per_line(world: World) -> None:
    world.receive("reno", "TENT", 20)
    world.receive("reno", "STOVE", 20)
    demand = world.demand(
        "o1",
        world.leg("reno", "SET", 3, "1"),
        world.leg("reno", "PAIR", 2, "1"),
        world.leg("reno", "TENT", 1, "1"),
        world.leg("reno", "STOVE", 5, "2"),
    )

    assert _reserve(demand).taken == ("o1",)
    assert _reserve(demand).taken == ("o1",)

    assert _taken(world, "o1") == {("1", "TENT"): 8, ("1", "STOVE"): 6, ("2", "STOVE"): 5}
    assert world.position("reno", "TENT").allocated == 8
    assert world.position("reno", "STOVE").allocated == 11
    assert ledger.verify().count == 0


def test_a_shortage_names_the_part(world: World) -> None:
    world.receive("reno", "TENT", 9)
    world.receive("reno", "STOVE", 5)

    result = _reserve(world.demand("o1", world.leg("reno", "SET", 3, "7")))

    assert result.taken == ()
    [short] = result.short["o1"]
    assert (short.line_ref, short.variant_id, short.wanted, short.available) == (
        "7", world.variants["STOVE"], 6, 5,
    )  # fmt: skip
    assert world.position("reno", "TENT").allocated == 0


def test_a_cart_holds_the_parts_and_the_order_takes_them_over(world: World) -> None:
    world.receive("reno", "TENT", 2)
    world.receive("reno", "STOVE", 4)
    demand = world.demand("o1", world.leg("reno", "SET", 2))

    with unit():
        held = reservations.hold(demands=[demand], expires_at=clock.now() + timedelta(hours=1))
    other = _reserve(world.demand("o2", world.leg("reno", "TENT", 1)))
    taken = _reserve(demand)

    assert (held.taken, other.taken, taken.taken) == (("o1",), (), ("o1",))
    tent = world.position("reno", "TENT")
    assert (tent.held, tent.allocated) == (0, 2)


def test_demands_are_served_in_the_order_given_kits_or_not(world: World) -> None:
    world.receive("reno", "TENT", 2)

    result = _reserve(
        world.demand("kit", world.leg("reno", "PAIR", 1)),
        world.demand("plain", world.leg("reno", "TENT", 1)),
    )

    assert result.taken == ("kit",)


def test_what_is_no_kit_stays_as_it_is(world: World) -> None:
    plain = world.demand("o1", world.leg("reno", "TENT", 2), world.leg("reno", "TENT", 3))
    kit = world.demand("o2", world.leg("dallas", "SET", 2, "9"))

    exploded = kits.explode(demands=[plain, kit])

    assert exploded[0] is plain
    assert exploded[1] == replace(
        kit, legs=(world.leg("dallas", "TENT", 2, "9"), world.leg("dallas", "STOVE", 4, "9"))
    )


@pytest.mark.parametrize("quantity", [0, -1, True, 1.5, "2", None, 100_001, 50_001])
def test_a_wrong_number_of_kits_is_refused_and_nothing_is_taken(
    world: World, quantity: int
) -> None:
    world.receive("reno", "TENT", 20)

    with pytest.raises(InvalidQuantity):
        _reserve(
            world.demand("o1", world.leg("reno", "TENT", 1)),
            world.demand("o2", world.leg("reno", "PAIR", quantity)),
        )

    assert not Reservation.objects.exists()


def test_one_statement_finds_the_kits_of_a_batch_and_known_goods_need_none(
    world: World, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    world.receive("reno", "TENT", 20)
    kit = world.leg("reno", "SET", 1)
    tent = world.leg("reno", "TENT", 1)

    def spent(*legs: Leg, times: int = 40) -> int:
        demands = [world.demand(f"o{n}", *legs) for n in range(times)]
        with CaptureQueriesContext(connection) as captured:
            kits.explode(demands=demands)
        return len(captured)

    assert spent(kit, tent) == spent(kit, tent, times=1) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert spent(tent) == 1
    assert spent(tent) == 0
    assert spent(kit, tent) == 1


def test_a_variant_that_is_not_stocked_yet_may_become_a_kit_any_time(
    world: World, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    demand = world.demand("o1", world.leg("reno", "POT", 1))
    world.receive("reno", "TENT", 5)
    with django_capture_on_commit_callbacks(execute=True):
        assert _reserve(demand).taken == ()

    _kit(world, "POT", TENT=3)

    assert _reserve(demand).taken == ("o1",)
    assert _taken(world, "o1") == {("1", "TENT"): 3}


@pytest.mark.parametrize(
    "book",
    [
        lambda changes: stock.receive(changes=changes),
        lambda changes: stock.adjust(changes=changes),
        lambda changes: stock.take_back(changes=changes, quarantine=True),
    ],
)
def test_a_kit_has_no_stock_of_its_own(
    world: World, book: Callable[[list[StockChange]], None]
) -> None:
    with pytest.raises(stock.KitHasNoStock) as refused, unit():
        book([world.change("reno", "TENT", 1), world.change("reno", "SET", 1)])

    assert refused.value.code == "inventory.kit_has_no_stock"
    assert refused.value.data == {"skus": ["SET"]}
    assert not StockPosition.objects.exists()


def test_what_was_stocked_is_never_made_a_kit(world: World) -> None:
    world.receive("reno", "POT", 1)
    with unit():
        stock.adjust(changes=[world.change("reno", "POT", -1)])

    with pytest.raises(catalog.StockInTheWay) as refused:
        _kit(world, "POT", TENT=1)

    assert refused.value.data == {"skus": ["POT"]}
    assert "POT" in refused.value.detail
    assert world.variants["POT"] not in catalog_selectors.components_of(
        variant_ids=world.variants.values()
    )


def test_tracking_changes_only_while_there_is_no_stock(world: World) -> None:
    pot = world.variants["POT"]
    world.receive("reno", "POT", 1)
    facts = catalog_selectors.facts_by_id(variant_ids=[pot])

    with pytest.raises(catalog.StockInTheWay) as refused, unit():
        catalog.set_tracking(variant_id=pot, tracking="lot")

    assert refused.value.data == {"skus": ["POT"]}
    assert catalog_selectors.facts_by_id(variant_ids=[pot]) == facts
    with unit():
        stock.adjust(changes=[world.change("reno", "POT", -1)])
        catalog.set_tracking(variant_id=pot, tracking="lot")
    assert catalog_selectors.facts_by_id(variant_ids=[pot])[pot].tracking == "lot"


def test_quarantined_units_are_stock_too(world: World) -> None:
    with unit():
        stock.take_back(changes=[world.change("reno", "POT", 1)], quarantine=True)

    with pytest.raises(catalog.StockInTheWay), unit():
        catalog.set_tracking(variant_id=world.variants["POT"], tracking="serial")


@pytest.mark.parametrize(
    ("at_nodes", "expected"),
    [
        ({}, {}),
        ({1: {}}, {1: 0}),
        ({1: {10: 5}}, {1: 0}),
        ({1: {10: 5, 11: 5}}, {1: 2}),
        ({1: {10: 1, 11: 9}}, {1: 1}),
        ({1: {10: -4, 11: 9}}, {1: 0}),
        ({1: {10: 7, 11: 1}, 2: {10: 7, 11: 14}, 3: {11: 14}}, {1: 0, 2: 7, 3: 0}),
    ],
)
def test_a_node_makes_up_what_its_scarcest_part_allows(
    at_nodes: dict[int, dict[int, int]], expected: dict[int, int]
) -> None:
    assert kits.available(parts=[(10, 1), (11, 2)], at_nodes=at_nodes) == expected


def test_a_kit_of_nothing_is_nowhere_available() -> None:
    assert kits.available(parts=[], at_nodes={1: {10: 5}}) == {1: 0}


#: Examples share one transaction: each has variants of its own.
_numbers = count()
PARTS = SKUS[:3]
KIT_NAMES = ("K1", "K2", "K3")
recipes = st.lists(
    st.dictionaries(st.sampled_from(PARTS), st.integers(1, 4), min_size=1), min_size=3, max_size=3
)
orders = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from((*PARTS, *KIT_NAMES)), st.integers(1, 4), st.sampled_from(["1", "2"])
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)


Line = tuple[str, int, str]


def _expected(
    placed: list[list[Line]], recipes_: dict[str, dict[str, int]], left: dict[str, int]
) -> list[dict[tuple[str, str], int]]:
    """What each order gets by hand, in turn, as units by line and part; none where it is short."""
    answers = []
    for lines in placed:
        need: Counter[tuple[str, str]] = Counter()
        for name, quantity, line in lines:
            for part, each in recipes_.get(name, {name: 1}).items():
                need[line, part] += quantity * each
        wanted: Counter[str] = Counter()
        for (_, part), units in need.items():
            wanted[part] += units
        if any(units > left[part] for part, units in wanted.items()):
            answers.append({})
            continue
        left.update({part: left[part] - units for part, units in wanted.items()})
        answers.append(dict(need))
    return answers


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(made_of=recipes, shelf=st.tuples(*[st.integers(1, 25)] * 3), placed=orders)
def test_random_kits_that_share_parts_never_oversell(
    made_of: list[dict[str, int]], shelf: tuple[int, int, int], placed: list[list[Line]]
) -> None:
    tag = f"x{next(_numbers)}"
    skus = {name: f"{tag}-{name}" for name in (*PARTS, *KIT_NAMES)}
    world = make_world(skus=tuple(skus.values()))
    left = dict(zip(PARTS, shelf, strict=True))
    recipes_ = dict(zip(KIT_NAMES, made_of, strict=True))
    for name, units in left.items():
        world.receive("reno", skus[name], units)
    for name, recipe in recipes_.items():
        _kit(world, skus[name], **{skus[part]: each for part, each in recipe.items()})
    demands = [
        world.demand(f"{tag}-{n}", *(world.leg("reno", skus[s], q, line) for s, q, line in lines))
        for n, lines in enumerate(placed)
    ]

    _reserve(*demands)

    expected = _expected(placed, recipes_, left)
    for demand, answer in zip(demands, expected, strict=True):
        by_sku = {(line, skus[part]): units for (line, part), units in answer.items()}
        assert _taken(world, demand.demand_ref) == by_sku
    positions = {part: world.position("reno", skus[part]) for part in PARTS}
    assert {part: p.on_hand - p.allocated for part, p in positions.items()} == left
