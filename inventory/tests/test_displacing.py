"""A short count ends promises: whose, how many units of them, and never what is picked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory.catalog.models import Variant
from inventory.models import (
    ChannelAllotment,
    Lot,
    LotBalance,
    Reservation,
    StockMovement,
    StockPosition,
)
from inventory.services import balances, counts, displacing, ledger, reservations, stock
from inventory.services.balances import Entry
from inventory.services.displacing import PickedIsMissing
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import CountedLine, Demand, StockChange
from oms.core import clock
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


def _world(units: int, *skus: str) -> World:
    world = make_world(skus=skus or ("TENT",))
    for sku in world.variants:
        world.receive("reno", sku, units)
    return world


def _demand(world: World, ref: str, units: int, **options: Any) -> Demand:
    minutes = options.pop("minutes", 0)
    return Demand(
        world.organization_id,
        options.pop("kind", "order"),
        ref,
        (world.leg("reno", options.pop("sku", "TENT"), units),),
        NOON + timedelta(minutes=minutes),
        **options,
    )


def _reserve(*demands: Demand) -> None:
    with unit():
        assert len(reservations.reserve(demands=demands).taken) == len(demands)


def _hold(*demands: Demand, minutes: int = 60) -> None:
    until = clock.now() + timedelta(minutes=minutes)
    with unit():
        reservations.hold(demands=demands, expires_at=until)


def _count(world: World, units: int, sku: str = "TENT") -> list[tuple[str, list[Any]]]:
    """Counts the shelf at once; who lost what."""
    with unit():
        count = counts.start(
            node_id=world.nodes["reno"], variant_ids=[world.variants[sku]], reason="short"
        )
        counts.enter(count_id=count.pk, lines=[CountedLine(world.variants[sku], units)])
        counts.submit(count_id=count.pk)
        booked = counts.book(count_id=count.pk)
    return [(event.demand_ref, [units for _, _, units in event.lines]) for event in booked.missing]


def _left() -> dict[str, list[int]]:
    left: dict[str, list[int]] = {}
    for ref, quantity in (
        Reservation.objects.filter(status__in=Reservation.LIVE)
        .order_by("demand_ref", "pk")
        .values_list("demand_ref", "quantity")
    ):
        left.setdefault(ref, []).append(quantity)
    return left


def test_the_youngest_allocation_ends_and_its_demand_is_told() -> None:
    world = _world(3)
    _reserve(*(_demand(world, ref, 1, minutes=n) for n, ref in ((2, "c"), (1, "b"), (0, "a"))))

    assert _count(world, 2) == [("c", [1])]

    [event] = OutboxEvent.objects.filter(name="inventory.stock.missing.v1")
    assert (event.correlation_id, event.aggregate_kind, event.payload["node_id"]) == (
        "c", "demand", world.nodes["reno"],
    )  # fmt: skip
    assert event.payload["lines"] == [["1", world.variants["TENT"], 1]]
    assert (event.payload["demand_kind"], event.payload["reason"]) == ("order", "short")
    row = Reservation.objects.get(demand_ref="c")
    step = row.status_changes.latest("pk")
    assert (row.status, step.trigger, step.reason) == ("released", "release", "short")
    position = world.position("reno", "TENT")
    assert (position.on_hand, position.allocated) == (2, 2)
    kinds = StockMovement.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["released", "counted"]
    assert ledger.verify().differences == []


def test_of_demands_of_one_moment_the_one_made_last_ends() -> None:
    world = _world(2)
    _reserve(_demand(world, "first", 1), _demand(world, "second", 1))

    assert _count(world, 1) == [("second", [1])]


def test_nobody_loses_what_nobody_was_promised() -> None:
    world = _world(5)
    _reserve(_demand(world, "a", 3))

    assert _count(world, 3) == []

    assert _left() == {"a": [3]}


def test_soft_holds_end_before_orders_however_old() -> None:
    world = _world(4)
    _hold(_demand(world, "cart", 2, kind="cart"))
    _reserve(_demand(world, "order", 2, minutes=5))

    assert _count(world, 2) == [("cart", [2])]

    assert _left() == {"order": [2]}
    assert ledger.verify().differences == []


def test_a_hold_that_ran_out_goes_first_and_nobody_is_told_that_stock_is_missing() -> None:
    world = _world(4)
    _hold(_demand(world, "gone", 2, kind="cart"), minutes=-1)
    _hold(_demand(world, "cart", 2, kind="cart", minutes=5))

    assert _count(world, 2) == []

    assert _left() == {"cart": [2]}
    assert Reservation.objects.get(demand_ref="gone").status == "expired"
    assert ledger.verify().differences == []


def test_only_the_missing_units_are_lost_and_the_rest_stays_promised() -> None:
    world = _world(6)
    _reserve(_demand(world, "old", 1), _demand(world, "young", 5, minutes=1))

    assert _count(world, 4) == [("young", [2])]
    assert _count(world, 3) == [("young", [1])]

    assert _left() == {"old": [1], "young": [2]}
    parts = Reservation.objects.filter(demand_ref="young").order_by("part")
    assert list(parts.values_list("part", "quantity", "status")) == [
        (0, 2, "allocated"), (1, 2, "released"), (2, 1, "released"),
    ]  # fmt: skip
    assert list(parts[1].status_changes.order_by("pk").values_list("trigger", flat=True)) == [
        "split", "release",
    ]  # fmt: skip
    assert len(set(parts.values_list("created_at"))) == 1
    assert ledger.verify().differences == []


def test_picked_units_are_never_taken_back() -> None:
    world = _world(4)
    _reserve(_demand(world, "old", 2), _demand(world, "young", 2, minutes=1))
    with unit():
        reservations.pick(items=[at_node("young")])

    assert _count(world, 1) == [("old", [1])]

    assert _left() == {"old": [1], "young": [2]}
    assert ledger.verify().differences == []


def test_more_picked_than_left_is_refused_by_name_and_nothing_changes() -> None:
    world = _world(4)
    _reserve(_demand(world, "old", 3), _demand(world, "young", 1, minutes=1))
    with unit():
        reservations.pick(items=[at_node("old")])
    lost = Entry(
        position_id=world.position("reno", "TENT").pk,
        kind="adjusted",
        document_kind="test",
        document_ref="1",
        at=NOON,
        actor="test",
        on_hand=-3,
    )

    with pytest.raises(PickedIsMissing) as refused, unit():
        positions = balances.lock_ids(position_ids=[lost.position_id])
        displacing.displace(positions=positions, entries=[lost], reason="lost", at=NOON)

    assert refused.value.data == {"node": "reno", "sku": "TENT", "missing": 2, "demands": ["old"]}
    assert _left() == {"old": [3], "young": [1]}
    assert world.position("reno", "TENT").allocated == 4


def test_what_the_position_may_oversell_need_not_be_there() -> None:
    world = _world(3)
    StockPosition.objects.update(oversell_limit=2)
    _reserve(_demand(world, "a", 3))

    assert _count(world, 1) == []
    assert _count(world, 0) == [("a", [1])]


def _keep(world: World, **channels: int) -> None:
    position = world.position("reno", "TENT")
    with unit():
        balances.lock_ids(position_ids=[position.pk])
        balances.book(
            entries=[
                Entry(
                    position_id=position.pk,
                    kind="earmarked",
                    document_kind="test",
                    document_ref="1",
                    at=NOON,
                    actor="test",
                    channel=channel,
                    earmarked=units,
                )
                for channel, units in channels.items()
            ]
        )


def test_channels_lose_what_is_kept_for_them_before_any_demand() -> None:
    world = _world(10)
    _keep(world, shop=3, market=2)
    _hold(_demand(world, "cart", 5, kind="cart"))

    assert _count(world, 6) == []

    kept = dict(ChannelAllotment.objects.values_list("channel", "remaining"))
    assert kept == {"shop": 0, "market": 1}
    assert world.position("reno", "TENT").earmarked == 1
    assert ledger.verify().differences == []


def test_what_an_ended_reservation_had_from_its_channel_is_missing_too() -> None:
    world = _world(5)
    _keep(world, shop=3)
    _reserve(
        _demand(world, "old", 2),
        _demand(world, "young", 3, minutes=1, channel="shop"),
    )

    assert _count(world, 3) == [("young", [2])]

    row = Reservation.objects.get(demand_ref="young", status="allocated")
    assert (row.quantity, row.earmarked) == (1, 1)
    assert ChannelAllotment.objects.get().remaining == 0
    assert ledger.verify().differences == []


def test_a_reservation_that_loses_a_part_keeps_what_it_had_from_its_channel() -> None:
    world = _world(5)
    _keep(world, shop=2)
    _reserve(_demand(world, "young", 5, channel="shop"))

    assert _count(world, 3) == [("young", [2])]

    row = Reservation.objects.get(demand_ref="young", status="allocated")
    assert (row.quantity, row.earmarked) == (3, 2)
    assert ledger.verify().differences == []


def _lots(world: World, **units: int) -> dict[str, Lot]:
    Variant.objects.update(tracking="lot")
    variant = world.variants["TENT"]
    lots = {code: Lot.objects.create(variant_id=variant, code=code) for code in units}
    with unit():
        stock.receive(
            changes=[
                StockChange(
                    world.nodes["reno"], variant, number, document_ref="asn", lot_id=lots[code].pk
                )
                for code, number in units.items()
            ]
        )
    return lots


def _count_lots(world: World, lots: dict[str, Lot], **found: int) -> list[tuple[str, list[Any]]]:
    variant = world.variants["TENT"]
    with unit():
        count = counts.start(node_id=world.nodes["reno"], variant_ids=[variant])
        counts.enter(
            count_id=count.pk,
            lines=[CountedLine(variant, units, lots[code].pk) for code, units in found.items()],
        )
        counts.submit(count_id=count.pk)
        booked = counts.book(count_id=count.pk)
    return [(event.demand_ref, [units for _, _, units in event.lines]) for event in booked.missing]


def test_a_lot_that_is_short_ends_its_own_allocations_though_another_lot_has_units() -> None:
    world = make_world()
    lots = _lots(world, L1=3, L2=5)
    _reserve(_demand(world, "first", 2), _demand(world, "second", 1, minutes=1))

    assert _count_lots(world, lots, L1=2, L2=6) == [("second", [1])]

    assert _left() == {"first": [2]}
    balance = dict(LotBalance.objects.values_list("lot__code", "allocated"))
    assert balance == {"L1": 2, "L2": 0}
    assert ledger.verify().differences == []


def test_a_lot_of_which_more_is_picked_than_left_is_refused() -> None:
    world = make_world()
    lots = _lots(world, L1=3, L2=5)
    _reserve(_demand(world, "first", 3))
    with unit():
        reservations.pick(items=[at_node("first")])
        count = counts.start(node_id=world.nodes["reno"], variant_ids=[world.variants["TENT"]])
        positions = balances.lock_places(places=[(world.nodes["reno"], world.variants["TENT"])])
    gone = Entry(
        position_id=positions[0].id,
        kind="quarantined",
        document_kind="test",
        document_ref="1",
        at=NOON,
        actor="test",
        lot_id=lots["L1"].pk,
        on_hand=-1,
        quarantined=1,
    )

    with pytest.raises(PickedIsMissing) as refused, unit():
        displacing.displace(positions=positions, entries=[gone], reason="bad", at=NOON)

    assert refused.value.data["missing"] == 1
    assert count.lines.count() == 2


def test_stock_that_is_set_aside_displaces_its_demands_the_same_way() -> None:
    world = _world(3)
    _reserve(_demand(world, "old", 1), _demand(world, "young", 2, minutes=1))
    aside = Entry(
        position_id=world.position("reno", "TENT").pk,
        kind="quarantined",
        document_kind="test",
        document_ref="1",
        at=NOON,
        actor="test",
        on_hand=-2,
        quarantined=2,
    )

    with unit():
        positions = balances.lock_ids(position_ids=[aside.position_id])
        displacing.displace(positions=positions, entries=[aside], reason="damp", at=NOON)
        balances.book(entries=[aside])

    position = world.position("reno", "TENT")
    assert (position.on_hand, position.allocated, position.quarantined) == (1, 1, 2)
    assert _left() == {"old": [1]}
    assert ledger.verify().differences == []
