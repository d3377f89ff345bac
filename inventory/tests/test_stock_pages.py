"""What the pages of stock show: every number is explained by its rows, now and on each past day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import (
    ChannelAllotment,
    InboundSupply,
    Lot,
    SafetyRule,
    SellingRule,
    Serial,
    StockMovement,
    StockPosition,
)
from inventory.nodes.models import Node, NodeAllowance
from inventory.selectors import availability, stock_page
from inventory.selectors.stock_page import Balances, Day, Totals
from inventory.services import balances, reservations
from inventory.services.balances import Entry
from inventory.tests.factories import NOON, World, at_node, make_world
from oms.core import clock
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db

#: Noon of March 2 in Greenwich is before dawn in Reno, the same day.
RENO = ZoneInfo("America/Los_Angeles")


def move(world: World, at: datetime, *, node: str = "reno", **units: int) -> None:
    """Books one movement of the balances, as a service would."""
    position = world.position(node, "TENT")
    entry = Entry(
        position_id=position.pk,
        kind=StockMovement.Kind.ADJUSTED,
        document_kind="test",
        document_ref="t",
        at=at,
        actor="test",
        **units,
    )
    with unit():
        balances.lock_ids(position_ids=[position.pk])
        balances.book(entries=[entry])


def place(world: World, node: str = "reno", sku: str = "TENT") -> StockPosition:
    variant_id = world.variants[sku]
    return stock_page.list_places(variant_id=variant_id).get(node__code=node)


def busy(world: World, seed: int, days: int = 40) -> None:
    """Moves all seven balances at random times of the last days, in no order of time."""
    dice = Random(seed)
    move(world, NOON - timedelta(days=days), on_hand=1_000)
    for _ in range(60):
        at = NOON - timedelta(minutes=dice.randrange(days * 24 * 60))
        move(
            world,
            at,
            on_hand=dice.randrange(-4, 9),
            held=dice.randrange(3),
            allocated=dice.randrange(3),
            earmarked=0,
            quarantined=dice.randrange(3),
            damaged=dice.randrange(3),
            returned=dice.randrange(3),
        )


def brute_force(position_id: int, day: date, zone: ZoneInfo = RENO) -> Balances:
    """Adds up, from the beginning, everything that was booked up to the end of a day."""
    rows = StockMovement.objects.filter(position_id=position_id)
    known = [row for row in rows if row.occurred_at.astimezone(zone).date() <= day]
    return Balances(
        *(sum(getattr(row, f"{name}_delta") for row in known) for name in Balances._fields)
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_balance_on_a_past_day_is_the_sum_of_all_up_to_its_end(seed: int) -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    busy(world, seed)
    position_id = world.position("reno", "TENT").pk

    with clock.virtual(NOON):
        for back in (0, 1, 2, 9, 29, 39, 40, 41):
            day = date(2026, 3, 2) - timedelta(days=back)
            assert stock_page.balance_on(position_id=position_id, day=day) == brute_force(
                position_id, day
            ), day


def test_a_day_ends_at_midnight_of_the_node() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    midnight = datetime(2026, 3, 1, 8, tzinfo=UTC)  # of March 1 in Reno
    move(world, midnight - timedelta(seconds=1), on_hand=10)
    move(world, midnight, on_hand=100)
    position_id = world.position("reno", "TENT").pk

    with clock.virtual(NOON):
        ends = [
            stock_page.balance_on(position_id=position_id, day=date(2026, *day)).on_hand
            for day in ((2, 27), (2, 28), (3, 1), (3, 2))
        ]

    assert ends == [0, 10, 110, 111]


def test_what_is_dated_ahead_belongs_to_today_and_a_day_to_come_ends_like_it() -> None:
    world = make_world()
    world.receive("reno", "TENT", 3)
    move(world, NOON + timedelta(days=2), on_hand=4)
    position_id = world.position("reno", "TENT").pk

    with clock.virtual(NOON):
        days = stock_page.list_days(position_ids=[position_id])
        ahead = stock_page.balance_on(position_id=position_id, day=date(2027, 1, 1))

    assert days[-1] == Day(date(2026, 3, 2), 7, 0, Balances(7, 0, 0, 0, 0, 0, 0))
    assert ahead.on_hand == 7


def test_a_balance_of_no_place_is_refused() -> None:
    with pytest.raises(StockPosition.DoesNotExist):
        stock_page.balance_on(position_id=1, day=NOON.date())


def test_the_chart_ends_with_what_is_on_hand_and_its_bars_are_the_movements() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    busy(world, seed=7)
    position = world.position("reno", "TENT")

    with clock.virtual(NOON):
        days = stock_page.list_days(position_ids=[position.pk])

    first = date(2026, 2, 1)
    seen = [
        row.on_hand_delta
        for row in position.movements.all()
        if row.occurred_at.astimezone(RENO).date() >= first
    ]
    assert [day.on for day in days] == [first + timedelta(days=n) for n in range(30)]
    assert days[-1].end == Balances(*(getattr(position, name) for name in Balances._fields))
    assert sum(day.units_in for day in days) == sum(delta for delta in seen if delta > 0)
    assert sum(day.units_out for day in days) == -sum(delta for delta in seen if delta < 0)
    for before, after in zip(days, days[1:], strict=False):
        change = after.units_in - after.units_out
        assert after.end.on_hand == before.end.on_hand + change


def test_the_chart_of_many_places_is_their_sum_each_by_its_own_day() -> None:
    world = make_world(nodes_=("reno", "tokyo"))
    Node.objects.filter(code="tokyo").update(timezone="Asia/Tokyo")
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)  # March 2 in Reno, March 3 in Tokyo
    for node in ("reno", "tokyo"):
        world.receive(node, "TENT", 10)
        move(world, evening, node=node, on_hand=-1)
    ids = [world.position(node, "TENT").pk for node in ("reno", "tokyo")]

    with clock.virtual(evening):
        days = stock_page.list_days(position_ids=ids)

    assert [(day.on, day.units_in, day.units_out, day.end.on_hand) for day in days[-2:]] == [
        (date(2026, 3, 2), 20, 1, 19),
        (date(2026, 3, 3), 0, 1, 18),
    ]


def test_the_chart_is_one_statement_however_much_it_draws() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    for node in ("reno", "dallas"):
        world.receive(node, "TENT", 10)
    ids = [world.position(node, "TENT").pk for node in ("reno", "dallas")]

    with CaptureQueriesContext(connection) as seen:
        stock_page.list_days(position_ids=ids[:1])
        stock_page.list_days(position_ids=ids)

    assert len(seen) == 2


def test_no_places_have_no_days() -> None:
    assert stock_page.list_days(position_ids=[]) == []


@pytest.mark.parametrize("balance", Balances._fields)
def test_what_a_balance_was_after_each_movement(balance: str) -> None:
    world = make_world(nodes_=("reno", "dallas"))
    for node in ("reno", "dallas"):
        world.receive(node, "TENT", 50)
    for step in range(6):
        units = {} if balance == "on_hand" else {balance: step}
        for node in ("reno", "dallas"):
            move(world, NOON, node=node, on_hand=step, **units)
    rows = list(StockMovement.objects.order_by("pk"))
    expected, sums = {}, dict.fromkeys((row.position_id for row in rows), 0)
    for row in rows:
        sums[row.position_id] += getattr(row, f"{balance}_delta")
        expected[row.pk] = sums[row.position_id]

    everything = stock_page.balances_after(movement_ids=list(expected), balance=balance)
    some = [row.pk for row in rows[1::3]]

    assert everything == expected
    assert stock_page.balances_after(movement_ids=some, balance=balance) == {
        key: expected[key] for key in some
    }


def test_rows_behind_a_number_come_to_it_and_drift_shows() -> None:
    world = make_world()
    world.receive("reno", "TENT", 9)
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 4))])
    position = world.position("reno", "TENT")
    places = StockPosition.objects.filter(pk=position.pk)

    def behind() -> Totals:
        return stock_page.sum_behind(
            rows=position.movements.all(),
            units="allocated_delta",
            places=places,
            balance="allocated",
        )

    before = behind()
    places.update(allocated=5)

    assert before == Totals(sum=4, stands=4)
    assert behind() == Totals(sum=4, stands=5)


def test_no_rows_behind_a_number_come_to_nothing() -> None:
    world = make_world()
    world.receive("reno", "TENT", 9)

    totals = stock_page.sum_behind(
        rows=StockMovement.objects.none(),
        units="on_hand_delta",
        places=StockPosition.objects.all(),
        balance="on_hand",
    )

    assert totals == Totals(sum=0, stands=9)


def test_a_place_promises_what_availability_says() -> None:
    world = make_world(nodes_=("reno", "dallas", "closed", "foreign"))
    for node in world.nodes:
        world.receive(node, "TENT", 10)
    StockPosition.objects.filter(node__code="dallas").update(safety_stock=11)
    StockPosition.objects.filter(node__code="reno").update(safety_stock=2)
    Node.objects.filter(code="closed").update(is_active=False)
    NodeAllowance.objects.filter(node__code="foreign").delete()
    with clock.virtual(NOON), unit():
        reservations.hold(
            demands=[world.demand("h", world.leg("reno", "TENT", 3))],
            expires_at=NOON + timedelta(minutes=5),
        )
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 1))])

    for moment, expected in ((NOON, 4), (NOON + timedelta(minutes=5), 7)):
        with clock.virtual(moment):
            places = {row.node.code: row for row in stock_page.list_places()}
            told = availability.list_for(
                organization_id=world.organization_id, variant_ids=[world.variants["TENT"]]
            )
            here = {code: stock_page.available_at(row) for code, row in places.items()}
            assert here == {"reno": expected, "dallas": 0, "closed": 0, "foreign": 0}
            assert sum(here.values()) == sum(row.available for row in told)

    assert places["dallas"].free == -1
    assert (places["reno"].ran_out, places["dallas"].ran_out) == (3, 0)


@pytest.mark.parametrize(
    ("rules", "oversell"),
    [
        ([], 6),
        ([("", "web", 3)], 0),
        ([("", "", 2), ("", "web", 5)], 2),
        ([("", "", 2), ("TENT", "", 4)], 4),
        ([("", "web", 3), ("TENT", "web", 5)], 0),
        ([("STOVE", "", 1)], 6),
        ([("", "", 9)], 6),
    ],
)
def test_a_place_promises_the_oversell_of_no_channel_like_availability(
    rules: list[tuple[str, str, int]], oversell: int
) -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 10)
    for sku, channel, limit in rules:
        SellingRule.objects.create(
            organization_id=world.organization_id,
            variant_id=world.variants.get(sku),
            channel=channel,
            oversell_limit=limit,
        )
    StockPosition.objects.update(oversell_limit=6)

    assert stock_page.available_at(place(world)) == 10 + oversell == told(world, "TENT")["reno"]


def test_a_place_promises_no_unit_that_nobody_may_have_like_availability() -> None:
    world = make_world(skus=("MILK", "PHONE"))
    world.track("MILK", "lot")
    for power, code in enumerate(("fresh", "old", "pulled", "endless", "recalled")):
        world.receive_lot("reno", "MILK", world.lot("MILK", code), 2**power)
    for code, change in {
        "fresh": {"expires_on": date(2026, 3, 3)},
        "old": {"expires_on": date(2026, 3, 2)},
        "pulled": {"expires_on": date(2026, 9, 9), "removal_on": date(2026, 3, 1)},
        "recalled": {"block": "recalled"},
    }.items():
        Lot.objects.filter(code=code).update(**change)
    world.track("PHONE", "serial")
    world.receive_units("reno", "PHONE", "a", "b", "c")
    Serial.objects.filter(code="b").update(block="hold")

    with clock.virtual(NOON):
        milk, phone = place(world, sku="MILK"), place(world, sku="PHONE")
        assert (milk.stored, milk.unfit) == (31, 2 + 4 + 16)
        assert stock_page.available_at(milk) == 1 + 8 == told(world, "MILK")["reno"]
        assert stock_page.available_at(phone) == 2 == told(world, "PHONE")["reno"]
        few = stock_page.list_bare().filter(stock_page.places_with_free(least=1, most=10))
        assert few.count() == 2


def told(world: World, sku: str) -> dict[str, int]:
    rows = availability.list_for(
        organization_id=world.organization_id, variant_ids=[world.variants[sku]]
    )
    codes = {key: code for code, key in world.nodes.items()}
    return {codes[row.node_id]: row.available for row in rows}


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [(0, 0, ["gone", "over"]), (1, 10, ["few", "late"]), (11, None, ["many"])],
)
def test_places_are_found_by_what_is_free(
    least: int, most: int | None, expected: list[str]
) -> None:
    world = make_world(nodes_=("few", "gone", "late", "many", "over"))
    on_hand = {"few": 10, "gone": 3, "late": 5, "many": 11, "over": 3}
    for node, units in on_hand.items():
        world.receive(node, "TENT", units)
    StockPosition.objects.filter(node__code="over").update(safety_stock=4)
    with clock.virtual(NOON), unit():
        reservations.reserve(demands=[world.demand("o", world.leg("gone", "TENT", 3))])
        reservations.hold(
            demands=[world.demand("h", world.leg("late", "TENT", 5))], expires_at=NOON
        )

    with clock.virtual(NOON):
        wanted = stock_page.places_with_free(least=least, most=most)
        for places in (stock_page.list_places(), stock_page.list_bare().order_by("node__code")):
            assert [row.node.code for row in places.filter(wanted)] == expected


def test_inbound_counts_what_is_still_to_come_to_the_place() -> None:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE"))
    for node in world.nodes:
        world.receive(node, "TENT", 1)
    supply(world, "reno", "TENT", "late", date(2026, 4, 9), quantity=7)
    supply(world, "reno", "TENT", "soon", date(2026, 3, 9), quantity=20, received=5, lost=3)
    supply(world, "reno", "TENT", "done", date(2026, 3, 1), quantity=4, received=3, lost=1)
    supply(world, "reno", "STOVE", "other", date(2026, 3, 3), quantity=90)

    here, there = place(world), place(world, "dallas")
    coming = stock_page.list_inbound(node_id=here.node_id, variant_id=here.variant_id)

    assert (here.inbound, here.inbound_on) == (19, date(2026, 3, 9))
    assert (there.inbound, there.inbound_on) == (0, None)
    assert [(row.document_ref, row.open) for row in coming] == [("soon", 12), ("late", 7)]


def test_the_most_specific_safety_rule_is_named() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    product = world.position("reno", "TENT").variant.product
    product.category = "camping"
    product.save()
    node_id, named = world.nodes["reno"], []

    for scope in ({}, {"category": "camping"}, {"variant_id": world.variants["TENT"]}):
        SafetyRule.objects.create(node_id=node_id, quantity=5, **scope)
        SafetyRule.objects.create(node_id=node_id, quantity=6, category=f"c{len(named)}")
        rule = place(world).safety_rule
        named.append((rule["category"], rule["variant_id"]))

    assert named == [("", None), ("camping", None), ("", world.variants["TENT"])]


def test_live_reservations_and_allotments_of_a_place_only() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    for node in world.nodes:
        world.receive(node, "TENT", 9)
    with unit():
        reservations.reserve(
            demands=[
                world.demand("one", world.leg("reno", "TENT", 1)),
                world.demand("two", world.leg("reno", "TENT", 2)),
                world.demand("three", world.leg("dallas", "TENT", 3)),
            ]
        )
        reservations.release(items=[at_node("one")], reason="test")
    here = world.position("reno", "TENT")
    for channel, position in (
        ("web", here),
        ("pos", here),
        ("x", world.position("dallas", "TENT")),
    ):
        ChannelAllotment.objects.create(position=position, channel=channel, remaining=1)

    live = stock_page.list_live(position_id=here.pk)
    kept = stock_page.list_allotments(position_id=here.pk)

    assert [row.demand_ref for row in live] == ["two"]
    assert [row.channel for row in kept] == ["pos", "web"]


def supply(world: World, node: str, sku: str, ref: str, on: date, **units: int) -> None:
    InboundSupply.objects.create(
        organization_id=world.organization_id,
        node_id=world.nodes[node],
        variant_id=world.variants[sku],
        kind=InboundSupply.Kind.PURCHASE_ORDER,
        document_ref=ref,
        expected_on=on,
        **units,
    )
