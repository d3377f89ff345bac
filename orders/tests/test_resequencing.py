"""The queue: earliest to ship first, then level, then value; and what moves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.nodes import services as nodes
from inventory.nodes.models import Node
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor
from oms.core import clock
from oms.core.transactions import consumer, unit
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.channels.models import ServiceLevel
from orders.models import FulfillmentOrder, Order, Promise
from orders.services import prioritizing, release, resequencing
from orders.tests.factories import NOW, World, _node, a_draft, a_world
from orders.tiers import BUILT_IN
from routing.promise import Calendar

pytestmark = pytest.mark.django_db(transaction=True)

LEVELS = ("standard", "next_day", "economy", "same_day")


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 2_000}})


def _place(world: World, count: int) -> list[Order]:
    """Orders of all levels and many values, placed over three days; released to the floor."""
    drafts = [
        a_draft(
            f"R-{n}",
            tier=LEVELS[n % 4],
            placed_at=NOW + timedelta(days=n % 3),
            shipping_amount=Decimal(n * 37 % 101) + Decimal("0.25"),
        )
        for n in range(count)
    ]
    for start in range(0, count, 250):
        answers = world.place(*drafts[start : start + 250])
        assert all(a.is_placed and not a.holds for a in answers)
    at = {ref: NOW for ref in Order.objects.values_list("public_id", flat=True)}
    release.release_orders(at=at)
    return list(Order.objects.order_by("pk"))


def _queue(limit: int) -> list[tuple[str, datetime]]:
    refs = floor.claim_next(status="open", limit=limit)
    works = {w.public_id: w for w in WorkOrder.objects.filter(public_id__in=refs)}
    floor.give_back(actor=works[refs[0]].claimed_by)
    return [(works[ref].label, works[ref].due_at) for ref in refs]


def _expected(orders: list[Order]) -> list[tuple[str, datetime]]:
    def place(order: Order) -> Any:
        return (
            order.latest_ship_at,
            -BUILT_IN[order.tier].rank,
            -order.total_amount,
            order.pk,
        )

    return [(str(order.number), order.latest_ship_at or NOW) for order in sorted(orders, key=place)]


def _cut_off_at(at: time, **changes: Any) -> None:
    draft = _node("reno", "Reno", "NV", "89501", 39.53, -119.81, "America/Los_Angeles")
    with unit():
        nodes.upsert_nodes(drafts=[replace(draft, cutoff_time=at, **changes)])


def test_500_mixed_orders_are_worked_by_moment_level_and_value_also_after_a_new_cutoff(
    world: World,
) -> None:
    orders = _place(world, 500)
    assert len({order.latest_ship_at for order in orders}) == 3
    assert _queue(500) == _expected(orders)

    with clock.virtual(NOW):
        _cut_off_at(time(15, 30))
        with CaptureQueriesContext(connection) as queries:
            relaying.drain()

    moved = list(Order.objects.order_by("pk"))
    assert [m.latest_ship_at for m in moved] == [
        o.latest_ship_at - timedelta(minutes=90) for o in orders if o.latest_ship_at
    ]
    assert sum("UPDATE warehouse_workorder" in q["sql"] for q in queries) == 1
    assert _queue(500) == _expected(moved)
    due = dict(WorkOrder.objects.values_list("demand_ref", "due_at"))
    assert due == dict(FulfillmentOrder.objects.values_list("public_id", "latest_ship_at"))


def test_a_new_cutoff_costs_the_same_statements_for_3_orders_and_for_60(world: World) -> None:
    costs = []
    for more, hour in ((3, 15), (60, 14)):
        _place(world, more)
        _cut_off_at(time(hour))
        places = {(world.organization_id, world.node_ids["reno"]): "America/Los_Angeles"}
        with CaptureQueriesContext(connection) as queries, consumer(), clock.virtual(NOW):
            moved = resequencing.resequence(zones=places)
        assert moved == Order.objects.count()
        costs.append(len([q for q in queries if "SAVEPOINT" not in q["sql"]]))

    assert costs[0] == costs[1]
    assert costs[0] <= 9
    told = OutboxEvent.objects.filter(name="orders.order.rescheduled.v1")
    assert told.count() == 3 + Order.objects.count()


def test_the_same_change_told_twice_moves_nothing_more_and_no_promise(world: World) -> None:
    [order] = _place(world, 1)
    with clock.virtual(NOW):
        _cut_off_at(time(15))
        relaying.drain()
        places = {(world.organization_id, world.node_ids["reno"]): "America/Los_Angeles"}
        with consumer():
            again = resequencing.resequence(zones=places)

    fresh = Order.objects.get(pk=order.pk)
    assert again == 0
    assert fresh.promised_on == order.promised_on
    assert Promise.objects.count() == 1
    assert not OutboxEvent.objects.filter(name="orders.promise.moved.v1").exists()


def test_other_facts_of_a_node_move_nothing(world: World) -> None:
    _place(world, 1)
    _cut_off_at(time(17), name="Reno West", daily_capacity=7)

    assert not OutboxEvent.objects.filter(name="inventory.node.hours_changed.v1").exists()


def test_what_left_keeps_the_moment_it_had(world: World) -> None:
    first, second = _place(world, 2)
    FulfillmentOrder.objects.filter(order=first).update(status="closed")
    with clock.virtual(NOW):
        _cut_off_at(time(15))
        relaying.drain()

    assert Order.objects.get(pk=first.pk).latest_ship_at == first.latest_ship_at
    assert Order.objects.get(pk=second.pk).latest_ship_at != second.latest_ship_at


def test_a_day_the_node_does_not_work_any_more_is_replaced_by_the_working_day_before(
    world: World,
) -> None:
    [order] = [o for o in _place(world, 3) if o.external_ref == "R-2"]
    assert order.latest_ship_at == datetime(2026, 11, 20, 1, tzinfo=UTC)  # Thursday 17:00 there
    with clock.virtual(NOW):
        _cut_off_at(time(17), working_days=0b0010111)
        relaying.drain()

    moved = Order.objects.get(pk=order.pk)
    assert moved.latest_ship_at == datetime(2026, 11, 19, 1, tzinfo=UTC)
    assert moved.promised_on == order.promised_on


def test_another_time_zone_keeps_the_day(world: World) -> None:
    [order] = _place(world, 1)
    assert order.latest_ship_at == datetime(2026, 11, 18, 1, tzinfo=UTC)
    with clock.virtual(NOW):
        _cut_off_at(time(17), timezone="America/New_York")
        relaying.drain()

    moved = Order.objects.get(pk=order.pk).latest_ship_at
    assert moved == datetime(2026, 11, 17, 22, tzinfo=UTC)


def test_staff_change_the_cutoff_of_a_node_and_its_queue_follows(
    world: World, admin_client: Client
) -> None:
    [order] = _place(world, 1)
    node = Node.objects.get(code="reno")
    page = f"/admin/nodes/node/{node.pk}/change/"
    form = admin_client.get(page).context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: value for name, value in data.items() if value not in (None, False, "")}
    data |= {"cutoff_time": "15:00", "working_days": list(range(5))}
    data |= {f"allowances-{x}_FORMS": 0 for x in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    with clock.virtual(NOW):
        answer = admin_client.post(page, data)
        relaying.drain()

    assert answer.status_code == 302
    [told] = OutboxEvent.objects.filter(name="inventory.node.hours_changed.v1")
    assert told.actor.startswith("staff:")
    moved = Order.objects.get(pk=order.pk).latest_ship_at
    assert moved == datetime(2026, 11, 17, 23, tzinfo=UTC)


def test_priority_is_the_rank_then_the_value_to_the_cent(world: World) -> None:
    orders = {o.tier: o for o in _place(world, 4)}

    assert orders["standard"].priority == 20 * 10_000_000 + 20_25
    assert orders["same_day"].priority > orders["next_day"].priority > orders["standard"].priority


def test_recomputed_priorities_are_those_that_placement_gives(world: World) -> None:
    orders = _place(world, 8)
    given = {order.pk: order.priority for order in orders}
    Order.objects.update(priority=0)
    with consumer():
        changed = prioritizing.recompute(order_ids=list(given))

    assert changed == 8
    assert dict(Order.objects.values_list("pk", "priority")) == given
    with consumer():
        assert prioritizing.recompute(order_ids=list(given)) == 0


def test_a_lower_value_or_another_level_reaches_the_floor_in_constant_statements(
    world: World,
) -> None:
    orders = _place(world, 12)
    costs = []
    for some in (orders[:1], orders[1:]):
        keys = [order.pk for order in some]
        Order.objects.filter(pk__in=keys).update(tier="same_day", cancelled_amount="0.05")
        with CaptureQueriesContext(connection) as queries, consumer():
            prioritizing.recompute(order_ids=keys)
        costs.append(len(queries))

    assert costs[0] == costs[1]
    floor_priorities = dict(WorkOrder.objects.values_list("label", "priority"))
    assert floor_priorities == {str(o.number): o.priority for o in Order.objects.all()}
    assert all(o.priority // 10_000_000 == 40 for o in Order.objects.all())


def test_a_new_rank_of_an_own_level_moves_its_open_orders(
    world: World, admin_client: Client
) -> None:
    level = ServiceLevel.objects.create(
        organization_id=world.organization_id, code="gold", name="Gold", rank=35, deadline_days=5
    )
    [order] = _place(world, 1)
    Order.objects.filter(pk=order.pk).update(tier="gold")
    data = {"name": "Gold", "rank": 50, "deadline_days": 5, "is_active": "on"}
    answer = admin_client.post(f"/admin/channels/servicelevel/{level.pk}/change/", data)
    relaying.drain()

    assert answer.status_code == 302
    assert Order.objects.get(pk=order.pk).priority // 10_000_000 == 50
    assert WorkOrder.objects.get().priority // 10_000_000 == 50


@pytest.mark.parametrize(
    ("day", "today", "kept"),
    [
        (date(2026, 11, 20), date(2026, 11, 17), date(2026, 11, 20)),
        # A Sunday: the Friday before.
        (date(2026, 11, 22), date(2026, 11, 17), date(2026, 11, 20)),
        # Today is that Sunday: nothing is left before it.
        (date(2026, 11, 22), date(2026, 11, 22), date(2026, 11, 23)),
        # A day that has passed stays, though nobody works on it.
        (date(2026, 11, 15), date(2026, 11, 17), date(2026, 11, 15)),
    ],
)
def test_the_day_to_leave_is_kept_where_it_can_be(day: date, today: date, kept: date) -> None:
    calendar = Calendar("America/New_York", time(14), 120, 0b0011111)

    assert calendar.kept_day(day, today=today) == kept
