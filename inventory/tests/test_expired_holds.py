"""A hold that ran out is in nobody's way, whoever asks, wherever and with whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.models import Reservation
from inventory.services import ledger, reservations
from inventory.tests.factories import NOON, World, make_world
from inventory.types import Demand
from oms.core import clock
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)


def _world_with_holds_that_ran_out(*places: tuple[str, str]) -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE"))
    for number, (node, sku) in enumerate(places):
        world.receive(node, sku, 3)
        demand = world.demand(f"cart_{number}", world.leg(node, sku, 3))
        with clock.virtual(NOON), unit():
            reservations.hold(demands=[demand], expires_at=NOON + QUARTER)
    return world


def _reserve(*demands: Demand) -> tuple[str, ...]:
    with clock.virtual(NOON + QUARTER), unit():
        return reservations.reserve(demands=demands).taken


def test_one_demand_served_after_all_leaves_the_next_one_its_own_room() -> None:
    # given three tents that are free and three that a cart holds no longer, no free stove
    world = _world_with_holds_that_ran_out(("reno", "TENT"), ("reno", "STOVE"))
    world.receive("reno", "TENT", 3)
    both = (world.leg("reno", "STOVE", 3, "1"), world.leg("reno", "TENT", 3, "2"))

    # when the first look gives the free tents to the second, as the first lacks a stove
    taken = _reserve(
        world.demand("ord_1", *both), world.demand("ord_2", world.leg("reno", "TENT", 3))
    )

    # then the carts make room for both
    assert taken == ("ord_1", "ord_2")
    assert world.position("reno", "TENT").allocated == 6
    assert ledger.verify().differences == []


def test_units_move_to_where_a_hold_ran_out() -> None:
    world = _world_with_holds_that_ran_out(("dallas", "TENT"))
    world.receive("reno", "TENT", 2)
    _reserve(world.demand("ord_1", world.leg("reno", "TENT", 2)))
    row = Reservation.objects.get(demand_ref="ord_1")

    with clock.virtual(NOON + QUARTER), unit():
        reservations.move(public_id=row.public_id, node_id=world.nodes["dallas"], reason="nearer")

    assert world.position("dallas", "TENT").allocated == 2
    assert world.position("reno", "TENT").allocated == 0
    assert ledger.verify().differences == []


def test_a_hold_that_moves_stays_as_old_and_as_often_extended() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 2)
    world.receive("dallas", "TENT", 2)
    demand = world.demand("cart", world.leg("reno", "TENT", 2))
    with clock.virtual(NOON), unit():
        reservations.hold(demands=[demand], expires_at=NOON + QUARTER)
    items = [reservations.DemandAtNode("order", "cart")]
    later = NOON + QUARTER / 2
    with clock.virtual(later), unit():
        reservations.extend(items=items, expires_at=NOON + 2 * QUARTER)
        held = Reservation.objects.get(status="held")
        reservations.move(public_id=held.public_id, node_id=world.nodes["dallas"], reason="nearer")

    moved = Reservation.objects.get(status="held")
    assert moved.position == world.position("dallas", "TENT")
    assert (moved.created_at, moved.extensions) == (NOON, 1)
