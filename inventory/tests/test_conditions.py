"""Conditions: the table of reasons says what moves where; what is promised stays on the shelf."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import reasons
from inventory.models import LotBalance, Reservation, Serial, StockMovement, StockPosition
from inventory.selectors.lots import UnknownLot
from inventory.selectors.serials import UnknownSerial
from inventory.services import (
    conditions,
    ledger,
    numbered,
    reservations,
    serials,
    stock,
    tracking,
)
from inventory.services.balances import Entry
from inventory.tests.factories import NOON, World, make_world
from inventory.types import ConditionChange, ReserveResult, SerialPick
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db

#: What each reason does to (on hand, quarantined, damaged, returned), and the kind of its movement.
TABLE = {
    "found": (1, 0, 0, 0, "adjusted"),
    "not_found": (-1, 0, 0, 0, "adjusted"),
    "stolen": (-1, 0, 0, 0, "adjusted"),
    "used_inside": (-1, 0, 0, 0, "adjusted"),
    "damaged": (-1, 0, 1, 0, "damaged"),
    "worn_display": (-1, 0, 1, 0, "damaged"),
    "quarantine": (-1, 1, 0, 0, "quarantined"),
    "expired": (-1, 1, 0, 0, "quarantined"),
    "passed_inspection": (1, -1, 0, 0, "restocked"),
    "failed_inspection": (0, -1, 1, 0, "damaged"),
    "return_passed": (1, 0, 0, -1, "restocked"),
    "return_failed": (0, 0, 1, -1, "damaged"),
    "return_aside": (0, 1, 0, -1, "quarantined"),
    "repaired": (1, 0, -1, 0, "restocked"),
    "scrapped": (0, 0, -1, 0, "scrapped"),
    "destroyed": (0, -1, 0, 0, "scrapped"),
    "return_destroyed": (0, 0, 0, -1, "scrapped"),
}
BALANCES = ("on_hand", "quarantined", "damaged", "returned")


def _move(
    world: World, reason: str, quantity: int = 1, *, sku: str = "TENT", **values: object
) -> ConditionChange:
    return ConditionChange(world.nodes["reno"], world.variants[sku], quantity, reason, **values)


def _change(*moves: ConditionChange, **options: object) -> None:
    with unit():
        conditions.change(moves=moves, **{"approval_above": Decimal(10**9), **options})


def _balances(world: World, sku: str = "TENT") -> tuple[int, ...]:
    position = world.position("reno", sku)
    return tuple(getattr(position, name) for name in BALANCES)


def _full(tracking_: str = "none") -> tuple[World, dict[str, object]]:
    """A world with ten units in every condition, and what a move of them must name."""
    world = make_world()
    world.track("TENT", tracking_)
    named: dict[str, object] = {}
    if tracking_ == "lot":
        named = {"lot_id": world.lot("TENT", "A")}
    _change(_move(world, "found", 40, **named))
    _change(
        _move(world, "quarantine", 20, **named),
        _move(world, "damaged", 10, **named),
        _move(world, "failed_inspection", 10, **named),
    )
    with unit():
        change = replace(world.change("reno", "TENT", 10), lot_id=named.get("lot_id"))
        stock.take_back(changes=[change], quarantine=True)
    return world, named


def _reserve(world: World, quantity: int, ref: str = "o") -> ReserveResult:
    with unit():
        return reservations.reserve(
            demands=[world.demand(ref, world.leg("reno", "TENT", quantity))]
        )


def test_the_table_is_the_reviewed_one() -> None:
    assert {
        code: (*(reason.deltas(1).get(name, 0) for name in BALANCES), reason.kind)
        for code, reason in reasons.REASONS.items()
    } == TABLE
    assert set(StockMovement.Kind.values) >= {row[-1] for row in TABLE.values()}
    adjusting = {code for code, reason in reasons.REASONS.items() if reason.is_adjustment}
    assert adjusting == {code for code, row in TABLE.items() if sum(row[:4]) != 0}


@pytest.mark.parametrize("tracked", ["none", "lot"])
@pytest.mark.parametrize("code", TABLE)
def test_every_reason_moves_what_the_table_says(code: str, tracked: str) -> None:
    world, named = _full(tracked)
    if code.startswith("return_"):
        _put_into_returned(world, named)
    before = _balances(world)

    with acting(actor="staff:7"):
        _change(_move(world, code, 3, note="shelf 4", document_ref="adj_1", **named))

    *deltas, kind = TABLE[code]
    assert _balances(world) == tuple(b + 3 * d for b, d in zip(before, deltas, strict=True))
    movement = StockMovement.objects.latest("pk")
    assert (movement.kind, movement.reason, movement.actor) == (kind, f"{code}; shelf 4", "staff:7")
    assert (movement.document_kind, movement.document_ref) == ("adjustment", "adj_1")
    if named:
        row = LotBalance.objects.get()
        assert tuple(getattr(row, name) for name in BALANCES) == _balances(world)
    assert ledger.verify().count == 0


def _put_into_returned(world: World, named: dict[str, object]) -> None:
    with unit():
        position = stock.lock(places={(world.nodes["reno"], world.variants["TENT"])})
        [standing] = position.values()
        entry = Entry(
            position_id=standing.id, kind="returned", document_kind="rma", document_ref="1",
            at=NOON, actor="t", returned=10, **named,
        )  # fmt: skip
        stock.settle(positions=position, entries=[entry], at=NOON)


def test_quarantine_takes_from_what_can_be_sold_at_once() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    _change(_move(world, "quarantine", 3))

    assert [s.available for s in _reserve(world, 3).short["o"]] == [2]
    _change(_move(world, "passed_inspection", 1))
    assert _reserve(world, 3).taken == ("o",)


def test_what_comes_back_on_sale_is_told() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    _change(_move(world, "quarantine", 3))

    _change(_move(world, "passed_inspection", 2))

    told = OutboxEvent.objects.filter(name="inventory.stock.received.v1").order_by("pk")
    assert [event.payload["units"] for event in told] == [5, 2]


def test_what_is_promised_stays_on_the_shelf() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    _reserve(world, 3)

    with pytest.raises(stock.NotEnoughOnHand) as refused:
        _change(_move(world, "quarantine", 2), _move(world, "damaged", 1))

    assert refused.value.data["promised"] == 3
    assert _balances(world) == (5, 0, 0, 0)
    _change(_move(world, "quarantine", 2))


def test_of_a_lot_what_is_promised_stays_though_another_has_enough() -> None:
    world = make_world()
    world.track("TENT", "lot")
    first, second = (world.lot("TENT", code) for code in ("A", "B"))
    for lot_id in (first, second):
        world.receive_lot("reno", "TENT", lot_id, 5)
    _reserve(world, 3)

    with pytest.raises(tracking.NotEnoughInLot):
        _change(_move(world, "quarantine", 3, lot_id=first))
    _change(_move(world, "quarantine", 5, lot_id=second))

    assert _balances(world) == (5, 5, 0, 0)
    with pytest.raises(tracking.NotEnoughInLot):
        _change(_move(world, "passed_inspection", 1, lot_id=first))
    assert ledger.verify().count == 0


@pytest.mark.parametrize(
    "code", [code for code, row in TABLE.items() if min(row[:4]) < 0 and row[0] != -1]
)
def test_no_condition_falls_below_nothing(code: str) -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    with pytest.raises(stock.NotEnoughAside) as refused:
        _change(_move(world, code, 1))

    assert "TENT at reno: 0 " in refused.value.detail
    assert _balances(world) == (5, 0, 0, 0)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"reason": "bored"}, conditions.UnknownReason),
        ({"quantity": 0}, InvalidQuantity),
        ({"quantity": -1}, InvalidQuantity),
        ({"quantity": 1.5}, InvalidQuantity),
        ({"quantity": True}, InvalidQuantity),
        ({"quantity": 100_000_001}, InvalidQuantity),
        ({"variant_id": 999_999}, stock.UnknownPlace),
        ({"node_id": 999_999}, stock.UnknownPlace),
        ({"lot_id": 999_999}, tracking.LotNotTracked),
        ({"serial": "A"}, serials.SerialNotTracked),
        ({"serial": "A", "quantity": 2}, InvalidQuantity),
    ],
)
def test_a_bad_move_is_refused_with_all_that_came_with_it(
    values: dict[str, object], error: type[OmsError]
) -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    good = _move(world, "damaged")

    with pytest.raises(error):
        _change(good, replace(good, **values))

    assert _balances(world) == (5, 0, 0, 0)


def test_a_lot_is_named_where_lots_are_tracked() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    for sku in world.variants:
        world.track(sku, "lot")
    world.receive_lot("reno", "TENT", world.lot("TENT", "A"), 5)
    other = world.lot("STOVE", "A")

    with pytest.raises(tracking.LotRequired):
        _change(_move(world, "damaged"))
    with pytest.raises(UnknownLot):
        _change(_move(world, "damaged", lot_id=other))

    assert _balances(world) == (5, 0, 0, 0)


def _phones(*codes: str) -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("PHONE",))
    world.track("PHONE", "serial")
    world.receive_units("reno", "PHONE", *codes)
    return world


def _unit(code: str) -> tuple[str | None, str]:
    row = Serial.objects.select_related("position__node").get(code=code)
    return row.position.node.code if row.position else None, row.condition


def test_a_numbered_unit_changes_its_own_condition_and_leaves_for_good() -> None:
    world = _phones("A", "B")

    _change(_move(world, "damaged", sku="PHONE", serial="A"))
    assert (_unit("A"), _unit("B")) == (("reno", "damaged"), ("reno", "on_hand"))
    _change(_move(world, "scrapped", sku="PHONE", serial="A"))

    assert _unit("A")[0] is None
    assert _balances(world, "PHONE") == (1, 0, 0, 0)
    trail = StockMovement.objects.filter(serial__code="A").order_by("pk")
    assert list(trail.values_list("kind", flat=True)) == ["received", "damaged", "scrapped"]
    assert ledger.verify().count == 0


def test_a_lost_unit_may_be_found_at_another_place() -> None:
    world = _phones("A")
    _change(_move(world, "not_found", sku="PHONE", serial="A"))

    found = replace(_move(world, "found", sku="PHONE", serial="A"), node_id=world.nodes["dallas"])
    _change(found)

    assert _unit("A") == ("dallas", "on_hand")
    with pytest.raises(numbered.SerialInStock):
        _change(found)
    assert ledger.verify().count == 0


def test_a_numbered_unit_is_moved_only_from_where_it_is() -> None:
    world = _phones("A", "B", "C")
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "PHONE", 1))])
        serials.assign(picks=[SerialPick(Reservation.objects.get().pk, ("B",))])
    _change(_move(world, "not_found", sku="PHONE", serial="C"))

    def refuse(reason: str, code: str, error: type[OmsError], **values: object) -> None:
        with pytest.raises(error):
            _change(replace(_move(world, reason, sku="PHONE", serial=code), **values))

    refuse("scrapped", "A", numbered.SerialElsewhere)
    refuse("damaged", "A", numbered.SerialElsewhere, node_id=world.nodes["dallas"])
    refuse("damaged", "B", numbered.SerialPromised)
    refuse("damaged", "C", numbered.SerialOut)
    refuse("damaged", "?", UnknownSerial)
    refuse("damaged", "", tracking.SerialsRequired)

    assert _balances(world, "PHONE") == (2, 0, 0, 0)
    assert not StockPosition.objects.filter(node_id=world.nodes["dallas"]).exists()


def test_much_value_needs_somebody_else() -> None:
    world = make_world()
    world.receive("reno", "TENT", 20)
    many = _move(world, "not_found", 6)  # 199.00 each

    with acting(actor="staff:7"):
        for approved_by in ("", "staff:7"):
            with pytest.raises(conditions.NeedsApproval) as refused, unit():
                conditions.change(moves=[many], approved_by=approved_by)
        assert _balances(world) == (20, 0, 0, 0)
        with unit():
            conditions.change(moves=[replace(many, quantity=5)])
            conditions.change(moves=[many], approved_by="staff:8")

    assert refused.value.data == {"value": "1194.0000", "currency": "USD", "limit": "1000"}
    assert _balances(world) == (9, 0, 0, 0)
    assert StockMovement.objects.latest("pk").reason == "not_found; approved by staff:8"


def test_the_value_is_that_of_all_adjustments_together_and_of_nothing_else() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    for sku in world.variants:
        world.receive("reno", sku, 20)
    three = [_move(world, "not_found", 3, sku=sku) for sku in ("TENT", "STOVE")]

    with pytest.raises(conditions.NeedsApproval), unit():
        conditions.change(moves=three)
    with unit():
        conditions.change(moves=[three[0], replace(three[1], reason="damaged")])
        conditions.change(moves=[replace(three[0], reason="quarantine", quantity=9)])

    assert _balances(world) == (8, 9, 0, 0)


def test_statements_do_not_grow_with_the_number_of_moves() -> None:
    skus = tuple(f"S{n}" for n in range(30))
    world = make_world(skus=skus)
    for sku in skus:
        world.receive("reno", sku, 2)

    def spent(some: tuple[str, ...]) -> int:
        with CaptureQueriesContext(connection) as captured:
            _change(*(_move(world, "damaged", sku=sku) for sku in some))
        return len(captured)

    assert spent(skus[:1]) == spent(skus[1:])
