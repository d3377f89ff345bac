"""Lots: first to expire goes first, blocked and expired ones are never promised, and every unit
belongs to one."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Lot, LotBalance, Reservation, StockMovement, StockPosition
from inventory.selectors.lots import UnknownLot
from inventory.services import ledger, lots, reservations, stock, tracking
from inventory.services.lots import InvalidLot
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import Demand, LotDraft, OpenWork, ReserveResult, StockChange
from oms.core import clock
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db

TODAY = NOON.date()


def _day(days: int) -> date:
    return TODAY + timedelta(days=days)


def _world() -> World:
    world = make_world()
    world.track("TENT", "lot")
    return world


def _reserve(*demands: Demand) -> ReserveResult:
    with clock.virtual(NOON), unit():
        return reservations.reserve(demands=demands)


def _lots_of(ref: str) -> list[tuple[str, int]]:
    rows = Reservation.objects.filter(demand_ref=ref).order_by("pk")
    return list(rows.values_list("lot__code", "quantity"))


def _events(name: str) -> list[dict[str, object]]:
    rows = OutboxEvent.objects.filter(name=name).order_by("id")
    return list(rows.values_list("payload", flat=True))


def _lot_balance(lot_id: int) -> tuple[int, int]:
    row = LotBalance.objects.get(lot_id=lot_id)
    return row.on_hand, row.allocated


@dataclass
class _Plan:
    """One lot as the brute force sees it."""

    pk: int
    units: int
    last_day: date | None
    is_blocked: bool


def _brute_force(shelf: list[_Plan], quantity: int, day: date) -> dict[int, int] | None:
    """Unit by unit, from the lot that must leave first; None where it does not fit."""
    left = {plan.pk: plan.units for plan in shelf}
    taken: dict[int, int] = defaultdict(int)
    for _ in range(quantity):
        good = [
            plan
            for plan in shelf
            if left[plan.pk] and not plan.is_blocked and (not plan.last_day or plan.last_day > day)
        ]
        if not good:
            return None
        first = min(good, key=lambda plan: (plan.last_day or date.max, plan.pk))
        left[first.pk] -= 1
        taken[first.pk] += 1
    for plan in shelf:
        plan.units = left[plan.pk]
    return dict(taken)


def _stock_up(
    world: World, rng: random.Random, skus: list[str], lots_each: int
) -> dict[str, list[_Plan]]:
    drafts, removals = [], (-3, 0, 1, 2, 5, 9, 14, None)
    for sku in skus:
        for n in range(lots_each):
            removal, gap = rng.choice(removals), rng.choice((0, 1, 4, None))
            expiry = None if gap is None else _day((removal or 6) + gap)
            drafts.append(
                LotDraft(
                    world.variants[sku],
                    f"L{n}",
                    expires_on=expiry,
                    removal_on=None if removal is None else _day(removal),
                )
            )
    units = {(d.variant_id, d.code): rng.randint(1, 4) for d in drafts}
    with unit():
        keys = lots.register(drafts=drafts)
        reno = world.nodes["reno"]
        stock.receive(
            changes=[
                StockChange(reno, d.variant_id, units[d.variant_id, d.code],
                            lot_id=keys[d.variant_id, d.code])
                for d in drafts
            ],
            allow_expired=True,
        )  # fmt: skip
        blocked = set(rng.sample(sorted(keys.values()), len(keys) // 6))
        lots.block(lot_ids=blocked, block="hold", reason="test")
    shelves: dict[str, list[_Plan]] = {}
    for sku in skus:
        variant = world.variants[sku]
        shelves[sku] = [
            _Plan(keys[variant, d.code], units[variant, d.code], d.removal_on or d.expires_on,
                  keys[variant, d.code] in blocked)
            for d in drafts
            if d.variant_id == variant
        ]  # fmt: skip
    return shelves


def test_5000_random_lots_are_taken_as_by_brute_force() -> None:
    rng = random.Random(5000)
    skus = [f"S{n}" for n in range(50)]
    world = make_world(skus=tuple(skus))
    for sku in skus:
        world.track(sku, "lot")
    shelves = _stock_up(world, rng, skus, lots_each=100)
    demands, expected = [], {}
    for n in range(600):
        sku, quantity = rng.choice(skus), rng.randint(1, 30)
        day = _day(rng.choice((0, 0, 1, 4, 8)))
        ref = f"o{n}"
        demands.append(replace(world.demand(ref, world.leg("reno", sku, quantity)), needed_on=day))
        expected[ref] = _brute_force(shelves[sku], quantity, day)

    result = _reserve(*demands)

    taken: dict[str, dict[int, int]] = defaultdict(dict)
    rows = Reservation.objects.values_list("demand_ref", "lot_id", "quantity")
    for ref, lot_id, quantity in rows:
        taken[ref][lot_id] = quantity
    assert Lot.objects.count() == 5_000
    assert {ref: taken.get(ref) for ref in expected} == expected
    assert result.short.keys() == {ref for ref, lots_ in expected.items() if lots_ is None}
    assert 50 < len(result.short) < 550
    assert ledger.verify().count == 0


def test_a_lot_without_a_removal_date_goes_by_its_expiry() -> None:
    world = _world()
    late = world.lot("TENT", "late", _day(30), removal_on=_day(20))
    soon = world.lot("TENT", "soon", _day(10))
    ever = world.lot("TENT", "ever")
    for lot_id in (ever, late, soon):
        world.receive_lot("reno", "TENT", lot_id, 2)

    _reserve(world.demand("o", world.leg("reno", "TENT", 5)))

    assert _lots_of("o") == [("soon", 2), ("late", 2), ("ever", 1)]


@pytest.mark.parametrize("needed", [None, 9])
def test_what_expires_by_the_day_it_is_needed_is_neither_promised_nor_counted(
    needed: int | None,
) -> None:
    world = _world()
    last_day = _day(needed or 0)
    short = world.lot("TENT", "short", last_day)
    good = world.lot("TENT", "good", last_day + timedelta(days=1))
    with unit():
        stock.receive(
            changes=[
                replace(world.change("reno", "TENT", 4), lot_id=short),
                replace(world.change("reno", "TENT", 3), lot_id=good),
            ],
            at=NOON,
            allow_expired=True,
        )
    day = None if needed is None else _day(needed)
    legs = [world.leg("reno", "TENT", quantity) for quantity in (4, 3)]

    result = _reserve(
        replace(world.demand("many", legs[0]), needed_on=day),
        replace(world.demand("few", legs[1]), needed_on=day),
    )

    assert result.taken == ("few",)
    assert [s.available for s in result.short["many"]] == [3]
    assert _lots_of("few") == [("good", 3)]


def test_a_blocked_lot_is_not_promised_and_told_with_who_waits_for_it() -> None:
    world = _world()
    first, second = world.lot("TENT", "A", _day(9)), world.lot("TENT", "B", _day(20))
    for lot_id in (first, second):
        world.receive_lot("reno", "TENT", lot_id, 5)
    _reserve(world.demand("o1", world.leg("reno", "TENT", 2)))
    _reserve(world.demand("o2", world.leg("reno", "TENT", 1)))
    with unit():
        reservations.pick(items=[at_node("o2")])

    with acting(actor="staff:7"), unit():
        work = lots.block(lot_ids=[first], block="hold", reason="smells", at=NOON)

    reno, tent = world.nodes["reno"], world.variants["TENT"]
    assert work == [
        OpenWork("order", "o1", "1", reno, tent, 2, "allocated", lot_id=first),
        OpenWork("order", "o2", "1", reno, tent, 1, "picked", lot_id=first),
    ]
    (event,) = _events("inventory.lot.blocked.v1")
    assert (event["lot_id"], event["variant_id"], event["block"]) == (first, tent, "hold")
    assert event["node_ids"] == [reno]
    assert event["demands"] == [
        {"demand_kind": "order", "demand_ref": "o1", "node_id": reno, "units": 2}
    ]
    result = _reserve(world.demand("o3", world.leg("reno", "TENT", 6)))
    assert [s.available for s in result.short["o3"]] == [5]
    assert _lot_balance(first) == (5, 3)
    past = Lot.history.filter(id=first).latest()
    assert (past.block, past.history_change_reason) == ("hold", "staff:7: smells")
    assert ledger.verify().count == 0


def test_a_hold_does_not_outlive_the_block_of_the_only_lot() -> None:
    world = _world()
    lot_id = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot_id, 5)
    demand = world.demand("cart", world.leg("reno", "TENT", 2))
    with unit():
        reservations.hold(demands=[demand], expires_at=NOON + timedelta(hours=1))
        lots.block(lot_ids=[lot_id], block="hold", reason="smells")

    result = _reserve(demand)

    assert result.taken == ()
    assert [s.available for s in result.short["cart"]] == [0]


def test_blocking_again_says_the_same_and_tells_nobody() -> None:
    world = _world()
    lot_id = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot_id, 5)
    _reserve(world.demand("o", world.leg("reno", "TENT", 1)))

    with unit():
        first = lots.block(lot_ids=[lot_id], block="hold", reason="x")
        again = lots.block(lot_ids=[lot_id], block="hold", reason="x")

    assert first == again != []
    assert len(_events("inventory.lot.blocked.v1")) == 1
    assert Lot.history.filter(id=lot_id).count() == 2


def test_an_unblocked_lot_is_sold_again() -> None:
    world = _world()
    lot_id = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot_id, 5)
    with unit():
        lots.block(lot_ids=[lot_id], block="quarantine", reason="x")
        lots.unblock(lot_ids=[lot_id], reason="fine")

    assert _reserve(world.demand("o", world.leg("reno", "TENT", 5))).taken == ("o",)
    (event,) = _events("inventory.lot.unblocked.v1")
    assert (event["lot_id"], event["node_ids"]) == (lot_id, [world.nodes["reno"]])


def test_very_many_demands_are_told_in_several_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "EVENT_DEMANDS", 2)
    world = _world()
    lot_id = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot_id, 5)
    _reserve(*(world.demand(f"o{n}", world.leg("reno", "TENT", 1)) for n in range(5)))

    with unit():
        lots.block(lot_ids=[lot_id], block="hold", reason="x")

    told = [event["demands"] for event in _events("inventory.lot.blocked.v1")]
    assert [len(part) for part in told] == [2, 2, 1]
    assert [d["demand_ref"] for part in told for d in part] == ["o0", "o1", "o2", "o3", "o4"]


@pytest.mark.parametrize(("block", "error"), [("", InvalidLot), ("sold", InvalidLot)])
def test_a_block_that_is_none_is_refused(block: str, error: type[OmsError]) -> None:
    lot_id = _world().lot("TENT", "A")

    with pytest.raises(error), unit():
        lots.block(lot_ids=[lot_id], block=block, reason="x")
    with pytest.raises(UnknownLot), unit():
        lots.block(lot_ids=[lot_id, 999_999], block="hold", reason="x")

    assert Lot.objects.get(pk=lot_id).block == ""


def test_a_lot_is_brought_up_to_date_by_its_code_and_keeps_its_past() -> None:
    world = _world()
    variant = world.variants["TENT"]
    draft = LotDraft(variant, "A", _day(9), cost_amount=Decimal("4.50"), cost_currency="USD")

    with acting(actor="key:erp"), unit():
        made = lots.register(drafts=[draft])
        same = lots.register(drafts=[draft])
        lots.register(drafts=[replace(draft, removal_on=_day(7))])

    lot = Lot.objects.get()
    assert made == same == {(variant, "A"): lot.pk}
    assert (lot.expires_on, lot.removal_on, lot.cost_amount) == (_day(9), _day(7), Decimal("4.50"))
    past = list(lot.history.order_by("history_id"))
    assert [p.removal_on for p in past] == [None, _day(7)]
    assert {p.history_change_reason for p in past} == {"key:erp"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": ""},
        {"code": " A"},
        {"code": "x" * 61},
        {"expires_on": _day(1), "removal_on": _day(2)},
        {"cost_amount": Decimal(-1), "cost_currency": "USD"},
        {"cost_amount": Decimal(1)},
    ],
)
def test_a_wrong_lot_is_refused_and_none_is_made(wrong: dict[str, object]) -> None:
    world = _world()
    good = LotDraft(world.variants["TENT"], "GOOD")

    with pytest.raises(InvalidLot) as refused, unit():
        lots.register(drafts=[good, replace(good, **{"code": "A", **wrong})])

    assert refused.value.errors[0].pointer.startswith("/1/")
    assert not Lot.objects.exists()


def test_a_lot_named_twice_or_of_untracked_goods_is_refused() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.track("TENT", "lot")
    tent, stove = (LotDraft(world.variants[sku], "A") for sku in ("TENT", "STOVE"))

    with pytest.raises(InvalidLot), unit():
        lots.register(drafts=[tent, tent])
    with pytest.raises(tracking.LotNotTracked), unit():
        lots.register(drafts=[tent, stove])

    assert not Lot.objects.exists()


def _book(service: str, change: StockChange) -> None:
    with unit():
        if service == "take_back":
            stock.take_back(changes=[change], quarantine=False)
        else:
            getattr(stock, service)(changes=[change])


@pytest.mark.parametrize("service", ["receive", "adjust", "take_back"])
def test_stock_names_a_lot_exactly_where_lots_are_tracked(service: str) -> None:
    world = make_world(skus=("TENT", "STOVE", "LAMP"))
    world.track("TENT", "lot")
    world.track("LAMP", "serial")
    tent, lamp = world.lot("TENT", "A"), world.lot("LAMP", "A")

    for sku, lot_id, error in [
        ("TENT", None, tracking.LotRequired),
        ("TENT", lamp, UnknownLot),
        ("TENT", 999_999, UnknownLot),
        ("STOVE", tent, tracking.LotNotTracked),
        ("LAMP", None, tracking.SerialsRequired),
    ]:
        with pytest.raises(error) as refused:
            _book(service, replace(world.change("reno", sku, 1), lot_id=lot_id))
        assert refused.value.errors[0].pointer.startswith("/0/")
    assert not StockPosition.objects.exists()
    _book(service, replace(world.change("reno", "TENT", 1), lot_id=tent))

    assert _lot_balance(tent) == (1, 0)
    assert StockMovement.objects.get().lot_id == tent


@pytest.mark.parametrize("dates", [{"expires_on": TODAY}, {"removal_on": TODAY}])
def test_a_lot_past_its_last_day_is_received_only_knowingly(dates: dict[str, date]) -> None:
    world = _world()
    lot_id = world.lot("TENT", "A", **dates)
    change = replace(world.change("reno", "TENT", 3), lot_id=lot_id)

    with pytest.raises(tracking.LotExpired) as refused, unit():
        stock.receive(changes=[change], at=NOON)
    assert not StockPosition.objects.exists()
    with unit():
        stock.receive(changes=[change], at=NOON, allow_expired=True)

    assert refused.value.errors[0].pointer == "/0/lot_id"
    assert world.position("reno", "TENT").on_hand == 3


def test_a_lot_is_not_adjusted_below_what_is_promised_of_it() -> None:
    world = _world()
    first, second = world.lot("TENT", "A", _day(9)), world.lot("TENT", "B", _day(20))
    for lot_id in (first, second):
        world.receive_lot("reno", "TENT", lot_id, 5)
    _reserve(world.demand("o", world.leg("reno", "TENT", 2)))
    change = world.change("reno", "TENT", -4)

    with pytest.raises(tracking.NotEnoughInLot) as refused, unit():
        stock.adjust(changes=[replace(change, lot_id=first)])
    with unit():
        stock.adjust(changes=[replace(change, lot_id=second)])

    assert refused.value.data == {
        "lot": "A", "balance": "on_hand", "units": 5, "promised": 2, "change": -4,
    }  # fmt: skip
    assert (_lot_balance(first), _lot_balance(second)) == ((5, 2), (1, 0))


def test_a_shipped_lot_leaves_its_balance_with_the_position() -> None:
    world = _world()
    lot_id = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot_id, 5)
    _reserve(*(world.demand(ref, world.leg("reno", "TENT", 2)) for ref in ("o1", "o2")))

    with unit():
        reservations.consume(items=[at_node("o1")])
        reservations.release(items=[at_node("o2")], reason="cancelled")

    assert _lot_balance(lot_id) == (3, 0)
    shipped = StockMovement.objects.get(kind="shipped")
    assert (shipped.lot_id, shipped.on_hand_delta, shipped.document_ref) == (lot_id, -2, "o1")
    assert ledger.verify().count == 0


def test_what_may_be_oversold_is_of_no_lot_and_not_promised() -> None:
    world = _world()
    lot_id = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot_id, 2)
    StockPosition.objects.update(oversell_limit=5)

    result = _reserve(
        world.demand("many", world.leg("reno", "TENT", 3)),
        world.demand("all", world.leg("reno", "TENT", 2)),
    )

    assert result.taken == ("all",)
    assert [s.available for s in result.short["many"]] == [2]


def test_statements_do_not_grow_with_the_number_of_lots() -> None:
    world = _world()
    drafts = [LotDraft(world.variants["TENT"], f"L{n}") for n in range(80)]

    def spent(some: list[LotDraft]) -> list[int]:
        costs = []
        for act in (_register, _receive, _block):
            with CaptureQueriesContext(connection) as captured, unit():
                act(world, some)
            costs.append(len(captured))
        return costs

    assert spent(drafts[:1]) == spent(drafts[1:])


def _register(world: World, drafts: list[LotDraft]) -> None:
    lots.register(drafts=drafts)


def _receive(world: World, drafts: list[LotDraft]) -> None:
    keys = dict(Lot.objects.values_list("code", "pk"))
    change = world.change("reno", "TENT", 1)
    stock.receive(changes=[replace(change, lot_id=keys[draft.code]) for draft in drafts])


def _block(world: World, drafts: list[LotDraft]) -> None:
    keys = Lot.objects.filter(code__in=[draft.code for draft in drafts]).values_list("pk")
    lots.block(lot_ids=[pk for (pk,) in keys], block="hold", reason="x")


def test_what_was_promised_of_a_blocked_lot_is_not_picked() -> None:
    world = _world()
    lot = world.lot("TENT", "A")
    world.receive_lot("reno", "TENT", lot, 2)
    _reserve(world.demand("o", world.leg("reno", "TENT", 2)))
    with unit():
        lots.block(lot_ids=[lot], block="recalled", reason="glass")

    with pytest.raises(lots.LotIsBlocked), unit():
        reservations.pick(items=[at_node("o")])

    assert Reservation.objects.get().status == "allocated"
