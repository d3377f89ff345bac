"""Five hundred random edits: what is shown first is what happens, to the cent and to the unit; and
the cost does not grow with the order."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.services import ledger
from oms.core import clock
from oms.core.errors import OmsError
from orders import amounts
from orders.models import Order, OrderLine
from orders.services import release, rulebook
from orders.services.amending import amendments, applying
from orders.tests.amending import confirm, rows
from orders.tests.factories import World, a_draft, a_world
from orders.types import LineDraft

pytestmark = pytest.mark.django_db

EDITS = 500
ORDERS = 20
CENT = Decimal("0.01")


@pytest.fixture
def world() -> World:
    world = a_world(stock_at={"reno": {"A": 400, "B": 60}, "dallas": {"A": 60, "B": 400}})
    for rule in ("price", "tax"):
        # Amounts are thrown here: none is too odd.
        rulebook.change(
            organization_id=world.organization_id, channel="", rule=rule, settings={},
            verdict="hold", is_enabled=False, reason="A test of amounts.", based_on=0,
        )  # fmt: skip
    return world


def _cents(dice: random.Random, most: int) -> Decimal:
    return Decimal(dice.randint(0, most)) / 100


def _orders(world: World, dice: random.Random) -> list[Order]:
    drafts = [
        a_draft(
            f"R-{number}",
            placed_at=clock.now(),
            shipping_amount=_cents(dice, 900),
            lines=tuple(
                LineDraft(sku, dice.randint(1, 6), _cents(dice, 5000) + 10, _cents(dice, 500),
                          _cents(dice, 900))
                for sku in ("A", "B")
            ),
        )
        for number in range(ORDERS)
    ]  # fmt: skip
    placed = world.place(*drafts)
    released = [answer.public_id for answer in placed if dice.random() < 0.7]
    release.release_orders(at=dict.fromkeys(released, clock.now()))
    return list(Order.objects.order_by("pk"))


def _action(dice: random.Random, lines: list[OrderLine]) -> dict[str, Any]:
    line = dice.choice(lines)
    name = dice.choice(
        ["change_quantity"] * 5
        + ["change_price"] * 3
        + ["add_line", "add_line", "remove_line", "change_shipping", "change_tier"]
    )
    return {
        "change_quantity": {"line": line.position, "quantity": dice.randint(1, 9)},
        "remove_line": {"line": line.position},
        "add_line": {
            "sku": dice.choice("AB"),
            "quantity": dice.randint(1, 4),
            "unit_amount": str(_cents(dice, 3000) + 5),
            "discount_amount": str(_cents(dice, 400)),
            "tax_amount": str(_cents(dice, 300)),
        },
        "change_price": {
            "line": line.position,
            "unit_amount": str(_cents(dice, 4000) + 5),
            "discount_amount": str(_cents(dice, 400)),
            "tax_amount": str(_cents(dice, 700)),
        },
        "change_shipping": {"shipping_amount": str(_cents(dice, 1200))},
        "change_tier": {"tier": dice.choice(["economy", "standard", "next_day"])},
    }[name] | {"action": name}


def _worth(order: Order) -> Decimal:
    """What the order is worth, from its lines alone: the units nobody cancelled, and shipping."""
    lines = OrderLine.objects.filter(order=order)
    goods = sum(
        (amounts.of_units(x, 0, x.ordered - x.cancelled, currency="USD") for x in lines), Decimal(0)
    )
    return goods + order.shipping_amount + order.shipping_tax_amount


@pytest.mark.slow
def test_five_hundred_random_edits_do_what_their_previews_showed(world: World) -> None:
    dice = random.Random(20261126)
    orders = _orders(world, dice)
    done = refused = 0
    while done < EDITS:
        order = dice.choice(orders)
        lines = list(OrderLine.objects.filter(order=order).order_by("position"))
        actions = [_action(dice, lines) for _ in range(dice.randint(1, 3))]
        looked_at = rows(Order, OrderLine) if done % 25 == 0 else None
        try:
            shown = amendments.begin(order_id=order.pk, actions=actions, reason="Random.")
        except OmsError:
            refused += 1
            continue
        assert looked_at is None or rows(Order, OrderLine) == looked_at
        held = _held(order)

        confirmed = confirm(shown)
        fresh = Order.objects.get(pk=order.pk)

        assert confirmed.outcome == shown.outcome
        money = shown.outcome["money"]
        assert Decimal(money["new_total"]) == fresh.owed_amount == _worth(fresh)
        assert Decimal(money["difference"]) == fresh.owed_amount - Decimal(money["old_total"])
        assert _moved(held, _held(order)) == _told(shown.outcome["stock"])
        done += 1
    assert (done, refused < EDITS) == (EDITS, True)
    assert ledger.verify().differences == []
    for line in OrderLine.objects.all():
        assert line.allocated == sum(_units(line))


def _held(order: Order) -> dict[tuple[str, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.code, v.sku, sum(r.quantity) FROM inventory_reservation r "
            "JOIN inventory_stockposition p ON p.id = r.position_id "
            "JOIN nodes_node n ON n.id = p.node_id JOIN catalog_variant v ON v.id = r.variant_id "
            "WHERE r.demand_ref = %s AND r.status IN ('held', 'confirmed', 'allocated', 'picked') "
            "GROUP BY 1, 2",
            [order.public_id],
        )
        return {(node, sku): int(units) for node, sku, units in cursor.fetchall()}


def _moved(
    before: dict[tuple[str, str], int], after: dict[tuple[str, str], int]
) -> dict[tuple[str, str], int]:
    change = {k: after.get(k, 0) - before.get(k, 0) for k in before.keys() | after.keys()}
    return {k: units for k, units in change.items() if units}


def _told(stock: dict[str, Any]) -> dict[tuple[str, str], int]:
    taken = {(row["node"], row["sku"]): row["units"] for row in stock["reserved"]}
    given = {(row["node"], row["sku"]): -row["units"] for row in stock["released"]}
    return taken | given


def _units(line: OrderLine) -> list[int]:
    rows_ = line.fulfillment_lines.exclude(fulfillment_order__status="cancelled")
    return list(rows_.values_list("quantity", flat=True))


def test_an_edit_costs_the_same_number_of_statements_for_two_and_forty_lines(world: World) -> None:
    counts = []
    for size in (2, 40):
        lines = tuple(LineDraft("AB"[n % 2], 2, Decimal(10 + n)) for n in range(size))
        [answer] = world.place(a_draft(f"S-{size}", lines=lines, placed_at=clock.now()))
        release.release_orders(at={answer.public_id: clock.now()})
        actions = [
            {"action": "change_quantity", "line": n + 1, "quantity": 1 + 2 * (n % 2)}
            for n in range(size)
        ]
        with CaptureQueriesContext(connection) as queries:
            amendments.begin(order_id=answer.order_id, actions=actions)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_preview_that_tells_something_else_would_be_found_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [answer] = world.place(a_draft(placed_at=clock.now()))
    action = {"action": "change_quantity", "line": 1, "quantity": 2}
    shown = amendments.begin(order_id=answer.order_id, actions=[action])
    honest = applying.apply

    def cheats(**given: Any) -> dict[str, Any]:
        return {**honest(**given), "token": "another"}

    monkeypatch.setattr(applying, "apply", cheats)
    with pytest.raises(amendments.OutcomeChanged):
        confirm(shown)
    assert Order.objects.get().unit_count == 1
