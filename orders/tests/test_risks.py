"""Orders that will miss their last moment to ship are seen while somebody can still act."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.core import clock
from oms.core.transactions import consumer, unit
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.milestones import LEADS, WARNING, Milestone, targets
from orders.models import FulfillmentOrder, Order
from orders.services import cancellation, fulfillment, release, risks
from orders.tasks import flag_at_risk
from orders.tests.factories import NOW, World, a_draft, a_world
from orders.tests.test_api_orders import _client

pytestmark = pytest.mark.django_db(transaction=True)

#: 17:00 in Reno on the day of the test.
CUTOFF = datetime.fromisoformat("2026-11-18T01:00:00+00:00")


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 1_000}})


def _place(world: World, count: int, *, at: datetime = NOW) -> list[Order]:
    answers = world.place(*(a_draft(f"R-{n}", placed_at=at) for n in range(count)))
    assert all(a.is_placed and not a.holds for a in answers)
    release.release_orders(at={answer.public_id: at for answer in answers})
    return list(Order.objects.order_by("pk"))


def _flag(before: timedelta) -> int:
    return risks.flag(now=CUTOFF - before, limit=1_000)


def _seen() -> dict[str, str]:
    return dict(Order.objects.order_by("pk").values_list("external_ref", "at_risk_of"))


def _told() -> list[str]:
    rows = OutboxEvent.objects.filter(name="orders.order.at_risk.v1").order_by("id")
    return [payload["milestone"] for payload in rows.values_list("payload", flat=True)]


def _work(order: Order) -> str:
    return FulfillmentOrder.objects.get(order=order).public_id


def _carton(ref: str, at: datetime) -> fulfillment.Carton:
    return fulfillment.Carton(f"pcl_{ref}", 500, 200, 150, 80, at)


def test_an_order_that_is_not_picked_in_time_is_flagged_and_told_once(world: World) -> None:
    [order] = _place(world, 1)
    lead = LEADS[Milestone.PICKED]

    assert _flag(lead + timedelta(seconds=1)) == 0
    assert [_flag(lead), _flag(lead - timedelta(minutes=5))] == [1, 0]

    order = Order.objects.get(pk=order.pk)
    assert (order.at_risk_of, order.at_risk_at) == ("picked", CUTOFF - lead)
    assert _told() == ["picked"]


def test_the_flag_follows_the_order_and_goes_when_it_has_shipped(world: World) -> None:
    [order] = _place(world, 1)
    ref = _work(order)
    _flag(timedelta(minutes=70))
    with consumer():
        fulfillment.start(at={ref: CUTOFF - timedelta(minutes=60)})
    assert _flag(timedelta(minutes=59)) == 1
    assert _seen() == {"R-0": ""}

    assert _flag(timedelta(minutes=40)) == 1
    assert _seen() == {"R-0": "packed"}
    with consumer():
        fulfillment.pack(cartons={ref: _carton(ref, CUTOFF - timedelta(minutes=20))})
    _flag(timedelta(minutes=19))
    assert _seen() == {"R-0": "shipped"}
    with consumer():
        fulfillment.ship(at={ref: CUTOFF - timedelta(minutes=5)})

    shipped = Order.objects.get(pk=order.pk)
    assert (shipped.at_risk_of, shipped.at_risk_at) == ("", None)
    assert _told() == ["picked", "packed"]


def test_what_is_on_its_way_in_time_is_flagged_only_when_it_does_not_leave(world: World) -> None:
    [order] = _place(world, 1)
    ref = _work(order)
    with consumer():
        fulfillment.pack(cartons={ref: _carton(ref, NOW)})

    assert _flag(WARNING + timedelta(seconds=1)) == 0
    assert _flag(WARNING) == 1
    assert _seen() == {"R-0": "shipped"}


def test_a_later_moment_to_ship_and_a_cancellation_take_the_flag_back(world: World) -> None:
    first, second = _place(world, 2)
    _flag(timedelta(minutes=60))
    Order.objects.filter(pk=first.pk).update(latest_ship_at=CUTOFF + timedelta(days=1))
    cancellation.cancel(order_id=second.pk, reason="Changed my mind.")

    assert _flag(timedelta(minutes=50)) == 2
    assert _seen() == {"R-0": "", "R-1": ""}


def test_flagging_costs_the_same_for_2_orders_and_for_40_and_knows_its_limit(
    world: World,
) -> None:
    _place(world, 42)
    costs = []
    for limit in (2, 40):
        with CaptureQueriesContext(connection) as queries:
            assert risks.flag(now=CUTOFF - timedelta(minutes=60), limit=limit) == limit
        costs.append(len(queries))

    assert costs[0] == costs[1]
    assert len(_told()) == 42


def test_history_is_not_flagged(world: World) -> None:
    """Orders of long ago that are being imported have no moment left in which to act."""
    _place(world, 1)

    assert risks.flag(now=CUTOFF + timedelta(days=7, seconds=1), limit=9) == 0


def test_the_statement_and_the_clock_of_an_order_agree(world: World) -> None:
    chance = Random(8)
    orders = _place(world, 60)
    for order in orders:
        order.placed_at = CUTOFF - timedelta(minutes=chance.choice((40, 80, 130, 500)))
        for name in ("released_at", "picked_at", "packed_at"):
            reached = chance.random() < 0.6
            setattr(order, name, NOW if reached else None)
        order.latest_ship_at = CUTOFF + timedelta(minutes=chance.randrange(-30, 150))
    Order.objects.bulk_update(
        orders, ["placed_at", "released_at", "picked_at", "packed_at", "latest_ship_at"]
    )
    now = CUTOFF - timedelta(minutes=20)
    risks.flag(now=now, limit=1_000)

    assert _seen() == {order.external_ref: _expected(order, now) for order in orders}


def _expected(order: Order, now: datetime) -> str:
    due = targets(placed_at=order.placed_at, latest_ship_at=order.latest_ship_at, promised_on=None)
    for milestone in (Milestone.RELEASED, Milestone.PICKED, Milestone.PACKED):
        target = due[milestone]
        if getattr(order, f"{milestone}_at") is None and target is not None and target <= now:
            return milestone.value
    last = order.latest_ship_at
    return "shipped" if last is not None and last - WARNING <= now else ""


def test_the_task_looks_by_the_clock(world: World) -> None:
    _place(world, 1)
    with clock.virtual(CUTOFF - timedelta(minutes=60)):
        assert flag_at_risk() == 1

    assert _seen() == {"R-0": "picked"}


def test_nineteen_of_twenty_late_orders_are_seen_half_an_hour_before(world: World) -> None:
    """A day on the floor, minute by minute: every step takes a random time, some take far too
    long, and the flags are looked at once a minute, as the schedule does."""
    chance = Random(18)
    orders = _place(world, 100)
    plan = sorted(step for order in orders for step in _steps(chance, _work(order), CUTOFF - NOW))
    first_seen: dict[int, datetime] = {}
    # Nobody can be at risk before.
    moment = CUTOFF - timedelta(hours=3)
    while moment < CUTOFF + timedelta(minutes=90):
        moment += timedelta(minutes=1)
        due = [step for step in plan if step[0] <= moment]
        plan = plan[len(due) :]
        _do(due)
        with clock.virtual(moment):
            flag_at_risk()
        for key in Order.objects.exclude(at_risk_of="").values_list("pk", flat=True):
            first_seen.setdefault(key, moment)

    late = {
        order.pk
        for order in Order.objects.all()
        if order.shipped_at is None or order.shipped_at > CUTOFF
    }
    in_time = {key for key in late if first_seen[key] <= CUTOFF - timedelta(minutes=30)}
    on_time = {order.pk for order in orders} - late
    assert len(late) >= 20
    assert len(on_time) >= 20
    assert len(in_time) >= 0.95 * len(late)
    # Who warns of everything warns of nothing.
    assert len(on_time & first_seen.keys()) < 0.5 * len(on_time)


#: When, what, and of which work.
Step = tuple[datetime, int, str]


def _steps(chance: Random, ref: str, day: timedelta) -> list[Step]:
    minutes = day.total_seconds() / 60
    is_slow = chance.random() < 0.6
    picked = chance.uniform(minutes - 120, minutes + 20) if is_slow else chance.uniform(0, 300)
    packed = picked + chance.expovariate(1 / 20)
    left = packed + chance.expovariate(1 / 15)
    return [(NOW + timedelta(minutes=m), n, ref) for n, m in enumerate((picked, packed, left))]


def _do(steps: list[Step]) -> None:
    for at, what, ref in steps:
        with unit():
            if what == 0:
                fulfillment.start(at={ref: at})
            elif what == 1:
                fulfillment.pack(cartons={ref: _carton(ref, at)})
            else:
                fulfillment.ship(at={ref: at})


def test_who_is_at_risk_is_in_the_story_of_the_order(world: World) -> None:
    [order] = _place(world, 1)
    _flag(timedelta(minutes=60))
    relaying.drain()

    assert order.timeline.filter(kind="orders.order.at_risk.v1").count() == 1


def test_the_api_tells_milestones_and_narrows_the_list_to_those_at_risk(world: World) -> None:
    first, second = _place(world, 2)
    Order.objects.filter(pk=second.pk).update(latest_ship_at=CUTOFF + timedelta(days=2))
    _flag(timedelta(minutes=60))
    client = _client(world.organization_id)

    told = client.get(f"/api/v1/orders/{first.public_id}/milestones").json()
    assert told["at_risk_of"] == "picked"
    assert [m["milestone"] for m in told["milestones"]] == [str(m) for m in Milestone]
    steps = {m["milestone"]: m for m in told["milestones"]}
    assert steps["ordered"]["reached_at"] is not None
    assert steps["ordered"]["why_not"] is None
    assert steps["picked"]["why_not"] == "at_the_node"
    assert steps["shipped"]["target"] == "2026-11-18T01:00:00Z"

    for value, order in (("true", first), ("false", second)):
        listed = client.get(f"/api/v1/orders?at_risk={value}").json()["results"]
        assert [row["id"] for row in listed] == [order.public_id]
    assert client.get("/api/v1/orders/ord_nobody/milestones").status_code == 404
