"""Reservations: exact arithmetic, repeats, expiry, and a constant number of statements."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Reservation, ReservationStatusChange, StockMovement
from inventory.selectors import availability
from inventory.services import ledger, reservations, taking
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import Demand, ReserveResult, Shortage
from oms.core import clock
from oms.core.context import acting
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import TransactionRequired, unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


def _reserve(*demands: Demand) -> ReserveResult:
    with unit():
        return reservations.reserve(demands=demands)


def _balances(world: World, node: str = "reno", sku: str = "TENT") -> tuple[int, int, int]:
    position = world.position(node, sku)
    return position.on_hand, position.held, position.allocated


def _events(name: str) -> list[dict[str, object]]:
    rows = OutboxEvent.objects.filter(name=name).order_by("id")
    return list(rows.values_list("payload", flat=True))


def _sound() -> bool:
    return ledger.verify().differences == []


def test_reserve_sets_stock_aside_with_row_history_movement_and_event() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 5)
    world.receive("dallas", "TENT", 1)
    legs = (world.leg("reno", "TENT", 3), world.leg("dallas", "TENT", 1))

    with acting(actor="key:ab12cd34"):
        result = _reserve(world.demand("ord_1", *legs, at=NOON))

    assert result == ReserveResult(taken=("ord_1",), short={})
    assert _balances(world) == (5, 0, 3)
    assert _balances(world, "dallas") == (1, 0, 1)
    row = Reservation.objects.get(position=world.position("reno", "TENT"))
    assert (row.status, row.quantity, row.line_ref, row.expires_at) == ("allocated", 3, "1", None)
    assert row.created_at == NOON
    step = ReservationStatusChange.objects.get(subject=row)
    assert (step.from_status, step.to_status, step.actor) == ("", "allocated", "key:ab12cd34")
    movement = StockMovement.objects.get(kind="allocated", position=row.position)
    assert (movement.allocated_delta, movement.on_hand_delta) == (3, 0)
    assert (movement.document_ref, movement.occurred_at) == ("ord_1", NOON)
    (event,) = _events("inventory.stock.reserved.v1")
    assert event["units"] == 4
    assert event["node_ids"] == sorted(world.nodes.values())
    assert _sound()


def test_reserve_holds_nothing_when_one_line_is_short() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 5)
    legs = (world.leg("reno", "TENT", 2, "1"), world.leg("reno", "STOVE", 1, "2"))

    result = _reserve(world.demand("ord_1", *legs))

    stove, reno = world.variants["STOVE"], world.nodes["reno"]
    assert result.taken == ()
    assert result.short == {"ord_1": (Shortage("ord_1", "2", stove, reno, 1, 0),)}
    assert _balances(world) == (5, 0, 0)
    assert not Reservation.objects.exists()
    assert _events("inventory.stock.reserved.v1") == []


def test_two_lines_of_one_variant_are_taken_by_their_sum() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    fits = (world.leg("reno", "TENT", 2, "1"), world.leg("reno", "TENT", 3, "2"))

    assert _reserve(world.demand("ord_1", *fits)).taken == ("ord_1",)

    assert _balances(world) == (5, 0, 5)
    assert sorted(Reservation.objects.values_list("line_ref", "quantity")) == [("1", 2), ("2", 3)]
    assert _sound()


def test_two_lines_that_fit_only_one_by_one_take_nothing() -> None:
    world = make_world()
    world.receive("reno", "TENT", 4)
    legs = (world.leg("reno", "TENT", 2, "1"), world.leg("reno", "TENT", 3, "2"))

    result = _reserve(world.demand("ord_1", *legs))

    assert result.short["ord_1"][0].available == 2
    assert _balances(world) == (4, 0, 0)


def test_legs_of_one_line_at_one_place_become_one_row() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    _reserve(world.demand("ord_1", world.leg("reno", "TENT", 1), world.leg("reno", "TENT", 2)))

    assert Reservation.objects.get().quantity == 3


def test_demands_are_served_in_the_order_given() -> None:
    world = make_world()
    world.receive("reno", "TENT", 3)

    result = _reserve(
        world.demand("late", world.leg("reno", "TENT", 2)),
        world.demand("early", world.leg("reno", "TENT", 2)),
        world.demand("small", world.leg("reno", "TENT", 1)),
    )

    assert result.taken == ("late", "small")
    assert set(result.short) == {"early"}
    assert _balances(world) == (3, 0, 3)


def test_the_same_demand_again_takes_nothing_more() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    demand = world.demand("ord_1", world.leg("reno", "TENT", 2))

    first, twice_in_one, again = _reserve(demand), _reserve(demand, demand), _reserve(demand)

    assert first.taken == twice_in_one.taken == again.taken == ("ord_1",)
    assert _balances(world) == (5, 0, 2)
    assert len(_events("inventory.stock.reserved.v1")) == 1


def test_safety_stock_is_kept_and_the_oversell_limit_is_sold() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 5)
    world.receive("reno", "STOVE", 1)
    tent, stove = world.position("reno", "TENT"), world.position("reno", "STOVE")
    tent.safety_stock, stove.oversell_limit = 4, 2
    tent.save(update_fields=["safety_stock"])
    stove.save(update_fields=["oversell_limit"])

    result = _reserve(
        world.demand("a", world.leg("reno", "TENT", 2)),
        world.demand("b", world.leg("reno", "STOVE", 3)),
        world.demand("c", world.leg("reno", "STOVE", 1)),
    )

    assert result.taken == ("b",)
    assert result.short["a"][0].available == 1
    assert _balances(world, sku="STOVE") == (1, 0, 3)


def test_another_sellers_variant_cannot_be_taken() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    foreign = Demand(world.organization_id + 1, "order", "x", (world.leg("reno", "TENT", 1),))

    assert _reserve(foreign).short["x"][0].available == 0
    assert _balances(world) == (5, 0, 0)


def test_nonsense_is_refused_and_nothing_is_taken() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    good = world.demand("ord_1", world.leg("reno", "TENT", 1))

    with pytest.raises(taking.NothingDemanded):
        _reserve(good, world.demand("ord_2"))
    with pytest.raises(InvalidQuantity):
        _reserve(good, world.demand("ord_2", world.leg("reno", "TENT", 0)))

    assert _balances(world) == (5, 0, 0)


def test_reserve_demands_its_callers_transaction() -> None:
    with pytest.raises(TransactionRequired):
        reservations.reserve(demands=[])


def test_a_journey_leaves_the_ledger_explained() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    _reserve(world.demand("ord_1", world.leg("reno", "TENT", 2)))
    item = at_node("ord_1", world.nodes["reno"], NOON)

    with unit():
        reservations.pick(items=[item])
        reservations.pick(items=[item])
    assert _balances(world) == (5, 0, 2)

    for _ in range(2):
        with unit():
            reservations.consume(items=[item])

    assert _balances(world) == (3, 0, 0)
    assert Reservation.objects.get().status == "consumed"
    shipped = StockMovement.objects.get(kind="shipped")
    assert (shipped.on_hand_delta, shipped.allocated_delta) == (-2, -2)
    assert shipped.occurred_at == NOON
    steps = Reservation.objects.get().status_changes.order_by("id")
    assert [step.to_status for step in steps] == ["allocated", "picked", "consumed"]
    assert _sound()


def test_consume_takes_only_the_nodes_own_part() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 1)
    world.receive("dallas", "TENT", 1)
    _reserve(world.demand("o", world.leg("reno", "TENT", 1), world.leg("dallas", "TENT", 1)))

    with unit():
        reservations.consume(items=[at_node("o", world.nodes["dallas"])])

    assert _balances(world, "reno") == (1, 0, 1)
    assert _balances(world, "dallas") == (0, 0, 0)


def test_nothing_reserved_cannot_be_picked_or_shipped() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    _reserve(world.demand("ord_1", world.leg("reno", "TENT", 1)))
    with unit():
        assert reservations.release(items=[at_node("ord_1")], reason="cancelled") == 1

    for step in (reservations.pick, reservations.consume):
        with pytest.raises(reservations.NothingReserved), unit():
            step(items=[at_node("ord_1", world.nodes["reno"])])

    assert _balances(world) == (1, 0, 0)


def test_release_frees_once_and_tells() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 2)
    world.receive("dallas", "TENT", 1)
    _reserve(world.demand("o", world.leg("reno", "TENT", 2), world.leg("dallas", "TENT", 1)))

    with unit():
        freed = reservations.release(items=[at_node("o", at=NOON)], reason="cancelled")
        again = reservations.release(items=[at_node("o")], reason="cancelled")

    assert (freed, again) == (3, 0)
    assert _balances(world) == (2, 0, 0)
    (event,) = _events("inventory.stock.released.v1")
    assert event["units"] == 3
    assert _sound()


def test_a_released_demand_may_be_reserved_again() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    demand = world.demand("ord_1", world.leg("reno", "TENT", 1))
    _reserve(demand)
    with unit():
        reservations.release(items=[at_node("ord_1")], reason="rerouted")

    assert _reserve(demand).taken == ("ord_1",)
    assert _balances(world) == (1, 0, 1)


def _hold(world: World, ref: str, quantity: int) -> ReserveResult:
    with clock.virtual(NOON), unit():
        return reservations.hold(
            demands=[world.demand(ref, world.leg("reno", "TENT", quantity))],
            expires_at=NOON + timedelta(minutes=15),
        )


def _available(world: World) -> int:
    (found,) = availability.list_for(
        organization_id=world.organization_id, variant_ids=list(world.variants.values())
    )
    return found.available


def test_a_hold_takes_from_what_can_be_sold_until_it_expires() -> None:
    world = make_world()
    world.receive("reno", "TENT", 3)
    assert _hold(world, "cart_1", 2).taken == ("cart_1",)
    assert _balances(world) == (3, 2, 0)

    with clock.virtual(NOON + timedelta(minutes=14)):
        assert _available(world) == 1
        assert _reserve(world.demand("o", world.leg("reno", "TENT", 2))).taken == ()
    with clock.virtual(NOON + timedelta(minutes=15)):
        assert _available(world) == 3
        assert _reserve(world.demand("o", world.leg("reno", "TENT", 2))).taken == ("o",)

    assert _balances(world) == (3, 0, 2)
    assert Reservation.objects.get(demand_ref="cart_1").status == "expired"
    assert _sound()


def test_reserve_replaces_the_demands_own_hold() -> None:
    world = make_world()
    world.receive("reno", "TENT", 3)
    _hold(world, "ord_1", 3)

    with clock.virtual(NOON):
        result = _reserve(world.demand("ord_1", world.leg("reno", "TENT", 2)))

    assert result.taken == ("ord_1",)
    assert _balances(world) == (3, 0, 2)
    assert _sound()


def test_a_demand_that_does_not_fit_keeps_its_hold() -> None:
    world = make_world()
    world.receive("reno", "TENT", 3)
    _hold(world, "ord_1", 2)

    with clock.virtual(NOON):
        result = _reserve(world.demand("ord_1", world.leg("reno", "TENT", 4)))

    assert result.short["ord_1"][0].available == 3
    assert _balances(world) == (3, 2, 0)


def test_the_sweep_tidies_what_ran_out_and_nothing_else() -> None:
    world = make_world()
    world.receive("reno", "TENT", 9)
    _hold(world, "cart_1", 2)
    _hold(world, "cart_2", 1)
    due = NOON + timedelta(minutes=15)
    with clock.virtual(NOON):
        _reserve(world.demand("ord_1", world.leg("reno", "TENT", 4)))

    counts = [reservations.expire_due(before=due, limit=1) for _ in range(3)]

    assert counts == [1, 1, 0]
    assert reservations.expire_due(before=due - timedelta(seconds=1), limit=9) == 0
    assert _balances(world) == (9, 0, 4)
    assert len(_events("inventory.stock.released.v1")) == 2
    assert _sound()


def _statements(world: World, count: int, start: int) -> list[int]:
    """Statements of reserve, pick, consume and release for `count` demands each."""
    demands = [
        world.demand(f"{start + i}", world.leg("reno", "TENT", 1), world.leg("reno", "STOVE", 1))
        for i in range(count)
    ]
    items = [at_node(demand.demand_ref, world.nodes["reno"]) for demand in demands]
    others = [world.demand(f"x{d.demand_ref}", *d.legs) for d in demands]
    steps = [
        lambda: reservations.reserve(demands=demands),
        lambda: reservations.pick(items=items),
        lambda: reservations.consume(items=items),
        lambda: reservations.reserve(demands=others),
        lambda: reservations.release(
            items=[at_node(d.demand_ref) for d in others], reason="cancelled"
        ),
    ]
    spent = []
    for step in steps:
        with (
            CaptureQueriesContext(
                connection,
            ) as captured,
            unit(),
        ):
            step()
        spent.append(len(captured))
    return spent


def test_statements_do_not_grow_with_the_number_of_demands() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 100)
    world.receive("reno", "STOVE", 100)

    one, forty = _statements(world, 1, 0), _statements(world, 40, 100)

    assert one == forty
    assert max(one) <= 13
    assert _sound()
