"""Recalls: what remains is blocked, who has it is told, and every unit is accounted for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Lot, LotBalance, Recall, Reservation, Serial, StockMovement
from inventory.selectors import recalls as selectors
from inventory.selectors.lots import UnknownLot
from inventory.selectors.offers import UnknownSku
from inventory.selectors.serials import UnknownSerial
from inventory.services import conditions, ledger, lots, recalls, reservations, serials, stock
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import (
    ConditionChange,
    OpenWork,
    RecallBoard,
    RecallScope,
    Remaining,
    SerialPick,
    ShippedUnits,
)
from oms.core import clock
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


def _reserve(
    world: World, ref: str, quantity: int, *, sku: str = "TENT", node: str = "reno"
) -> None:
    with clock.virtual(NOON), unit():
        reservations.reserve(demands=[world.demand(ref, world.leg(node, sku, quantity))])


def _step(name: str, ref: str) -> None:
    with unit():
        if name == "release":
            reservations.release(items=[at_node(ref)], reason="x")
        else:
            getattr(reservations, name)(items=[at_node(ref, at=NOON)])


def _move(world: World, reason: str, quantity: int, lot_id: int) -> None:
    with unit():
        conditions.change(
            moves=[
                ConditionChange(
                    world.nodes["reno"], world.variants["TENT"], quantity, reason, lot_id=lot_id
                )
            ],
            approval_above=Decimal(10**9),
        )


def _call_back(world: World, scope: RecallScope, reason: str = "Breaks.") -> Recall:
    with acting(actor="staff:7"), unit():
        return recalls.call_back(
            organization_id=world.organization_id, scope=scope, reason=reason, at=NOON
        )


def _events(name: str = "inventory.stock.recalled.v1") -> list[dict[str, object]]:
    rows = OutboxEvent.objects.filter(name=name).order_by("id")
    return list(rows.values_list("payload", flat=True))


def _tents() -> tuple[World, int]:
    """20 tents of a lot: 2 allocated, 3 picked, 4 shipped, 1 in quarantine, 1 damaged, 1 scrapped,
    1 lost, the rest on the shelf; and another lot that is not concerned."""
    world = make_world(nodes_=("reno", "dallas"))
    world.track("TENT", "lot")
    lot_id, other = world.lot("TENT", "A"), world.lot("TENT", "B")
    world.receive_lot("reno", "TENT", lot_id, 15)
    world.receive_lot("dallas", "TENT", lot_id, 5)
    for ref, quantity in (("o1", 2), ("o2", 3), ("o3", 4)):
        _reserve(world, ref, quantity)
    _step("pick", "o2")
    _step("consume", "o3")
    _move(world, "quarantine", 1, lot_id)
    _move(world, "damaged", 2, lot_id)
    _move(world, "scrapped", 1, lot_id)
    _move(world, "not_found", 1, lot_id)
    world.receive_lot("reno", "TENT", other, 9)
    return world, lot_id


def test_the_board_says_where_every_unit_is() -> None:
    world, lot_id = _tents()

    board = selectors.get_board(scope=RecallScope((lot_id,)))

    reno, dallas, tent = world.nodes["reno"], world.nodes["dallas"], world.variants["TENT"]
    assert board == RecallBoard(
        received=20,
        parts=(
            ("on_shelf", 7),
            ("allocated", 2),
            ("picked", 3),
            ("quarantined", 1),
            ("damaged", 1),
            ("returned", 0),
            ("shipped", 4),
            ("scrapped", 1),
            ("on_the_way", 0),
            ("lost", 1),
        ),
        remaining=(Remaining(reno, 7, 5, 1, 1, 0), Remaining(dallas, 5, 0, 0, 0, 0)),
        open_work=(
            OpenWork("order", "o1", "1", reno, tent, 2, "allocated", lot_id=lot_id),
            OpenWork("order", "o2", "1", reno, tent, 3, "picked", lot_id=lot_id),
        ),
        shipped=(ShippedUnits("order", "o3", 4, NOON),),
    )
    assert board.is_balanced


def test_returns_make_what_was_shipped_less() -> None:
    world, lot_id = _tents()
    change = replace(world.change("dallas", "TENT", 1), lot_id=lot_id)
    with unit():
        stock.take_back(changes=[change], quarantine=True)
        stock.take_back(changes=[change], quarantine=False)

    board = selectors.get_board(scope=RecallScope((lot_id,)))

    parts = dict(board.parts)
    assert (parts["shipped"], parts["quarantined"], parts["on_shelf"]) == (2, 2, 8)
    assert board.shipped == (ShippedUnits("order", "o3", 4, NOON),)
    assert board.is_balanced


def test_a_balance_that_drifted_shows_in_the_sum() -> None:
    _, lot_id = _tents()
    LotBalance.objects.filter(lot_id=lot_id, allocated=5).update(on_hand=9)

    board = selectors.get_board(scope=RecallScope((lot_id,)))

    assert (board.received, board.accounted, board.is_balanced) == (20, 22, False)


def test_a_recall_blocks_what_remains_and_tells_whom_it_concerns() -> None:
    world, lot_id = _tents()

    recall = _call_back(world, RecallScope((lot_id,)))

    assert (recall.actor, recall.reason, recall.closed_at) == ("staff:7", "Breaks.", None)
    assert Lot.objects.get(pk=lot_id).block == "recalled"
    assert selectors.scope_of_recall(recall_id=recall.pk) == RecallScope((lot_id,))
    (event,) = _events()
    assert event["recall_ref"] == recall.public_id
    assert (event["lot_ids"], event["serial_ids"]) == ([lot_id], [])
    assert event["variant_ids"] == [world.variants["TENT"]]
    assert event["demands"] == [
        {"demand_kind": "order", "demand_ref": "o1", "units": 2, "is_shipped": False},
        {"demand_kind": "order", "demand_ref": "o2", "units": 3, "is_shipped": False},
        {"demand_kind": "order", "demand_ref": "o3", "units": 4, "is_shipped": True},
    ]
    (blocked,) = _events("inventory.lot.blocked.v1")
    assert [d["demand_ref"] for d in blocked["demands"]] == ["o1"]
    with clock.virtual(NOON), unit():
        result = reservations.reserve(demands=[world.demand("o4", world.leg("reno", "TENT", 10))])
    assert [s.available for s in result.short["o4"]] == [9]
    assert ledger.verify().count == 0


def test_the_same_recall_again_is_the_same_and_tells_nobody() -> None:
    world, lot_id = _tents()
    other = Lot.objects.get(code="B").pk

    first = _call_back(world, RecallScope((lot_id,)))
    again = _call_back(world, RecallScope((lot_id,)), "Breaks again.")
    wider = _call_back(world, RecallScope((lot_id, other)))

    assert first == again != wider
    assert first.reason == again.reason
    assert [event["lot_ids"] for event in _events()] == [[lot_id], [lot_id, other]]
    assert len(_events("inventory.lot.blocked.v1")) == 2


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_recall_names_its_goods_and_its_reason(reason: str) -> None:
    world, lot_id = _tents()

    for scope, said in ((RecallScope((lot_id,)), reason), (RecallScope(), "Breaks.")):
        with pytest.raises(recalls.NothingRecalled):
            _call_back(world, scope, said)
    for scope, error in (
        (RecallScope((lot_id, 999_999)), UnknownLot),
        (RecallScope((lot_id,), (999_999,)), UnknownSerial),
    ):
        with pytest.raises(error):
            _call_back(world, scope)
    with pytest.raises(UnknownLot), unit():
        recalls.call_back(
            organization_id=world.organization_id + 1, scope=RecallScope((lot_id,)), reason="x"
        )

    assert not Recall.objects.exists()
    assert Lot.objects.get(pk=lot_id).block == ""


def test_a_recalled_lot_stays_blocked_until_the_recall_is_closed() -> None:
    world, lot_id = _tents()
    recall = _call_back(world, RecallScope((lot_id,)))

    for act in (
        lambda: lots.unblock(lot_ids=[lot_id], reason="x"),
        lambda: lots.block(lot_ids=[lot_id], block="hold", reason="x"),
    ):
        with pytest.raises(lots.LotRecalled), unit():
            act()
    with pytest.raises(recalls.RecallUnfinished) as refused, unit():
        recalls.close(recall_id=recall.pk)
    assert refused.value.data == {"promised": 5, "missing": 0}
    for ref in ("o1", "o2"):
        _step("release", ref)
    with unit():
        recalls.close(recall_id=recall.pk, at=NOON)
        recalls.close(recall_id=recall.pk)
        lots.unblock(lot_ids=[lot_id], reason="was fine")

    recall.refresh_from_db()
    assert recall.closed_at == NOON
    assert Lot.objects.get(pk=lot_id).block == ""


def test_a_recall_nobody_made_is_not_closed() -> None:
    with pytest.raises(recalls.UnknownRecall), unit():
        recalls.close(recall_id=1)


def _phones(*, lot: str = "") -> tuple[World, dict[str, int], int | None]:
    world = make_world(skus=("TENT", "PHONE"))
    world.track("PHONE", "serial")
    lot_id = world.lot("PHONE", lot) if lot else None
    with unit():
        keys = serials.receive(
            serials=world.units("reno", "PHONE", "A", "B", "C", lot_id=lot_id), at=NOON
        )
        serials.receive(serials=world.units("reno", "PHONE", "D"), at=NOON)
    for ref, code in (("gone", "A"), ("open", "B")):
        _reserve(world, ref, 1, sku="PHONE")
        with unit():
            row = Reservation.objects.get(demand_ref=ref)
            serials.assign(picks=[SerialPick(row.pk, (code,))])
    _step("consume", "gone")
    return world, keys, lot_id


@pytest.mark.parametrize("by", ["lot", "serials"])
def test_numbered_units_are_recalled_by_number_or_by_their_lot(by: str) -> None:
    world, keys, lot_id = _phones(lot="L" if by == "lot" else "")
    assert lot_id is None or by == "lot"
    scope = RecallScope((lot_id,)) if lot_id else RecallScope((), tuple(keys.values()))

    recall = _call_back(world, scope)

    board = selectors.get_board(scope=selectors.scope_of_recall(recall_id=recall.pk))
    assert {code: units for code, units in board.parts if units} == {
        "on_shelf": 1, "allocated": 1, "shipped": 1,
    }  # fmt: skip
    assert (board.received, board.is_balanced) == (3, True)
    assert [(w.demand_ref, w.serial_id) for w in board.open_work] == [("open", keys["B"])]
    assert [(s.demand_ref, s.quantity) for s in board.shipped] == [("gone", 1)]
    with clock.virtual(NOON), unit():
        result = reservations.reserve(demands=[world.demand("o", world.leg("reno", "PHONE", 2))])
    assert [s.available for s in result.short["o"]] == [1]
    if by == "serials":
        with pytest.raises(serials.SerialRecalled), unit():
            serials.unblock(serial_ids=[keys["C"]])


def test_a_returned_unit_of_a_recall_is_not_sold_again() -> None:
    world, keys, _ = _phones()
    _call_back(world, RecallScope((), (keys["A"],)))

    with unit():
        serials.take_back(serials=world.units("reno", "PHONE", "A"))

    assert Serial.objects.get(pk=keys["A"]).block == "recalled"
    board = selectors.get_board(scope=RecallScope((), (keys["A"],)))
    assert dict(board.parts)["on_shelf"] == 1
    assert board.is_balanced


def _counts() -> dict[str, int]:
    models = [*apps.get_app_config("inventory").get_models(), OutboxEvent]
    return {model._meta.label: model.objects.count() for model in models}


def _run(*args: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], dict[str, object]]:
    capsys.readouterr()
    call_command("recall", "--sku", "TENT", "--reason", "Breaks.", "--json", *args)
    *lines, last = capsys.readouterr().out.splitlines()
    return lines, json.loads(last)


def test_a_drill_shows_the_board_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _, lot_id = _tents()
    before = _counts()

    lines, drill = _run("--lot", "A", "--drill", capsys=capsys)

    assert _counts() == before
    assert Lot.objects.get(pk=lot_id).block == ""
    _, real = _run("--lot", "A", capsys=capsys)
    recall = Recall.objects.get()
    assert {**drill, "recall": recall.public_id} == real
    assert drill["recall"] is None
    assert lines[0].startswith("Drill")


def test_the_command_blocks_and_accounts_for_every_unit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, lot_id = _tents()

    lines, result = _run("--lot", "A", "--lot", "B", capsys=capsys)

    assert set(Lot.objects.values_list("block", flat=True)) == {"recalled"}
    assert (result["received"], result["accounted"]) == (29, 29)
    assert result["parts"]["shipped"] == 4
    assert [w["demand_ref"] for w in result["open_work"]] == ["o1", "o2"]
    assert [(s["demand_ref"], s["quantity"]) for s in result["shipped"]] == [("o3", 4)]
    assert "29 received = 29 accounted for." in lines
    _, again = _run("--lot", "B", "--lot", "A", capsys=capsys)
    assert again == result
    assert Recall.objects.count() == 1


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["--sku", "TENT", "--lot", "?"], UnknownLot),
        (["--sku", "TENT", "--serial", "?"], UnknownSerial),
        (["--sku", "?", "--lot", "A"], UnknownSku),
        (["--sku", "TENT"], recalls.NothingRecalled),
    ],
)
@pytest.mark.parametrize("drill", [[], ["--drill"]])
def test_the_command_refuses_what_it_does_not_know(
    args: list[str], error: type[OmsError], drill: list[str]
) -> None:
    _tents()
    before = _counts()

    with pytest.raises(CommandError) as refused:
        call_command("recall", "--reason", "x", *args, *drill)

    assert isinstance(refused.value.__cause__, error)
    assert _counts() == before


def test_the_command_fails_when_units_are_not_accounted_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, lot_id = _tents()
    LotBalance.objects.filter(lot_id=lot_id, allocated=5).update(on_hand=9)

    with pytest.raises(SystemExit) as stopped:
        _run("--lot", "A", "--drill", capsys=capsys)

    assert stopped.value.code == 1
    assert "20 received, 22 accounted for: look at the ledger." in capsys.readouterr().out


def _try(act: Callable[[], object]) -> None:
    """A refusal is an answer, too: it changes nothing."""
    try:
        with unit():
            act()
    except OmsError:
        return


def _change(world: World, rng: random.Random, lot_id: int) -> stock.StockChange:
    node = rng.choice(("reno", "dallas"))
    return replace(world.change(node, "TENT", rng.randint(1, 6)), lot_id=lot_id)


_REASONS = (
    "quarantine", "damaged", "passed_inspection", "scrapped", "destroyed", "repaired", "not_found",
    "found",
)  # fmt: skip


def _random_step(world: World, rng: random.Random, lot_ids: list[int], n: int) -> None:
    lot_id = rng.choice(lot_ids)
    change = _change(world, rng, lot_id)
    ref = f"o{rng.randint(max(0, n - 40), n)}"
    at = [at_node(ref)]
    leg = world.leg(rng.choice(("reno", "dallas")), "TENT", rng.randint(1, 8))
    move = ConditionChange(
        change.node_id, change.variant_id, rng.randint(1, 2),
        rng.choice(_REASONS), lot_id=lot_id,
    )  # fmt: skip
    lots_ = [lot_id]
    acts: list[tuple[int, Callable[[], object]]] = [
        (3, lambda: stock.receive(changes=[change])),
        (5, lambda: reservations.reserve(demands=[world.demand(f"o{n}", leg)])),
        (3, lambda: reservations.pick(items=at)),
        (4, lambda: reservations.consume(items=at)),
        (3, lambda: reservations.release(items=at, reason="x")),
        (2, lambda: stock.take_back(changes=[change], quarantine=rng.random() < 0.5)),
        (8, lambda: conditions.change(moves=[move], approval_above=Decimal(10**9))),
        (2, lambda: stock.adjust(changes=[replace(change, quantity=-change.quantity)])),
        (1, lambda: lots.block(lot_ids=lots_, block="hold", reason="x")),
        (1, lambda: lots.unblock(lot_ids=lots_, reason="x")),
    ]
    [act] = rng.choices([act for _, act in acts], weights=[weight for weight, _ in acts])
    _try(act)


@pytest.mark.parametrize("seed", range(3))
def test_the_board_adds_up_whatever_happened(seed: int) -> None:
    rng = random.Random(seed)
    world = make_world(nodes_=("reno", "dallas"))
    world.track("TENT", "lot")
    lot_ids = [world.lot("TENT", code) for code in "ABC"]
    for lot_id in lot_ids:
        world.receive_lot("reno", "TENT", lot_id, 30)

    for n in range(160):
        _random_step(world, rng, lot_ids, n)

    boards = [selectors.get_board(scope=RecallScope((lot_id,))) for lot_id in lot_ids]
    together = selectors.get_board(scope=RecallScope(tuple(lot_ids)))
    assert [board.accounted for board in boards] == [board.received for board in boards]
    assert together.received == sum(board.received for board in boards) > 90
    assert together.is_balanced
    kinds = set(StockMovement.objects.values_list("kind", flat=True))
    assert kinds >= {
        "received", "allocated", "released", "shipped", "returned", "quarantined", "adjusted",
        "scrapped", "damaged", "restocked",
    }  # fmt: skip
    assert ledger.verify().count == 0


def test_the_board_costs_the_same_for_many_lots() -> None:
    world = make_world()
    world.track("TENT", "lot")
    lot_ids = tuple(world.lot("TENT", f"L{n}") for n in range(20))
    for n, lot_id in enumerate(lot_ids):
        world.receive_lot("reno", "TENT", lot_id, 2)
        _reserve(world, f"o{n}", 1)

    def spent(act: Callable[[], object]) -> int:
        with CaptureQueriesContext(connection) as captured:
            act()
        return len(captured)

    few, many = RecallScope(lot_ids[:1]), RecallScope(lot_ids[1:])
    assert spent(lambda: selectors.get_board(scope=few)) == spent(
        lambda: selectors.get_board(scope=many)
    )
    assert spent(lambda: _call_back(world, few)) == spent(lambda: _call_back(world, many))
