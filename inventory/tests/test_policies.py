"""Rules that people set hold for positions at once; what cannot hold is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog import services as catalog
from inventory.models import SafetyRule, SellingRule, StockPosition, StockSummary
from inventory.selectors import availability
from inventory.services import ledger, policies, reservations
from inventory.tests.factories import VARIANT, World, make_world
from inventory.types import SafetyLimit, SellingLimit
from oms.core import clock
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE"))
    with unit():
        catalog.upsert_variants(
            organization_id=world.organization_id,
            drafts=[replace(VARIANT, sku="TENT", name="Tent", category="camping")],
        )
    for node in ("reno", "dallas"):
        for sku in ("TENT", "STOVE"):
            world.receive(node, sku, 10)
    return world


def _safety(*rules: SafetyLimit) -> list[int]:
    with unit():
        return list(policies.set_safety_rules(rules=rules).values())


def _selling(world: World, sku: str | None, channel: str, limit: int, **terms: Any) -> list[int]:
    rule = SellingLimit(
        world.organization_id, world.variants[sku] if sku else None, channel, limit, **terms
    )
    with unit():
        return list(policies.set_selling_rules(rules=[rule]).values())


def _reserve(world: World, ref: str, quantity: int, *, channel: str = "") -> bool:
    demand = replace(world.demand(ref, world.leg("reno", "TENT", quantity)), channel=channel)
    with unit():
        return bool(reservations.reserve(demands=[demand]).taken)


def _available(world: World) -> dict[tuple[str, str], int]:
    nodes = {pk: code for code, pk in world.nodes.items()}
    skus = {pk: sku for sku, pk in world.variants.items()}
    rows = availability.list_for(
        organization_id=world.organization_id, variant_ids=list(world.variants.values())
    )
    return {(nodes[row.node_id], skus[row.variant_id]): row.available for row in rows}


def _limits() -> dict[int, tuple[int, int]]:
    rows = StockPosition.objects.values_list("pk", "safety_stock", "oversell_limit")
    return {pk: (safety, oversell) for pk, safety, oversell in rows}


def _summaries_are_true() -> bool:
    """The summary says of each place what its position says."""
    stored = {
        (summary.variant_id, node): free
        for summary in StockSummary.objects.all()
        for node, free in zip(summary.node_ids, summary.free, strict=True)
    }
    return stored == {
        (p.variant_id, p.node_id): p.on_hand - p.held - p.allocated - p.earmarked
        - p.safety_stock + p.oversell_limit
        for p in StockPosition.objects.all()
    }  # fmt: skip


def test_a_raised_safety_stock_lowers_availability_at_once(world: World) -> None:
    _safety(SafetyLimit(world.nodes["reno"], 4))
    assert _available(world) == {
        ("reno", "TENT"): 6, ("reno", "STOVE"): 6, ("dallas", "TENT"): 10, ("dallas", "STOVE"): 10,
    }  # fmt: skip

    _safety(SafetyLimit(world.nodes["reno"], 7, category="camping"))
    assert _available(world)["reno", "TENT"] == 3

    _safety(SafetyLimit(world.nodes["reno"], 99, variant_id=world.variants["TENT"]))
    assert _available(world)["reno", "TENT"] == 0
    assert not _reserve(world, "o1", 1)
    assert _summaries_are_true()


def test_rules_hold_for_places_that_come_later() -> None:
    world = make_world()
    _safety(SafetyLimit(world.nodes["reno"], 4))
    _selling(world, "TENT", "shop", 3)

    world.receive("reno", "TENT", 10)

    position = world.position("reno", "TENT")
    assert (position.safety_stock, position.oversell_limit) == (4, 3)


def test_a_removed_rule_lets_the_wider_one_hold_again(world: World) -> None:
    tent = world.variants["TENT"]
    _, narrow = _safety(
        SafetyLimit(world.nodes["reno"], 2), SafetyLimit(world.nodes["reno"], 5, variant_id=tent)
    )
    assert _available(world)["reno", "TENT"] == 5

    with unit():
        policies.remove_safety_rules(rule_ids=[narrow])

    assert _available(world)["reno", "TENT"] == 8
    assert not SafetyRule.objects.filter(pk=narrow).exists()


def test_what_the_channels_may_oversell_is_what_the_most_generous_may(world: World) -> None:
    _selling(world, None, "", 1)
    _selling(world, None, "market", 6)
    _selling(world, "TENT", "shop", 4)
    assert {world.position("reno", sku).oversell_limit for sku in ("TENT", "STOVE")} == {6}

    # The variant's own rule hides the wider ones of every channel but the shop.
    _selling(world, "TENT", "", 2)

    assert world.position("reno", "TENT").oversell_limit == 4
    assert world.position("reno", "STOVE").oversell_limit == 6


def test_each_channel_oversells_up_to_its_own_limit_and_no_further(world: World) -> None:
    _selling(world, "TENT", "", 1)
    _selling(world, "TENT", "shop", 3)

    assert not _reserve(world, "m1", 12, channel="market")
    assert _reserve(world, "m2", 11, channel="market")
    assert not _reserve(world, "m3", 1, channel="market")
    assert _reserve(world, "s1", 2, channel="shop")
    assert not _reserve(world, "s2", 1, channel="shop")
    assert world.position("reno", "TENT").allocated == 13


def test_another_sellers_variants_keep_their_limits(world: World) -> None:
    other = organizations.ensure_sandbox().pk
    before = _limits()

    with unit():
        policies.set_selling_rules(rules=[SellingLimit(other, oversell_limit=9)])

    assert _limits() == before


def test_a_limit_does_not_fall_below_what_is_oversold(world: World) -> None:
    [rule] = _selling(world, "TENT", "", 5)
    assert _reserve(world, "o1", 13)
    before = _limits()

    with pytest.raises(policies.OversoldBeyondLimit) as refused:
        _selling(world, "TENT", "", 2)
    with pytest.raises(policies.OversoldBeyondLimit), unit():
        policies.remove_selling_rules(rule_ids=[rule])

    assert refused.value.code == "inventory.oversold_beyond_limit"
    assert refused.value.data == {
        "places": [{"node": "reno", "sku": "TENT", "oversold": 3, "limit": 2}]
    }
    assert _limits() == before
    assert SellingRule.objects.get().oversell_limit == 5
    assert _available(world)["dallas", "TENT"] == 15
    _selling(world, "TENT", "", 3)
    assert world.position("reno", "TENT").oversell_limit == 3


def test_one_place_that_is_oversold_keeps_all_others_as_they_are(world: World) -> None:
    _selling(world, None, "", 5)
    assert _reserve(world, "o1", 11)
    before = _limits()

    with pytest.raises(policies.OversoldBeyondLimit):
        _selling(world, None, "", 0)

    assert _limits() == before
    assert _summaries_are_true()


def test_holds_that_ran_out_oversell_nothing(world: World) -> None:
    _selling(world, "TENT", "", 5)
    now = clock.now()
    with unit():
        reservations.hold(
            demands=[world.demand("cart", world.leg("reno", "TENT", 14))],
            expires_at=now + timedelta(minutes=5),
        )

    with pytest.raises(policies.OversoldBeyondLimit):
        _selling(world, "TENT", "", 0)
    with clock.virtual(now + timedelta(minutes=5)):
        _selling(world, "TENT", "", 0)

    position = world.position("reno", "TENT")
    assert (position.held, position.oversell_limit) == (0, 0)
    assert ledger.verify().count == 0


def test_edits_keep_who_made_them(world: World) -> None:
    reno = world.nodes["reno"]
    with acting(actor="staff:1"):
        [rule] = _safety(SafetyLimit(reno, 2))
    with acting(actor="staff:2"):
        assert _safety(SafetyLimit(reno, 3)) == [rule]
        assert _safety(SafetyLimit(reno, 3)) == [rule]
    with acting(actor="staff:3"), unit():
        policies.remove_safety_rules(rule_ids=[rule])

    story = SafetyRule.history.filter(id=rule).order_by("history_id")
    assert list(story.values_list("history_type", "quantity", "history_change_reason")) == [
        ("+", 2, "staff:1"),
        ("~", 3, "staff:2"),
        ("-", 3, "staff:3"),
    ]


WRONG_SAFETY: list[tuple[Callable[[World], list[SafetyLimit]], list[str]]] = [
    (lambda w: [SafetyLimit(w.nodes["reno"], -1)], ["/0/quantity"]),
    (lambda w: [SafetyLimit(w.nodes["reno"], 1_000_001)], ["/0/quantity"]),
    (lambda w: [SafetyLimit(w.nodes["reno"], True)], ["/0/quantity"]),
    (lambda w: [SafetyLimit(w.nodes["reno"], 1.5)], ["/0/quantity"]),  # type: ignore[arg-type]
    (lambda w: [SafetyLimit(w.nodes["reno"], "1")], ["/0/quantity"]),  # type: ignore[arg-type]
    (lambda w: [SafetyLimit(999_999_999, 1)], ["/0/node_id"]),
    (lambda w: [SafetyLimit(w.nodes["reno"], 1, variant_id=999_999_999)], ["/0/variant_id"]),
    (lambda w: [SafetyLimit(w.nodes["reno"], 1, variant_id=0)], ["/0/variant_id"]),
    (
        lambda w: [SafetyLimit(w.nodes["reno"], 1, w.variants["TENT"], "camping")],
        ["/0/category"],
    ),
    (lambda w: [SafetyLimit(w.nodes["reno"], 1, category=" camping")], ["/0/category"]),
    (lambda w: [SafetyLimit(w.nodes["reno"], 1, category="c" * 81)], ["/0/category"]),
    (lambda w: [SafetyLimit(w.nodes["reno"], 1), SafetyLimit(w.nodes["reno"], 2)], ["/0", "/1"]),
]


@pytest.mark.parametrize(("rules", "pointers"), WRONG_SAFETY)
def test_a_wrong_safety_rule_is_named_and_nothing_changes(
    world: World, rules: Callable[[World], list[SafetyLimit]], pointers: list[str]
) -> None:
    before = _limits()

    with pytest.raises(policies.InvalidRule) as refused:
        _safety(*rules(world), SafetyLimit(world.nodes["dallas"], 3))

    assert [error.pointer for error in refused.value.errors] == pointers
    assert not SafetyRule.objects.exists()
    assert _limits() == before


WRONG_SELLING: list[tuple[dict[str, Any], list[str]]] = [
    ({"oversell_limit": -1}, ["/0/oversell_limit"]),
    ({"oversell_limit": 1_000_001}, ["/0/oversell_limit"]),
    ({"oversell_limit": None}, ["/0/oversell_limit"]),
    ({"oversell_limit": True}, ["/0/oversell_limit"]),
    ({"backorder_limit": -1}, ["/0/backorder_limit"]),
    ({"backorder_limit": 2.5}, ["/0/backorder_limit"]),
    ({"preorder_limit": 5}, ["/0/preorder_ships_on"]),
    ({"preorder_limit": None}, ["/0/preorder_ships_on"]),
    ({"preorder_ships_on": datetime(2026, 9, 1, tzinfo=UTC)}, ["/0/preorder_ships_on"]),
    ({"channel": "c" * 41}, ["/0/channel"]),
    ({"channel": "shop "}, ["/0/channel"]),
    ({"variant_id": 999_999_999}, ["/0/variant_id"]),
    ({"organization_id": 999_999_999}, ["/0/organization_id", "/0/variant_id"]),
]


@pytest.mark.parametrize(("wrong", "pointers"), WRONG_SELLING)
def test_a_wrong_selling_rule_is_named_and_nothing_changes(
    world: World, wrong: dict[str, Any], pointers: list[str]
) -> None:
    before = _limits()
    right = SellingLimit(world.organization_id, world.variants["TENT"], "shop", 3)

    with pytest.raises(policies.InvalidRule) as refused, unit():
        policies.set_selling_rules(
            rules=[replace(right, **wrong), SellingLimit(world.organization_id, oversell_limit=2)]
        )

    assert [error.pointer for error in refused.value.errors] == pointers
    assert not SellingRule.objects.exists()
    assert _limits() == before


def test_one_seller_makes_no_rule_for_anothers_variant(world: World) -> None:
    other = organizations.ensure_sandbox().pk

    with pytest.raises(policies.InvalidRule) as refused, unit():
        policies.set_selling_rules(
            rules=[SellingLimit(other, world.variants["TENT"], oversell_limit=5)]
        )

    assert [error.pointer for error in refused.value.errors] == ["/0/variant_id"]


@pytest.mark.parametrize("remove", [policies.remove_safety_rules, policies.remove_selling_rules])
def test_an_unknown_rule_removes_none(world: World, remove: Callable[..., None]) -> None:
    safety = _safety(SafetyLimit(world.nodes["reno"], 2))
    selling = _selling(world, None, "", 2)

    with pytest.raises(policies.UnknownRule), unit():
        remove(rule_ids=[safety[0] if remove is policies.remove_safety_rules else selling[0], 0])

    assert (SafetyRule.objects.count(), SellingRule.objects.count()) == (1, 1)


def test_preorders_say_when_they_ship(world: World) -> None:
    day = date(2026, 9, 1)

    _selling(world, "TENT", "shop", 0, preorder_limit=None, preorder_ships_on=day)

    rule = SellingRule.objects.get()
    assert (rule.preorder_limit, rule.preorder_ships_on) == (None, day)


def test_a_product_in_another_category_takes_that_ones_rule(world: World) -> None:
    _safety(
        SafetyLimit(world.nodes["reno"], 7, category="camping"),
        SafetyLimit(world.nodes["reno"], 3, category="outlet"),
        SafetyLimit(world.nodes["dallas"], 2),
    )
    assert _available(world)["reno", "TENT"] == 3

    with unit():
        catalog.upsert_variants(
            organization_id=world.organization_id,
            drafts=[replace(VARIANT, sku="TENT", name="Tent", category="outlet")],
        )

    available = _available(world)
    assert (available["reno", "TENT"], available["reno", "STOVE"]) == (7, 10)
    assert available["dallas", "TENT"] == 8


def test_statements_do_not_grow_with_rules_or_places() -> None:
    skus = tuple(f"S{n}" for n in range(30))
    world = make_world(nodes_=("reno", "dallas"), skus=skus)
    for sku in skus:
        world.receive("reno", sku, 5)

    def spent(count: int, units_: int) -> list[int]:
        tents = [world.variants[sku] for sku in skus[:count]]
        safety = [SafetyLimit(world.nodes["reno"], units_, variant_id=pk) for pk in tents]
        selling = [SellingLimit(world.organization_id, pk, oversell_limit=units_) for pk in tents]
        steps: list[Callable[[], Any]] = [
            lambda: policies.set_safety_rules(rules=safety),
            lambda: policies.set_selling_rules(rules=selling),
            lambda: policies.remove_safety_rules(
                rule_ids=SafetyRule.objects.values_list("pk", flat=True)
            ),
            lambda: policies.remove_selling_rules(
                rule_ids=SellingRule.objects.values_list("pk", flat=True)
            ),
        ]
        counts = []
        for step in steps:
            with CaptureQueriesContext(connection) as captured, unit():
                step()
            counts.append(len(captured))
        return counts

    assert spent(1, 2) == spent(30, 3)
    assert set(_limits().values()) == {(0, 0)}
