"""Edits of orders that wait for stock, of kits, and of orders that are paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from inventory.catalog import services as catalog
from inventory.models import Backorder, Reservation, SellingRule
from inventory.services import kits, ledger
from oms.core import clock
from oms.core.transactions import unit
from orders.billing.types import PaymentDraft
from orders.models import Order
from orders.services import paying, release
from orders.tests.amending import counters, edit, floor_of
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Three of A and ten of B are there; more may be sold."""
    kits._stocked.clear()
    world = a_world(stock_at={"reno": {"A": 3, "B": 10}})
    SellingRule.objects.create(organization_id=world.organization_id, backorder_limit=None)
    return world


def _placed(world: World, ref: str = "R-1", **draft: Any) -> Order:
    [answer] = world.place(a_draft(ref, placed_at=clock.now(), **draft))
    assert answer.status == "confirmed", answer
    return Order.objects.get(pk=answer.order_id)


def _units(line: int, units: int) -> dict[str, Any]:
    return {"action": "change_quantity", "line": line, "quantity": units}


def _waiting(order: Order) -> list[tuple[str, int]]:
    rows = Backorder.objects.filter(demand_ref=order.public_id).order_by("pk")
    open_ = [(b.line_ref, b.quantity - b.filled - b.cancelled) for b in rows]
    return [row for row in open_ if row[1]]


def _kept(order: Order, status: str) -> list[tuple[str, int]]:
    rows = Reservation.objects.filter(demand_ref=order.public_id, status=status)
    return sorted(rows.values_list("line_ref", "quantity"))


def test_a_waiting_order_that_wants_more_waits_for_more(world: World) -> None:
    order = _placed(world, lines={"A": 5, "B": 1})
    assert counters(order) == [(5, 0, 3, 2, 0, 0), (1, 0, 1, 0, 0, 0)]

    amendment = edit(order, _units(1, 7))

    assert amendment.outcome["stock"]["waits"] == 2
    assert counters(order) == [(7, 0, 3, 4, 0, 0), (1, 0, 1, 0, 0, 0)]
    assert (_waiting(order), _kept(order, "confirmed")) == ([("1", 4)], [("1", 3), ("2", 1)])
    assert ledger.verify().differences == []


def test_a_waiting_order_that_wants_less_than_there_is_goes_on_at_once(world: World) -> None:
    order = _placed(world, lines={"A": 5, "B": 1})

    edit(order, _units(1, 2))

    assert counters(order) == [(5, 3, 0, 0, 2, 0), (1, 0, 0, 0, 1, 0)]
    assert (_waiting(order), _kept(order, "confirmed")) == ([], [])
    assert _kept(order, "allocated") == [("1", 2), ("2", 1)]
    assert Order.objects.get(pk=order.pk).status == "released"
    assert ledger.verify().differences == []


def test_who_waits_longer_keeps_the_place_after_an_edit(world: World) -> None:
    first = _placed(world, "R-1", lines={"A": 5})
    Backorder.objects.update(created_at=clock.now() - timedelta(days=1))
    second = _placed(world, "R-2", lines={"A": 1})

    edit(first, _units(1, 6))
    world.receive("reno", "A", 3)

    assert (_waiting(first), _waiting(second)) == ([], [("1", 1)])


def test_a_price_change_leaves_a_waiting_order_where_it_waits(world: World) -> None:
    order = _placed(world, lines={"A": 5})
    before = list(Backorder.objects.values())

    edit(order, {"action": "change_price", "line": 1, "unit_amount": "1.00"})

    assert list(Backorder.objects.values()) == before


def test_fewer_kits_give_back_their_parts(world: World) -> None:
    """A kit is one A and two B."""
    with unit():
        [kit] = catalog.upsert_variants(
            organization_id=world.organization_id,
            drafts=[replace(_variant(), sku="KIT", name="Kit")],
        ).values()
        catalog.set_components(
            kit_id=kit, components={world.variant_ids["A"]: 1, world.variant_ids["B"]: 2}
        )
    order = _placed(world, lines={"KIT": 3})
    release.release_orders(at={order.public_id: clock.now()})

    edit(order, _units(1, 1))

    rows = Reservation.objects.filter(demand_ref=order.public_id, status="allocated")
    held = dict(rows.values_list("variant__sku", "quantity"))
    assert (held, counters(order)) == ({"A": 1, "B": 2}, [(3, 2, 0, 0, 1, 0)])
    [(status, _)] = floor_of(order)
    assert status == "open"
    assert ledger.verify().differences == []


def _variant() -> Any:
    from orders.tests import factories

    return factories._variant("KIT")


def test_the_difference_of_a_paid_order_is_to_be_refunded(world: World) -> None:
    order = _placed(world, lines={"B": 3})
    paying.report(
        organization_id=world.organization_id,
        source="api",
        payments=[(order.public_id, PaymentDraft("captured", Decimal("60.00"), "ch_1"))],
    )

    edit(order, _units(1, 2))
    less = paying.standing_of(Order.objects.get(pk=order.pk))
    edit(order, _units(1, 5))
    more = paying.standing_of(Order.objects.get(pk=order.pk))

    assert (less.owed, less.to_refund, less.to_collect) == (40, 20, 0)
    assert (more.owed, more.to_refund, more.to_collect) == (100, 0, 40)
