"""Physical stock: what may be booked, what is refused by name, and the ledger behind it."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory.models import StockMovement, StockPosition
from inventory.selectors import stock as stock_selectors
from inventory.services import ledger, reservations, stock
from inventory.tests.factories import NOON, World, make_world
from inventory.types import LedgerDifference, NodeStock, StockChange
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


def _received() -> list[dict[str, object]]:
    rows = OutboxEvent.objects.filter(name="inventory.stock.received.v1").order_by("id")
    return list(rows.values_list("payload", flat=True))


def test_receive_makes_the_position_adds_up_and_tells_once_per_node() -> None:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE"))

    with unit():
        stock.receive(
            changes=[
                world.change("reno", "TENT", 3),
                world.change("reno", "TENT", 4),
                world.change("reno", "STOVE", 1),
                world.change("dallas", "TENT", 2),
            ],
            at=NOON,
        )

    assert world.position("reno", "TENT").on_hand == 7
    movements = StockMovement.objects.filter(position=world.position("reno", "TENT"))
    assert sorted(movements.values_list("kind", "on_hand_delta", "document_ref")) == [
        ("received", 3, "asn_1"),
        ("received", 4, "asn_1"),
    ]
    told = {event["node_id"]: (event["units"], event["variant_ids"]) for event in _received()}
    assert told == {
        world.nodes["reno"]: (8, sorted(world.variants.values())),
        world.nodes["dallas"]: (2, [world.variants["TENT"]]),
    }


@pytest.mark.parametrize("quantity", [0, -1, 100_000_001, True])
def test_receive_refuses_what_is_no_delivery(quantity: int) -> None:
    world = make_world()

    with pytest.raises(InvalidQuantity), unit():
        stock.receive(changes=[world.change("reno", "TENT", quantity)])

    assert not StockPosition.objects.exists()


def test_unknown_places_are_refused_and_nothing_is_booked() -> None:
    world = make_world()
    changes = [world.change("reno", "TENT", 1), StockChange(world.nodes["reno"], 999_999, 1)]

    with pytest.raises(stock.UnknownPlace), unit():
        stock.receive(changes=changes)

    assert not StockPosition.objects.exists()


def test_adjust_may_take_down_to_what_is_promised_and_no_further() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 2))])

    with unit():
        stock.adjust(changes=[world.change("reno", "TENT", -3)])
    with pytest.raises(stock.NotEnoughOnHand) as refused, unit():
        stock.adjust(changes=[world.change("reno", "TENT", -1)])

    assert world.position("reno", "TENT").on_hand == 2
    assert refused.value.data == {
        "node": "reno",
        "sku": "TENT",
        "on_hand": 2,
        "promised": 2,
        "change": -1,
    }
    assert "TENT at reno" in refused.value.detail


def test_adjust_never_goes_below_zero() -> None:
    world = make_world()

    with pytest.raises(stock.NotEnoughOnHand), unit():
        stock.adjust(changes=[world.change("reno", "TENT", -1)])
    with pytest.raises(stock.NothingChanges), unit():
        stock.adjust(changes=[world.change("reno", "TENT", 0)])

    assert not StockPosition.objects.exists()


def test_adjust_tells_of_growth_only() -> None:
    world = make_world()
    with unit():
        stock.adjust(changes=[world.change("reno", "TENT", 5)])
        stock.adjust(changes=[world.change("reno", "TENT", -2)])

    assert [event["units"] for event in _received()] == [5]


def test_returns_go_back_on_sale_or_into_quarantine() -> None:
    world = make_world()

    with unit():
        stock.take_back(changes=[world.change("reno", "TENT", 2)], quarantine=False)
        stock.take_back(changes=[world.change("reno", "TENT", 3)], quarantine=True)

    position = world.position("reno", "TENT")
    assert (position.on_hand, position.quarantined) == (2, 3)
    assert [event["units"] for event in _received()] == [2]
    assert set(StockMovement.objects.values_list("kind", flat=True)) == {"returned", "quarantined"}


def test_statements_do_not_grow_with_the_number_of_changes() -> None:
    world = make_world(skus=tuple(f"S{i}" for i in range(40)))

    def spent(skus: list[str]) -> int:
        with CaptureQueriesContext(connection) as captured, unit():
            stock.receive(changes=[world.change("reno", sku, 1) for sku in skus])
        return len(captured)

    assert spent(["S0"]) == spent([f"S{i}" for i in range(40)])


@pytest.mark.parametrize("statement", ["UPDATE {} SET on_hand_delta = 9", "DELETE FROM {}"])
def test_movements_cannot_be_changed(statement: str) -> None:
    make_world().receive("reno", "TENT", 5)

    with (
        pytest.raises(DatabaseError, match="immutable"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format("inventory_stockmovement"))

    assert list(StockMovement.objects.values_list("on_hand_delta", flat=True)) == [5]


def _plant(world: World, **values: int) -> StockPosition:
    position = world.position("reno", "TENT")
    StockPosition.objects.filter(pk=position.pk).update(**values)
    return position


@pytest.mark.parametrize("balance", ["on_hand", "quarantined", "damaged"])
def test_verify_finds_a_balance_its_movements_do_not_explain(balance: str) -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 5)
    world.receive("reno", "STOVE", 5)
    sound = getattr(world.position("reno", "TENT"), balance)

    position = _plant(world, **{balance: sound + 2})

    report = ledger.verify()
    assert (report.positions, report.movements) == (2, 2)
    assert report.differences == [
        LedgerDifference(
            position.pk,
            position.node_id,
            position.variant_id,
            balance,
            "movements",
            sound + 2,
            sound,
        )
    ]


@pytest.mark.parametrize("balance", ["held", "allocated"])
def test_verify_holds_promises_against_movements_and_reservations(balance: str) -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    _plant(world, **{balance: 1})

    found = {(d.balance, d.source, d.stored, d.expected) for d in ledger.verify().differences}
    assert found == {(balance, "movements", 1, 0), (balance, "reservations", 1, 0)}


def test_verify_finds_a_reservation_that_vanished() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 2))])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_reservation SET quantity = 1")

    found = [(d.balance, d.source, d.stored, d.expected) for d in ledger.verify().differences]

    assert found == [("allocated", "reservations", 2, 1)]


def test_the_command_answers_scripts_and_fails_on_a_difference(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)

    call_command("verify_ledger", "--json")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer == {"positions": 1, "movements": 1, "differences": 0}

    _plant(world, on_hand=6)
    with pytest.raises(SystemExit) as stopped:
        call_command("verify_ledger", "--json")
    assert stopped.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1])["differences"] == 1
    assert "on_hand is 6, its movements say 5." in lines[0]


def test_totals_and_positions_for_screens() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 5)
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 2))])

    assert stock_selectors.list_node_totals() == [
        NodeStock(world.nodes["reno"], 1, on_hand=5, held=0, allocated=2, quarantined=0, damaged=0)
    ]
    (position,) = stock_selectors.list_positions(organization_id=world.organization_id)
    assert position.available == 3  # type: ignore[attr-defined]
    assert [m.kind for m in stock_selectors.list_movements(position_id=position.pk)] == [
        "allocated",
        "received",
    ]
    assert stock_selectors.count_reservations()["allocated"] == 1
