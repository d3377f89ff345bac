"""Promises: kept with what they come from, moved by one function, told once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import SellingRule
from inventory.nodes.models import Node
from inventory.services import supply
from inventory.types import SupplyDraft, SupplyRef
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent
from orders.models import FulfillmentOrder, Order, Promise
from orders.services import backlog, holds, promising
from orders.tests.factories import NOW, World, a_draft, a_world
from orders.tests.test_api_orders import _client

pytestmark = pytest.mark.django_db

EDITED = Promise.Cause.EDITED


@pytest.fixture
def world() -> World:
    return a_world()


def _order(world: World, ref: str = "R-1", **changes: Any) -> Order:
    [answer] = world.place(a_draft(ref, **changes))
    assert answer.is_placed, answer.error
    return Order.objects.get(public_id=answer.public_id)


def _history(order: Order) -> list[tuple[int, date | None, str]]:
    rows = Promise.objects.filter(order=order).order_by("sequence")
    return list(rows.values_list("sequence", "promised_on", "cause"))


def _told(order: Order) -> list[tuple[str, str, str]]:
    rows = OutboxEvent.objects.filter(name="orders.promise.moved.v1", aggregate_id=order.public_id)
    return [
        (p["was_on"], p["promised_on"], p["cause"])
        for p in rows.order_by("id").values_list("payload", flat=True)
    ]


def _move(order: Order, day: date | None, *, cause: str = EDITED, ship_by: Any = None) -> int:
    with unit():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        return promising.promise(
            promises=[
                promising.NewPromise(
                    order=locked,
                    promised_on=day,
                    latest_ship_at=ship_by or locked.latest_ship_at,
                    cause=cause,
                    inputs={"why": "test"},
                    at=NOW,
                )
            ]
        )


def test_placement_keeps_the_promise_with_all_it_was_computed_from(world: World) -> None:
    order = _order(world)

    [promise] = Promise.objects.filter(order=order)
    work = FulfillmentOrder.objects.get(order=order)
    assert (promise.sequence, promise.cause) == (1, "placed")
    assert promise.promised_on == order.promised_on
    assert promise.latest_ship_at == order.latest_ship_at
    assert (promise.inputs["level"], promise.inputs["deadline_days"]) == ("standard", 7)
    assert promise.inputs["decision"] == work.decision_ref
    assert datetime.fromisoformat(promise.inputs["asked_at"]) == NOW
    [part] = promise.inputs["parts"]
    transit = part.pop("transit_days")
    assert part == {
        "node": "reno",
        "timezone": "America/Los_Angeles",
        "cutoff": "17:00",
        "processing_minutes": 120,
        "ship_by": "2026-11-18T01:00:00+00:00",
        "service": work.service_code,
        "arrives_on": str(order.promised_on),
    }
    assert transit >= 0
    assert _told(order) == []


def test_the_promise_costs_one_statement_more_for_any_number_of_orders(world: World) -> None:
    world.receive("reno", "A", 100)
    with CaptureQueriesContext(connection) as queries:
        world.place(*[a_draft(f"R-{n}") for n in range(20)])

    assert sum("orders_promise" in q["sql"] for q in queries) == 1
    assert Promise.objects.count() == 20


def test_a_kept_promise_can_neither_be_changed_nor_taken_back(world: World) -> None:
    promise = Promise.objects.get(order=_order(world))

    with pytest.raises(DatabaseError), transaction.atomic():
        Promise.objects.filter(pk=promise.pk).update(promised_on=date(2030, 1, 1))

    assert Promise.objects.get(pk=promise.pk).promised_on == promise.promised_on


def test_another_day_is_kept_with_its_cause_and_told_once(world: World) -> None:
    order = _order(world)
    first, later = order.promised_on, date(2026, 12, 1)

    assert [_move(order, later), _move(order, later)] == [1, 0]

    assert first is not None
    assert _history(order) == [(1, first, "placed"), (2, later, "edited")]
    assert _told(order) == [(first.isoformat(), "2026-12-01", "edited")]
    assert Order.objects.get(pk=order.pk).promised_on == later


def test_another_moment_to_ship_on_the_same_day_is_no_new_promise(world: World) -> None:
    order = _order(world)
    earlier = datetime(2026, 11, 17, 20, tzinfo=UTC)

    assert _move(order, order.promised_on, ship_by=earlier) == 0

    assert Order.objects.get(pk=order.pk).latest_ship_at == earlier
    assert len(_history(order)) == 1
    assert _told(order) == []


def test_a_day_that_is_not_known_any_more_and_its_return_are_told(world: World) -> None:
    order = _order(world)
    day = order.promised_on

    _move(order, None)
    _move(order, day)

    assert day is not None
    assert [(was, now) for was, now, _ in _told(order)] == [(day.isoformat(), ""), ("", str(day))]


def test_moving_many_costs_the_same_as_moving_one(world: World) -> None:
    world.receive("reno", "A", 100)
    orders = [_order(world, f"R-{n}") for n in range(12)]
    counts = []
    for some in (orders[:1], orders[1:]):
        with CaptureQueriesContext(connection) as queries, unit():
            promising.promise(
                promises=[
                    promising.NewPromise(o, date(2026, 12, 1), o.latest_ship_at, EDITED, {}, NOW)
                    for o in some
                ]
            )
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_an_order_that_waits_keeps_the_day_of_its_supply_and_each_move_of_it() -> None:
    world = a_world(stock_at={"reno": {"A": 1}})
    variant = world.variant_ids["A"]
    SellingRule.objects.create(
        organization_id=world.organization_id, variant_id=variant, channel="shop",
        backorder_limit=9,
    )  # fmt: skip
    ref = SupplyRef(world.organization_id, "purchase_order", "PO-1")
    with unit():
        draft = SupplyDraft(ref, world.node_ids["reno"], variant, 9, date(2026, 12, 1))
        supply.announce(lines=[draft])
    order = _order(world, lines={"A": 3})

    [first] = Promise.objects.filter(order=order)
    assert (first.promised_on, first.cause) == (date(2026, 12, 1), "placed")
    assert [w["units"] for w in first.inputs["waits"]] == [2]
    assert [w["expected_on"] for w in first.inputs["waits"]] == ["2026-12-01"]

    days = {order.public_id: date(2026, 12, 9)}
    assert [backlog.move_promises(days=days), backlog.move_promises(days=days)] == [1, 0]

    assert _history(order)[1:] == [(2, date(2026, 12, 9), "backorder")]
    assert _told(order) == [("2026-12-01", "2026-12-09", "backorder")]


def test_an_order_on_hold_is_promised_when_it_is_routed(world: World) -> None:
    order = _order(world, lines={"A": 11})
    assert _history(order) == []
    world.receive("reno", "A", 5)

    backlog.retry(variant_ids=[world.variant_ids["A"]])

    [(sequence, day, cause)] = _history(order)
    assert (sequence, cause) == (1, "routed")
    assert day is not None
    assert _told(order) == []


@pytest.mark.parametrize(
    ("timezone", "placed_at", "ship_by"),
    [
        # Clocks go on: 17:00 in New York is 21:00 UTC from that Sunday, 22:00 the day before.
        ("America/New_York", datetime(2026, 3, 7, 15, tzinfo=UTC), "2026-03-07T22:00:00+00:00"),
        ("America/New_York", datetime(2026, 3, 8, 15, tzinfo=UTC), "2026-03-08T21:00:00+00:00"),
        # And back.
        ("America/New_York", datetime(2026, 10, 31, 15, tzinfo=UTC), "2026-10-31T21:00:00+00:00"),
        ("America/New_York", datetime(2026, 11, 1, 15, tzinfo=UTC), "2026-11-01T22:00:00+00:00"),
        # South of the equator they go on in October and back in April.
        ("Australia/Sydney", datetime(2026, 10, 3, 0, tzinfo=UTC), "2026-10-03T07:00:00+00:00"),
        ("Australia/Sydney", datetime(2026, 10, 4, 0, tzinfo=UTC), "2026-10-04T06:00:00+00:00"),
        ("Australia/Sydney", datetime(2026, 4, 4, 0, tzinfo=UTC), "2026-04-04T06:00:00+00:00"),
        ("Australia/Sydney", datetime(2026, 4, 5, 0, tzinfo=UTC), "2026-04-05T07:00:00+00:00"),
    ],
)
def test_the_last_moment_to_ship_is_the_local_cutoff_on_the_days_clocks_change(
    world: World, timezone: str, placed_at: datetime, ship_by: str
) -> None:
    Node.objects.filter(code="reno").update(timezone=timezone, working_days=127)
    order = _order(world, placed_at=placed_at)

    assert order.latest_ship_at == datetime.fromisoformat(ship_by)
    [promise] = Promise.objects.filter(order=order)
    assert promise.inputs["parts"][0]["ship_by"] == ship_by
    assert promise.inputs["parts"][0]["timezone"] == timezone


def test_a_hold_that_comes_and_goes_moves_no_promise(world: World) -> None:
    order = _order(world)

    holds.place_hold(order_id=order.pk, type="operator", reason="Look.")
    holds.release_hold(order_id=order.pk, type="operator", reason="Fine.")

    assert len(_history(order)) == 1
    assert _told(order) == []


def test_the_api_shows_every_promise_to_its_owner_only(world: World) -> None:
    order = _order(world)
    _move(order, date(2026, 12, 1))
    mine = _client(world.organization_id)
    shown = mine.get(f"/api/v1/orders/{order.public_id}/promises").json()

    assert [(p["sequence"], p["promised_on"], p["cause"]) for p in shown] == [
        (1, str(order.promised_on), "placed"),
        (2, "2026-12-01", "edited"),
    ]
    assert shown[0]["inputs"]["parts"][0]["node"] == "reno"
    assert mine.get("/api/v1/orders/ord_nobody/promises").status_code == 404
    narrow = _client(world.organization_id, scopes=["nodes:read"])
    assert narrow.get(f"/api/v1/orders/{order.public_id}/promises").status_code == 403


def test_the_page_of_an_order_tells_its_promises(world: World, admin_client: Client) -> None:
    order = _order(world)
    _move(order, date(2026, 12, 1))
    page = admin_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()

    assert "reno by 17:00 America/Los_Angeles, 120 min to process" in page
    assert page.index("Dec 1, 2026") > 0
