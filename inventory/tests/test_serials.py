"""Numbered units: one place, one promise, and a number that is free when its order is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Reservation, Serial, StockMovement, StockPosition
from inventory.selectors.serials import UnknownSerial
from inventory.services import (
    balances,
    displacing,
    ledger,
    lots,
    numbered,
    reservations,
    serial_counts,
    serials,
    stock,
    tracking,
)
from inventory.services.balances import Entry
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import OpenWork, ReserveResult, SerialCount, SerialPick, SerialUnit
from oms.core import clock
from oms.core.errors import OmsError
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db


def _world(*skus: str, nodes: tuple[str, ...] = ("reno", "dallas")) -> World:
    world = make_world(nodes_=nodes, skus=skus or ("PHONE",))
    for sku in world.variants:
        world.track(sku, "serial")
    return world


def _reserve(world: World, ref: str, quantity: int, node: str = "reno") -> ReserveResult:
    with clock.virtual(NOON), unit():
        return reservations.reserve(demands=[world.demand(ref, world.leg(node, "PHONE", quantity))])


def _reservation(ref: str) -> int:
    return Reservation.objects.filter(demand_ref=ref).latest("pk").pk


def _assign(ref: str, *codes: str) -> None:
    with clock.virtual(NOON), unit():
        serials.assign(picks=[SerialPick(_reservation(ref), codes)])


def _consume(ref: str) -> None:
    with unit():
        reservations.consume(items=[at_node(ref)])


def _state(code: str) -> tuple[str | None, str | None, str]:
    """(node, demand, condition) of a unit."""
    row = Serial.objects.select_related("position__node", "reservation").get(code=code)
    node = row.position.node.code if row.position else None
    return node, row.reservation.demand_ref if row.reservation else None, row.condition


def test_units_are_received_one_by_one_with_a_movement_each() -> None:
    world = _world()

    keys = world.receive_units("reno", "PHONE", "A", "B")

    assert world.position("reno", "PHONE").on_hand == 2
    rows = StockMovement.objects.order_by("pk").values_list(
        "serial_id", "kind", "on_hand_delta", "document_ref"
    )
    assert list(rows) == [
        (keys["A"], "received", 1, "asn_1"),
        (keys["B"], "received", 1, "asn_1"),
    ]
    assert ledger.verify().count == 0


def test_a_number_is_received_once_whatever_became_of_the_unit() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A")
    _reserve(world, "o", 1)
    _assign("o", "A")
    _consume("o")

    with pytest.raises(serials.SerialKnown):
        world.receive_units("dallas", "PHONE", "B", "A")

    assert list(Serial.objects.values_list("code", flat=True)) == ["A"]
    assert world.position("reno", "PHONE").on_hand == 0
    assert not StockPosition.objects.filter(node_id=world.nodes["dallas"]).exists()


@pytest.mark.parametrize(
    ("codes", "values", "error"),
    [
        (("A", "A"), {}, numbered.InvalidSerial),
        (("",), {}, numbered.InvalidSerial),
        (("A ",), {}, numbered.InvalidSerial),
        (("x" * 61,), {}, numbered.InvalidSerial),
        (("A",), {"condition": "held"}, numbered.InvalidSerial),
    ],
)
def test_bad_numbers_are_refused_and_nothing_is_booked(
    codes: tuple[str, ...], values: dict[str, str], error: type[OmsError]
) -> None:
    world = _world()

    with pytest.raises(error), unit():
        serials.receive(serials=world.units("reno", "PHONE", *codes, **values))

    assert not Serial.objects.exists()
    assert not StockPosition.objects.exists()


def test_numbers_and_lots_must_fit_the_variant() -> None:
    world = _world("PHONE", "TENT")
    world.track("TENT", "none")
    old = world.lot("PHONE", "L", NOON.date())

    with pytest.raises(serials.SerialNotTracked), unit():
        serials.receive(serials=world.units("reno", "TENT", "A"))
    with pytest.raises(stock.UnknownPlace), unit():
        serials.receive(serials=[SerialUnit(999_999, world.variants["PHONE"], "A")])
    with pytest.raises(tracking.LotExpired), unit():
        serials.receive(serials=world.units("reno", "PHONE", "A", lot_id=old), at=NOON)

    assert not Serial.objects.exists()


def test_sold_returned_and_sold_again_a_hundred_times() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A")

    for n in range(100):
        ref = f"o{n}"
        assert _reserve(world, ref, 1).taken == (ref,)
        with unit():
            reservations.pick(items=[at_node(ref)])
        _assign(ref, "A")
        _consume(ref)
        assert _state("A") == (None, None, "on_hand")
        with unit():
            serials.take_back(serials=world.units("reno", "PHONE", "A"))

    assert _state("A") == ("reno", None, "on_hand")
    assert world.position("reno", "PHONE").on_hand == 1
    trail = StockMovement.objects.filter(serial__code="A").order_by("pk")
    assert list(trail.values_list("kind", flat=True)) == [
        "received",
        *["shipped", "returned"] * 100,
    ]
    shipped = trail.filter(kind="shipped").values_list("document_ref", flat=True)
    assert list(shipped) == [f"o{n}" for n in range(100)]
    assert ledger.verify().count == 0


def test_a_released_reservation_lets_its_units_go_and_they_stay_on_the_shelf() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A", "B")
    _reserve(world, "o", 2)
    _assign("o", "A", "B")

    with unit():
        reservations.release(items=[at_node("o")], reason="cancelled")

    assert _state("A") == _state("B") == ("reno", None, "on_hand")
    assert _reserve(world, "next", 2).taken == ("next",)
    _assign("next", "B", "A")


def test_a_reservation_that_loses_its_stock_lets_its_units_go() -> None:
    world = _world()
    keys = world.receive_units("reno", "PHONE", "A", "B")
    _reserve(world, "o", 2)
    _assign("o", "A", "B")
    position = world.position("reno", "PHONE")
    gone = Entry(
        position_id=position.pk, kind="quarantined", document_kind="test", document_ref="1",
        at=NOON, actor="test", serial_id=keys["A"], on_hand=-1, quarantined=1,
    )  # fmt: skip

    with unit():
        locked = balances.lock_ids(position_ids=[position.pk])
        displacing.displace(positions=locked, entries=[gone], reason="damp", at=NOON)
        balances.book(entries=[gone])

    assert Reservation.objects.get(status="allocated").quantity == 1
    assert (_state("A"), _state("B")) == (("reno", None, "on_hand"), ("reno", None, "on_hand"))
    _assign_left("B")


def _assign_left(code: str) -> None:
    row = Reservation.objects.get(status="allocated")
    with clock.virtual(NOON), unit():
        serials.assign(picks=[SerialPick(row.pk, (code,))])


def test_units_do_not_ship_without_their_numbers() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A", "B")
    _reserve(world, "o", 2)
    _assign("o", "A")

    with pytest.raises(serials.SerialsMissing):
        _consume("o")

    assert _state("A") == ("reno", "o", "on_hand")
    assert world.position("reno", "PHONE").on_hand == 2
    _assign("o", "B")
    _consume("o")
    assert ledger.verify().count == 0


def test_assigning_again_changes_nothing() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A", "B")
    _reserve(world, "o", 1)

    _assign("o", "A")
    _assign("o", "A")

    assert _state("A") == ("reno", "o", "on_hand")
    with pytest.raises(serials.NotAssignable):
        _assign("o", "B")
    with unit():
        assert serials.unassign(reservation_ids=[_reservation("o")]) == 1
    _assign("o", "B")
    assert _state("A") == ("reno", None, "on_hand")


def _out(world: World) -> None:
    _reserve(world, "gone", 1)
    _assign("gone", "X")
    _consume("gone")


def _promised(world: World) -> None:
    _reserve(world, "other", 1)
    _assign("other", "X")


def _blocked(world: World) -> None:
    with unit():
        serials.block(serial_ids=[Serial.objects.get(code="X").pk], block="hold")


def _aside(world: World) -> None:
    Serial.objects.filter(code="X").update(condition="quarantined")


def _lot_blocked(world: World) -> None:
    lot_id = world.lot("PHONE", "L")
    Serial.objects.filter(code="X").update(lot_id=lot_id)
    with unit():
        lots.block(lot_ids=[lot_id], block="hold", reason="x")


def _lot_expired(world: World) -> None:
    Serial.objects.filter(code="X").update(lot_id=world.lot("PHONE", "L", NOON.date()))


@pytest.mark.parametrize(
    ("befall", "error"),
    [
        (_out, numbered.SerialOut),
        (_promised, numbered.SerialPromised),
        (_blocked, numbered.SerialBlocked),
        (_lot_blocked, numbered.SerialBlocked),
        (_lot_expired, numbered.SerialBlocked),
        (_aside, numbered.SerialElsewhere),
    ],
)
def test_a_unit_that_cannot_be_taken_is_refused_and_none_is_assigned(
    befall: Callable[[World], None], error: type[OmsError]
) -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "X", "B", "C", "D")
    _reserve(world, "o", 2)
    befall(world)

    with pytest.raises(error) as refused:
        _assign("o", "B", "X")

    assert refused.value.data == {"serial": "X"}
    assert not Serial.objects.filter(reservation__demand_ref="o").exists()


def test_units_of_other_places_and_goods_are_refused() -> None:
    world = _world("PHONE", "WATCH")
    world.receive_units("reno", "PHONE", "A")
    world.receive_units("dallas", "PHONE", "B")
    world.receive_units("reno", "WATCH", "W")
    _reserve(world, "o", 1)

    with pytest.raises(numbered.SerialElsewhere):
        _assign("o", "B")
    with pytest.raises(UnknownSerial):
        _assign("o", "W")
    with pytest.raises(numbered.InvalidSerial):
        _assign("o", "A", "A")
    with pytest.raises(serials.NotAssignable), unit():
        serials.assign(picks=[SerialPick(999_999, ("A",))])

    assert not Serial.objects.filter(reservation__isnull=False).exists()


def test_numbers_are_assigned_to_live_allocations_of_numbered_goods_only() -> None:
    world = _world("PHONE", "TENT")
    world.track("TENT", "none")
    world.receive("reno", "TENT", 1)
    world.receive_units("reno", "PHONE", "A")
    _reserve(world, "over", 1)
    with unit():
        reservations.release(items=[at_node("over")], reason="x")
        reservations.hold(
            demands=[world.demand("cart", world.leg("reno", "PHONE", 1))],
            expires_at=NOON + timedelta(days=9_999),
        )
        reservations.reserve(demands=[world.demand("tent", world.leg("reno", "TENT", 1))])

    for ref in ("over", "cart", "tent"):
        with pytest.raises(serials.NotAssignable):
            _assign(ref, "A")

    assert _state("A") == ("reno", None, "on_hand")


def test_a_blocked_unit_is_not_promised_though_nobody_chose_it() -> None:
    world = _world()
    keys = world.receive_units("reno", "PHONE", "A", "B", "C")
    _reserve(world, "early", 1)
    with unit():
        serials.block(serial_ids=[keys["C"]], block="hold")

    result = _reserve(world, "many", 2)

    assert [s.available for s in result.short["many"]] == [1]
    assert _reserve(world, "one", 1).taken == ("one",)
    with unit():
        serials.unblock(serial_ids=[keys["C"]])
    assert _reserve(world, "last", 1).taken == ("last",)
    assert ledger.verify().count == 0


def test_units_of_a_lot_that_runs_out_are_not_promised_for_later() -> None:
    world = _world()
    lot_id = world.lot("PHONE", "L", NOON.date() + timedelta(days=3))
    with unit():
        serials.receive(serials=world.units("reno", "PHONE", "A", lot_id=lot_id), at=NOON)
        serials.receive(serials=world.units("reno", "PHONE", "B"), at=NOON)
    late = world.demand("late", world.leg("reno", "PHONE", 2))
    late = replace(late, needed_on=NOON.date() + timedelta(days=5))

    with clock.virtual(NOON), unit():
        result = reservations.reserve(demands=[late])

    assert [s.available for s in result.short["late"]] == [1]
    assert _reserve(world, "now", 2).taken == ("now",)


def test_blocking_an_assigned_unit_tells_whose_it_is() -> None:
    world = _world()
    keys = world.receive_units("reno", "PHONE", "A", "B")
    _reserve(world, "o", 1)
    _assign("o", "A")

    with unit():
        work = serials.block(serial_ids=list(keys.values()), block="hold")

    reno, phone = world.nodes["reno"], world.variants["PHONE"]
    assert work == [OpenWork("order", "o", "1", reno, phone, 1, "allocated", serial_id=keys["A"])]
    assert _state("A") == ("reno", "o", "on_hand")
    with pytest.raises(numbered.InvalidSerial), unit():
        serials.block(serial_ids=list(keys.values()), block="sold")
    with pytest.raises(UnknownSerial), unit():
        serials.block(serial_ids=[999_999], block="hold")


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("on_hand", "returned"),
        ("returned", "returned"),
        ("quarantined", "quarantined"),
        ("damaged", "damaged"),
    ],
)
def test_a_unit_comes_back_in_its_condition_and_place(condition: str, kind: str) -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A")
    _reserve(world, "o", 1)
    _assign("o", "A")
    _consume("o")

    with unit():
        serials.take_back(serials=world.units("dallas", "PHONE", "A", condition=condition))

    assert _state("A") == ("dallas", None, condition)
    assert getattr(world.position("dallas", "PHONE"), condition) == 1
    assert StockMovement.objects.latest("pk").kind == kind
    assert ledger.verify().count == 0


def test_only_what_left_comes_back() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A")

    with pytest.raises(numbered.SerialInStock), unit():
        serials.take_back(serials=world.units("reno", "PHONE", "A"))
    with pytest.raises(UnknownSerial), unit():
        serials.take_back(serials=world.units("reno", "PHONE", "NEW"))

    assert world.position("reno", "PHONE").on_hand == 1


def test_a_scan_books_what_is_gone_and_back_and_tells_the_rest() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A", "B", "C", "D")
    world.receive_units("dallas", "PHONE", "E")
    _reserve(world, "gone", 1)
    _assign("gone", "D")
    _consume("gone")
    _reserve(world, "o", 1)
    _assign("o", "C")

    with unit():
        result = serial_counts.count(
            node_id=world.nodes["reno"],
            variant_id=world.variants["PHONE"],
            codes=["A", "D", "E", "?"],
            document_ref="cnt_1",
        )

    assert result == SerialCount(
        present=("A",),
        missing=("B",),
        found=("D",),
        promised=("C",),
        elsewhere=("E",),
        unknown=("?",),
    )
    position = world.position("reno", "PHONE")
    assert (position.on_hand, position.returned) == (2, 1)
    assert (_state("B"), _state("D")) == ((None, None, "on_hand"), ("reno", None, "returned"))
    counted = StockMovement.objects.filter(kind="counted").order_by("pk")
    assert list(counted.values_list("serial__code", "document_ref")) == [
        ("B", "cnt_1"),
        ("D", "cnt_1"),
    ]
    assert ledger.verify().count == 0


def test_a_scan_takes_away_nothing_that_is_promised() -> None:
    world = _world()
    world.receive_units("reno", "PHONE", "A", "B")
    _reserve(world, "o", 2)

    with pytest.raises(stock.NotEnoughOnHand), unit():
        serial_counts.count(
            node_id=world.nodes["reno"], variant_id=world.variants["PHONE"], codes=["A"]
        )

    assert _state("B") == ("reno", None, "on_hand")
    assert world.position("reno", "PHONE").on_hand == 2


def test_goods_without_numbers_pay_nothing_for_them() -> None:
    world = make_world()
    world.receive("reno", "TENT", 9)
    with unit():
        for ref in ("o1", "o2"):
            reservations.reserve(demands=[world.demand(ref, world.leg("reno", "TENT", 1))])

    with CaptureQueriesContext(connection) as captured, unit():
        reservations.consume(items=[at_node("o1")])
        reservations.release(items=[at_node("o2")], reason="x")
        reservations.reserve(demands=[world.demand("o3", world.leg("reno", "TENT", 1))])

    assert [q for q in captured.captured_queries if "inventory_serial" in q["sql"]] == []


def test_statements_do_not_grow_with_the_number_of_units() -> None:
    world = _world()
    codes = [f"N{n}" for n in range(60)]

    def spent(ref: str, some: list[str]) -> list[int]:
        costs = []
        for act in (
            lambda: world.receive_units("reno", "PHONE", *some),
            lambda: _reserve(world, ref, len(some)),
            lambda: _assign(ref, *some),
            lambda: _consume(ref),
            lambda: _take_back(world, some),
        ):
            with CaptureQueriesContext(connection) as captured:
                act()
            costs.append(len(captured))
        return costs

    spent("warm", ["W"])
    assert spent("few", codes[:1]) == spent("many", codes[1:])


def _take_back(world: World, codes: list[str]) -> None:
    with unit():
        serials.take_back(serials=world.units("reno", "PHONE", *codes))
