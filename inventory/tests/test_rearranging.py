"""What is promised changes its term, its firmness, its place or its parts; no unit is lost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inventory.models import Lot, LotBalance, Reservation, StockMovement
from inventory.selectors import availability
from inventory.services import ledger, reservations, stock
from inventory.services.rearranging import MAX_EXTENSIONS, MAX_HOLD
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import ReserveResult, StockChange
from oms.core import clock
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)


def _balances(world: World, node: str = "reno") -> tuple[int, int, int]:
    position = world.position(node, "TENT")
    return position.on_hand, position.held, position.allocated


def _hold(world: World, ref: str = "cart", quantity: int = 2) -> ReserveResult:
    with clock.virtual(NOON), unit():
        demand = world.demand(ref, world.leg("reno", "TENT", quantity))
        return reservations.hold(demands=[demand], expires_at=NOON + QUARTER)


def _reserve(world: World, ref: str, quantity: int, node: str = "reno") -> str:
    with unit():
        reservations.reserve(demands=[world.demand(ref, world.leg(node, "TENT", quantity))])
    return Reservation.objects.get(demand_ref=ref, status="allocated").public_id


def _world() -> World:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 5)
    return world


def _rows(ref: str) -> list[tuple[str, int, int]]:
    rows = Reservation.objects.filter(demand_ref=ref, status__in=Reservation.LIVE)
    return sorted(rows.values_list("position__node__code", "quantity", "part"))


def _extend(at: timedelta, to: timedelta) -> None:
    with clock.virtual(NOON + at), unit():
        reservations.extend(items=[at_node("cart")], expires_at=NOON + to)


def test_an_extended_hold_keeps_its_stock_longer() -> None:
    world = _world()
    _hold(world, quantity=5)

    _extend(QUARTER / 2, 2 * QUARTER)

    with clock.virtual(NOON + QUARTER):
        assert _available(world) == 0
    with clock.virtual(NOON + 2 * QUARTER):
        assert _available(world) == 5


def _available(world: World) -> int:
    found = availability.list_for(
        organization_id=world.organization_id, variant_ids=[world.variants["TENT"]]
    )
    return sum(item.available for item in found)


def test_an_extension_never_shortens() -> None:
    world = _world()
    _hold(world)

    _extend(QUARTER / 2, QUARTER / 2)

    row = Reservation.objects.get(demand_ref="cart")
    assert (row.expires_at, row.extensions) == (NOON + QUARTER, 0)


def test_a_hold_is_extended_only_so_often_and_so_far() -> None:
    world = _world()
    _hold(world)
    with pytest.raises(reservations.HoldTooLong):
        _extend(QUARTER / 2, MAX_HOLD + QUARTER)
    for number in range(MAX_EXTENSIONS):
        _extend(QUARTER / 2, QUARTER * (2 + number))

    with pytest.raises(reservations.HoldTooLong):
        _extend(QUARTER / 2, QUARTER * 9)

    assert Reservation.objects.get(demand_ref="cart").extensions == MAX_EXTENSIONS


@pytest.mark.parametrize("step", ["extend", "confirm", "allocate"])
def test_a_hold_that_ran_out_cannot_be_used_any_more(step: str) -> None:
    world = _world()
    _hold(world)
    more = {"expires_at": NOON + 9 * QUARTER} if step == "extend" else {}

    with clock.virtual(NOON + QUARTER), pytest.raises(reservations.HoldExpired), unit():
        getattr(reservations, step)(items=[at_node("cart")], **more)

    assert _balances(world) == (5, 2, 0)


def test_a_confirmed_hold_does_not_expire_and_becomes_an_allocation() -> None:
    world = _world()
    _hold(world)
    for _ in range(2):
        with clock.virtual(NOON), unit():
            reservations.confirm(items=[at_node("cart")])
    with clock.virtual(NOON + 9 * QUARTER):
        assert _available(world) == 3

    for _ in range(2):
        with unit():
            reservations.allocate(items=[at_node("cart", world.nodes["reno"])])

    assert _balances(world) == (5, 0, 2)
    assert StockMovement.objects.filter(kind="allocated").count() == 1
    assert ledger.verify().differences == []


def test_unrouted_units_stay_promised() -> None:
    world = _world()
    _reserve(world, "o", 2)

    with unit():
        reservations.unroute(items=[at_node("o")], reason="node closed")

    assert _balances(world) == (5, 2, 0)
    assert Reservation.objects.get(demand_ref="o").status == "confirmed"
    assert ledger.verify().differences == []


def test_a_split_keeps_the_sum_the_status_and_the_balances() -> None:
    world = _world()
    first = _reserve(world, "o", 5)

    with unit():
        second = reservations.split(public_id=first, quantity=2)
        third = reservations.split(public_id=first, quantity=1)

    assert len({first, second, third}) == 3
    assert _rows("o") == [("reno", 1, 2), ("reno", 2, 0), ("reno", 2, 1)]
    assert _balances(world) == (5, 0, 5)
    assert ledger.verify().differences == []


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, "1", 10**9])
def test_nonsense_is_not_split_off(quantity: object) -> None:
    world = _world()
    reference = _reserve(world, "o", 3)

    with pytest.raises((InvalidQuantity, reservations.NotDivisible)), unit():
        reservations.split(public_id=reference, quantity=quantity)  # type: ignore[arg-type]

    assert _rows("o") == [("reno", 3, 0)]


def test_the_last_unit_stays_with_the_first_part() -> None:
    world = _world()
    reference = _reserve(world, "o", 3)

    with pytest.raises(reservations.NotDivisible), unit():
        reservations.split(public_id=reference, quantity=3)


def test_moved_units_leave_one_node_and_are_promised_at_the_other() -> None:
    world = _world()
    world.receive("dallas", "TENT", 2)
    reference = _reserve(world, "o", 3)

    with unit():
        (there,) = reservations.move(
            public_id=reference, node_id=world.nodes["dallas"], quantity=2, reason="closer"
        )

    assert _rows("o") == [("dallas", 2, 0), ("reno", 1, 0)]
    assert Reservation.objects.get(public_id=there).status == "allocated"
    assert (_balances(world), _balances(world, "dallas")) == ((5, 0, 1), (2, 0, 2))
    assert ledger.verify().differences == []


def test_what_meets_at_one_node_stays_apart() -> None:
    world = _world()
    world.receive("dallas", "TENT", 5)
    reference = _reserve(world, "o", 4)

    for quantity in (1, 2, None):
        with unit():
            reservations.move(
                public_id=reference, node_id=world.nodes["dallas"], quantity=quantity, reason="x"
            )

    assert _rows("o") == [("dallas", 1, 0), ("dallas", 1, 2), ("dallas", 2, 1)]
    assert ledger.verify().differences == []


def test_what_the_other_node_has_not_stays_where_it_is() -> None:
    world = _world()
    world.receive("dallas", "TENT", 1)
    reference = _reserve(world, "o", 3)

    with pytest.raises(reservations.OutOfStock) as refused, unit():
        reservations.move(
            public_id=reference, node_id=world.nodes["dallas"], quantity=2, reason="closer"
        )

    assert refused.value.data["lines"][0]["available"] == 1
    assert _rows("o") == [("reno", 3, 0)]


def test_to_the_same_node_is_no_move() -> None:
    world = _world()
    reference = _reserve(world, "o", 3)

    with unit():
        same = reservations.move(public_id=reference, node_id=world.nodes["reno"], reason="x")

    assert same == [reference]


def test_picked_units_are_neither_split_nor_moved_nor_unrouted() -> None:
    world = _world()
    reference = _reserve(world, "o", 3)
    with unit():
        reservations.pick(items=[at_node("o")])

    with pytest.raises(reservations.AlreadyPicked), unit():
        reservations.split(public_id=reference, quantity=1)
    with pytest.raises(reservations.AlreadyPicked), unit():
        reservations.move(public_id=reference, node_id=world.nodes["dallas"], reason="x")
    with pytest.raises(reservations.NothingReserved), unit():
        reservations.unroute(items=[at_node("o")], reason="x")


def test_an_unknown_reservation_is_named() -> None:
    with pytest.raises(reservations.UnknownReservation), unit():
        reservations.split(public_id="rsv_none", quantity=1)


def test_an_allocated_hold_gets_the_lots_that_expire_first() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.track("TENT", "lot")
    tent = world.variants["TENT"]
    dallas = world.nodes["dallas"]
    lots = [
        Lot.objects.create(variant_id=tent, code=code, expires_on=date(2026, month, 1))
        for code, month in (("B", 9), ("A", 6))
    ]
    with unit():
        stock.receive(
            changes=[StockChange(dallas, tent, 2, lot_id=lot.pk) for lot in lots], at=NOON
        )
    with clock.virtual(NOON), unit():
        demand = world.demand("cart", world.leg("dallas", "TENT", 3))
        reservations.hold(demands=[demand], expires_at=NOON + QUARTER)

    with clock.virtual(NOON), unit():
        reservations.allocate(items=[at_node("cart")])

    held = LotBalance.objects.order_by("lot__expires_on").values_list("lot__code", "allocated")
    assert list(held) == [("A", 2), ("B", 1)]
    assert _balances(world, "dallas") == (4, 0, 3)
