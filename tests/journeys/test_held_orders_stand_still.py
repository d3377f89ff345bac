"""A thousand orders with random outcomes of the rules: while one stands on hold nothing of it is
reserved, worked on or labeled, whatever is tried. Without the guard the same check must fail."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from carriers.models import Shipment
from inventory.models import Reservation
from inventory.warehouse.models import WorkOrder
from oms.core.transactions import unit
from orders.models import FulfillmentOrder, Hold, Order
from orders.rules import BUILT_IN, HOLD, PASS, REJECT, WARN, Facts, Finding
from orders.selectors import rulebook
from orders.services import fulfillment, holds, placement, release, verification
from orders.tests.factories import NOW, World, a_draft, a_world

pytestmark = pytest.mark.django_db

ORDERS, BATCH = 1_000, 200
#: Holds that are lifted by one call and need nobody's authority.
FREE = ("address", "contact", "restriction", "quantity", "duplicate", "price")


def _random_rules(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> None:
    def check(_facts: Facts, _settings: Any) -> list[Finding]:
        [verdict] = chance.choices([PASS, WARN, HOLD, REJECT], [90, 3, 6, 1])
        return [] if verdict == PASS else [Finding("thrown", "So fell the dice.", verdict=verdict)]

    thrown = {
        code: replace(tuned, rule=replace(tuned.rule, check=check))
        for code, tuned in BUILT_IN.items()
    }
    monkeypatch.setattr(rulebook, "BUILT_IN", thrown)


def _place(world: World, count: int) -> list[Order]:
    for first in range(0, count, BATCH):
        refs = range(first, min(count, first + BATCH))
        world.place(*[a_draft(f"R-{n}", customer_ref=f"C-{n}") for n in refs])
    return list(Order.objects.order_by("pk"))


def _try_everything(orders: Sequence[Order]) -> None:
    """Release, pick and pack, as far as the services let each order go."""
    release.release_orders(at={order.public_id: NOW for order in orders})
    works = FulfillmentOrder.objects.filter(order__in=orders, status__in=["open", "in_progress"])
    refs = list(works.order_by("pk").values_list("public_id", flat=True)[:60])
    with unit():
        fulfillment.start(at=dict.fromkeys(refs, NOW))
    with unit():
        fulfillment.pack(
            cartons={ref: fulfillment.Carton(f"pcl_{ref}", 500, 200, 150, 100, NOW) for ref in refs}
        )


def _moved_while_held() -> set[str]:
    """Which kinds of things exist for orders with an open hold, or for rejected ones."""
    held = Order.objects.filter(pk__in=Hold.objects.filter(released_at=None).values("order"))
    refused = Order.objects.filter(status="rejected")
    still = set((held | refused).values_list("public_id", flat=True))
    assert still
    found = {
        "reservation": Reservation.objects.filter(
            demand_ref__in=still, status__in=Reservation.LIVE
        ),
        "proposed work": FulfillmentOrder.objects.filter(order__public_id__in=still),
        "pick task": WorkOrder.objects.filter(correlation_id__in=still),
        "parcel": Shipment.objects.filter(correlation_id__in=still),
    }
    return {kind for kind, rows in found.items() if rows.exists()}


def test_nothing_of_an_order_on_hold_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(1)
    world = a_world(stock_at={"reno": {"A": 2 * ORDERS}})
    _random_rules(monkeypatch, chance)
    orders = _place(world, ORDERS)
    counts = {s: sum(o.status == s for o in orders) for s in ("confirmed", "verifying", "rejected")}
    assert sum(counts.values()) == ORDERS and min(counts.values()) > 50

    _try_everything(orders)
    assert _moved_while_held() == set()

    for kind in FREE:
        open_holds = Hold.objects.filter(type=kind, released_at=None)
        keys = [
            key for key in open_holds.values_list("order_id", flat=True) if chance.random() < 0.7
        ]
        holds.release_many(order_ids=keys, type=kind, reason="Looked at.")
        assert _moved_while_held() == set()

    _try_everything(orders)
    assert _moved_while_held() == set()
    assert WorkOrder.objects.count() > counts["confirmed"]
    assert Shipment.objects.count() == 120


def test_control_without_the_guard_held_orders_move(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = verification.verify

    def forget(*, orders: Any, channel: Any) -> None:
        verify(orders=orders, channel=channel)
        held = [item for item in orders if item.holds]
        # Past the machine, which knows no way from there to be confirmed with the others.
        Order.objects.filter(pk__in=[item.order.pk for item in held]).update(status="received")
        for item in held:
            item.order.__dict__["status"] = "received"
            item.holds.clear()

    monkeypatch.setattr(placement.verification, "verify", forget)
    _random_rules(monkeypatch, random.Random(1))
    _place(a_world(stock_at={"reno": {"A": 400}}), BATCH)

    assert {"reservation", "proposed work"} <= _moved_while_held()
