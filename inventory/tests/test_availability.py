"""Availability: the seller's own variants, at nodes it may use, never below zero."""

from __future__ import annotations

import pytest
from django.db import connection

from inventory.catalog import services as catalog
from inventory.models import StockPosition
from inventory.nodes.models import Node, NodeAllowance
from inventory.selectors import availability
from inventory.services import policies, reservations
from inventory.tests.factories import World, make_world
from inventory.types import Availability, SellingLimit
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db


def _list(world: World, **extra: object) -> list[Availability]:
    return availability.list_for(
        organization_id=world.organization_id,
        variant_ids=list(world.variants.values()),
        **extra,  # type: ignore[arg-type]
    )


def test_what_is_promised_or_kept_back_is_not_available() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 10)
    world.receive("dallas", "TENT", 1)
    StockPosition.objects.filter(node_id=world.nodes["reno"]).update(safety_stock=3)
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 2))])

    tent, reno, dallas = world.variants["TENT"], world.nodes["reno"], world.nodes["dallas"]
    assert sorted(_list(world), key=lambda a: a.node_id) == [
        Availability(tent, reno, available=5),
        Availability(tent, dallas, available=1),
    ]
    assert [a.node_id for a in _list(world, node_ids=[dallas])] == [dallas]
    assert _list(world, node_ids=[]) == []


def test_it_never_falls_below_zero() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    StockPosition.objects.update(safety_stock=9)

    assert [a.available for a in _list(world)] == [0]


def test_nodes_not_allowed_or_asleep_are_left_out() -> None:
    world = make_world(nodes_=("reno", "dallas", "miami"))
    for node in world.nodes:
        world.receive(node, "TENT", 1)
    NodeAllowance.objects.filter(node_id=world.nodes["dallas"]).delete()
    Node.objects.filter(pk=world.nodes["miami"]).update(is_active=False)

    assert [a.node_id for a in _list(world)] == [world.nodes["reno"]]


def test_another_sellers_stock_is_not_shown() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)

    assert (
        availability.list_for(
            organization_id=world.organization_id + 1,
            variant_ids=list(world.variants.values()),
        )
        == []
    )


def test_a_kit_is_as_many_as_its_parts_make_up_at_one_node() -> None:
    world = make_world(nodes_=("reno", "dallas", "miami"), skus=("SET", "TENT", "PEG"))
    for node, tents, pegs in (("reno", 5, 9), ("dallas", 2, 40), ("miami", 3, 0)):
        world.receive(node, "TENT", tents)
        if pegs:
            world.receive(node, "PEG", pegs)
    with unit():
        catalog.set_components(
            kit_id=world.variants["SET"],
            components={world.variants["TENT"]: 1, world.variants["PEG"]: 4},
        )

    found = {a.node_id: a.available for a in _list(world) if a.variant_id == world.variants["SET"]}

    assert found == {world.nodes["reno"]: 2, world.nodes["dallas"]: 2}


def test_it_reads_no_place_where_nothing_is_special() -> None:
    """The kept summaries answer; a place is read only where a rule, hold or lot corrects them."""
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE"))
    for node in world.nodes:
        for sku in world.variants:
            world.receive(node, sku, 5)
    with unit():
        policies.set_selling_rules(
            rules=[SellingLimit(world.organization_id, world.variants["STOVE"], oversell_limit=4)]
        )

    _plan_as_for_many_rows()

    def places_read(sku: str) -> int:
        before = _places_read()
        availability.list_for(
            organization_id=world.organization_id, variant_ids=[world.variants[sku]], channel="shop"
        )
        return _places_read() - before

    assert places_read("TENT") == 0
    assert places_read("STOVE") > 0


def _plan_as_for_many_rows() -> None:
    """A table of eight rows is read whole whenever it was just analyzed."""
    with connection.cursor() as cursor:
        for way in ("seqscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


def _places_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname = 'inventory_stockposition'"
        )
        [read] = cursor.fetchone()
    return int(read)
