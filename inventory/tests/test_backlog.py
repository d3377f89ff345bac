"""Who waits, under which limits, and how arriving stock serves them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Backorder, Reservation, SellingRule, StockMovement
from inventory.nodes import services as nodes
from inventory.services import (
    backlog,
    filling,
    ledger,
    reservations,
    stock,
    supply,
    waiting,
)
from inventory.services.backlog import ForeignVariant
from inventory.tests.factories import NODE, NOON, World, make_world
from inventory.types import BacklogAnswer, BacklogLine, SupplyDraft, SupplyRef
from oms.core import clock
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying

pytestmark = pytest.mark.django_db

MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


def allow(world: World, **limits: Any) -> None:
    """One rule for the seller; other variants and channels by `variant` and `channel`."""
    sku = limits.pop("sku", None)
    SellingRule.objects.create(
        organization_id=world.organization_id,
        variant_id=world.variants[sku] if sku else None,
        **{"backorder_limit": 0, "preorder_limit": 0, **limits},
    )


def line(world: World, ref: str, quantity: int, sku: str = "TENT", **more: Any) -> BacklogLine:
    more.setdefault("line_ref", "1")
    return BacklogLine(
        organization_id=world.organization_id,
        demand_kind="order",
        demand_ref=ref,
        variant_id=world.variants[sku],
        quantity=quantity,
        **more,
    )


def enqueue(*lines: BacklogLine) -> BacklogAnswer:
    with unit():
        return backlog.enqueue(lines=lines)


def coming(
    world: World, quantity: int, on: date, *, po: str = "PO-1", sku: str = "TENT", at: str = "reno"
) -> SupplyRef:
    ref = SupplyRef(world.organization_id, "purchase_order", po)
    draft = SupplyDraft(ref, world.nodes[at], world.variants[sku], quantity, on)
    with unit():
        supply.announce(lines=[draft])
    return ref


def told(name: str) -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name=f"inventory.{name}.v1").order_by("id")
    return list(rows.values_list("payload", flat=True))


def waits(ref: str) -> tuple[int, int, int]:
    row = Backorder.objects.get(demand_ref=ref)
    return row.quantity, row.filled, row.cancelled


def kept(ref: str) -> list[tuple[str, str, int]]:
    rows = Reservation.objects.filter(demand_ref=ref, status__in=Reservation.LIVE)
    return sorted(rows.values_list("position__node__code", "status", "quantity"))


def close(world: World, node: str) -> None:
    """The place ships no parcels any more."""
    with unit():
        nodes.upsert_nodes(drafts=[replace(NODE, code=node, name=node, can_ship=False)])


class TestLimits:
    def test_without_a_rule_nobody_waits(self) -> None:
        world = make_world()

        answer = enqueue(line(world, "o", 1))

        assert answer.waiting == {}
        assert [(x.wanted, x.room) for x in answer.refused["o"]] == [(1, 0)]
        assert not Backorder.objects.exists()

    def test_a_limit_is_reached_exactly(self) -> None:
        world = make_world()
        allow(world, backorder_limit=5)

        answer = enqueue(*(line(world, f"o{n}", 2) for n in range(3)), line(world, "last", 1))

        assert sorted(answer.waiting) == ["last", "o0", "o1"]
        assert [(x.wanted, x.room) for x in answer.refused["o2"]] == [(2, 1)]

    def test_no_limit_is_no_limit(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)

        assert list(enqueue(line(world, "o", 100_000)).waiting) == ["o"]

    def test_a_demand_waits_with_all_its_lines_or_with_none(self) -> None:
        world = make_world(skus=("TENT", "MUG"))
        allow(world, sku="TENT", backorder_limit=5)
        lines = [
            line(world, "both", 5, line_ref="1"),
            line(world, "both", 1, "MUG", line_ref="2"),
        ]

        answer = enqueue(*lines, line(world, "one", 5))

        assert list(answer.waiting) == ["one"]
        assert [x.line_ref for x in answer.refused["both"]] == ["2"]
        assert waits("one") == (5, 0, 0)

    def test_the_most_specific_rule_decides_and_counts_what_it_decides_for(self) -> None:
        world = make_world()
        allow(world, backorder_limit=1)
        allow(world, channel="web", backorder_limit=2)
        allow(world, sku="TENT", backorder_limit=3)
        allow(world, sku="TENT", channel="web", backorder_limit=4)

        web = enqueue(line(world, "w1", 4, channel="web"), line(world, "w2", 1, channel="web"))
        others = enqueue(
            line(world, "a", 2, channel="phone"),
            line(world, "b", 1, channel="store"),
            line(world, "c", 1, channel="phone"),
        )

        assert (list(web.waiting), list(web.refused)) == (["w1"], ["w2"])
        assert (list(others.waiting), list(others.refused)) == (["a", "b"], ["c"])

    def test_filled_and_cancelled_units_make_room_again(self) -> None:
        world = make_world()
        allow(world, backorder_limit=3)
        enqueue(line(world, "a", 2), line(world, "b", 1))
        world.receive("reno", "TENT", 1)
        with unit():
            assert backlog.cancel(demands=[("order", "b")]) == 1

        answer = enqueue(line(world, "c", 3), line(world, "d", 2))

        assert (list(answer.waiting), list(answer.refused)) == (["d"], ["c"])

    def test_the_same_line_twice_is_one_line(self) -> None:
        world = make_world()
        allow(world, backorder_limit=3)

        first = enqueue(line(world, "o", 2), line(world, "o", 2))
        again = enqueue(line(world, "o", 2))

        assert first.waiting == again.waiting
        assert Backorder.objects.get().quantity == 2
        assert len(told("backorder.queued")) == 1

    @pytest.mark.parametrize("quantity", [0, -1, 1.0, "1", True, 100_001])
    def test_only_whole_units_wait(self, quantity: Any) -> None:
        world = make_world()
        allow(world, backorder_limit=None)

        with pytest.raises(InvalidQuantity):
            enqueue(line(world, "good", 1), line(world, "bad", quantity))

        assert not Backorder.objects.exists()

    def test_an_unknown_variant_is_refused_and_nothing_waits(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        stranger = BacklogLine(world.organization_id, "order", "o", "1", 999_999, 1)

        with pytest.raises(ForeignVariant):
            enqueue(line(world, "good", 1), stranger)

        assert not Backorder.objects.exists()

    def test_statements_do_not_grow_with_the_lines(self) -> None:
        world = make_world(skus=tuple(f"S{n}" for n in range(20)))
        allow(world, backorder_limit=None)

        def spent(label: str, skus: list[str]) -> int:
            lines = [line(world, f"{label}{sku}", 1, sku) for sku in skus]
            with CaptureQueriesContext(connection) as captured:
                enqueue(*lines)
            return len(captured)

        assert spent("few", ["S0"]) == spent("many", [f"S{n}" for n in range(20)])


class TestFill:
    def test_the_most_urgent_come_first_then_the_oldest(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        for number, (ref, priority) in enumerate([("old", 1), ("young", 1), ("urgent", 9)]):
            with clock.virtual(NOON + timedelta(minutes=number)):
                enqueue(line(world, ref, 2, priority=priority))

        world.receive("reno", "TENT", 5)

        assert [waits(ref)[1] for ref in ("urgent", "old", "young")] == [2, 2, 1]
        assert kept("young") == [("reno", "confirmed", 1)]
        position = world.position("reno", "TENT")
        assert (position.on_hand, position.held, position.allocated) == (5, 5, 0)
        assert ledger.verify().count == 0

    def test_what_nobody_waits_for_goes_on_sale(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 3))

        world.receive("reno", "TENT", 8)

        assert waits("o") == (3, 3, 0)
        assert world.position("reno", "TENT").held == 3
        with unit():
            sold = reservations.reserve(demands=[world.demand("x", world.leg("reno", "TENT", 5))])
        assert sold.taken == ("x",)

    def test_each_fill_is_a_movement_and_is_told(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 3, line_ref="7"))

        world.receive("reno", "TENT", 2)

        movement = StockMovement.objects.get(kind="held")
        assert (movement.held_delta, movement.document_ref) == (2, "o")
        [fact] = told("backorder.filled")
        assert (fact["demand_ref"], fact["line_ref"], fact["units"]) == ("o", "7", 2)
        assert fact["node_id"] == world.nodes["reno"]
        story = Reservation.objects.get().status_changes.get()
        assert (story.trigger, story.from_status, story.to_status) == ("fill", "", "confirmed")

    def test_later_arrivals_at_one_place_are_parts_of_one_line(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 3))

        world.receive("reno", "TENT", 1)
        world.receive("reno", "TENT", 1)
        world.receive("reno", "TENT", 5)

        assert kept("o") == [("reno", "confirmed", 1)] * 3
        assert waits("o") == (3, 3, 0)
        with unit():
            reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 3))])
        assert kept("o") == [("reno", "allocated", 3)]
        assert ledger.verify().count == 0

    def test_one_arrival_at_two_places_fills_one_line(self) -> None:
        world = make_world(nodes_=("reno", "dallas"))
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 5), line(world, "p", 2))

        with unit():
            stock.receive(
                changes=[world.change("reno", "TENT", 3), world.change("dallas", "TENT", 3)]
            )

        assert (waits("o"), waits("p")) == ((5, 5, 0), (2, 1, 0))
        assert sum(units for _, _, units in kept("o")) == 5
        assert ledger.verify().count == 0

    def test_safety_stock_is_left_alone(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 5))
        world.receive("reno", "TENT", 1)
        type(world.position("reno", "TENT")).objects.update(safety_stock=3)

        world.receive("reno", "TENT", 4)

        assert waits("o") == (5, 2, 0)

    def test_units_that_may_only_be_oversold_fill_nobody(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None, oversell_limit=10)
        enqueue(line(world, "o", 5))

        world.receive("reno", "TENT", 2)

        assert waits("o") == (5, 2, 0)

    def test_a_place_that_ships_nothing_fills_nobody(self) -> None:
        world = make_world(nodes_=("reno", "shop"))
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 2))
        close(world, "shop")

        world.receive("shop", "TENT", 2)
        untouched = waits("o")
        world.receive("reno", "TENT", 1)

        assert (untouched, waits("o")) == ((2, 0, 0), (2, 1, 0))
        assert world.position("shop", "TENT").held == 0

    def test_returns_and_corrections_fill_too(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 3))

        with unit():
            stock.take_back(changes=[world.change("reno", "TENT", 1)], quarantine=True)
            stock.take_back(changes=[world.change("reno", "TENT", 1)], quarantine=False)
            stock.adjust(changes=[world.change("reno", "TENT", 1)])

        assert waits("o") == (3, 2, 0)
        assert ledger.verify().count == 0

    def test_a_receipt_without_backlog_costs_one_statement_more(self) -> None:
        world = make_world(skus=("TENT", "MUG"))
        allow(world, backorder_limit=None)
        world.receive("reno", "TENT", 1)
        enqueue(line(world, "o", 1, "MUG"))

        with CaptureQueriesContext(connection) as captured:
            world.receive("reno", "TENT", 1)

        about = [q["sql"] for q in captured if "inventory_backorder" in q["sql"]]
        assert len(about) == 1

    def test_the_statements_of_a_fill_do_not_grow_with_who_waits(self) -> None:
        skus = tuple(f"S{n}" for n in range(10))
        world = make_world(skus=skus)
        allow(world, backorder_limit=None)
        enqueue(line(world, "one", 1, "S0"))
        enqueue(*(line(world, f"o{sku}{n}", 1, sku) for sku in skus[1:] for n in range(3)))

        def spent(skus: tuple[str, ...]) -> int:
            with CaptureQueriesContext(connection) as captured, unit():
                stock.receive(changes=[world.change("reno", sku, 2) for sku in skus])
            return len(captured)

        assert spent(("S0",)) == spent(skus[1:])

    def test_given_back_stock_serves_who_waits(self, transactional_db: None) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        world.receive("reno", "TENT", 3)
        with unit():
            reservations.reserve(demands=[world.demand("a", world.leg("reno", "TENT", 3))])
        enqueue(line(world, "o", 2))

        with unit():
            reservations.release(
                items=[reservations.DemandAtNode("order", "a")], reason="cancelled"
            )
        relaying.drain()

        assert waits("o") == (2, 2, 0)
        assert ledger.verify().count == 0

    def test_nobody_waits_beside_free_stock(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        world.receive("reno", "TENT", 2)
        enqueue(line(world, "o", 5))

        assert filling.fill_free(variant_ids=world.variants.values()) == 2
        assert filling.fill_free(variant_ids=world.variants.values()) == 0

        assert waits("o") == (5, 2, 0)


class TestCancel:
    def test_what_was_filled_stays_and_nothing_more_comes(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 5))
        world.receive("reno", "TENT", 2)

        with unit():
            assert backlog.cancel(demands=[("order", "o")]) == 3
            assert backlog.cancel(demands=[("order", "o"), ("order", "nobody")]) == 0
        world.receive("reno", "TENT", 9)

        assert waits("o") == (5, 2, 3)
        assert kept("o") == [("reno", "confirmed", 2)]

    def test_its_promise_goes_to_the_next_in_line(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        coming(world, 5, MAY)
        coming(world, 5, JUNE, po="PO-2")
        enqueue(line(world, "a", 5))
        enqueue(line(world, "b", 5))

        with unit():
            backlog.cancel(demands=[("order", "a")])

        assert Backorder.objects.get(demand_ref="b").promised_on == MAY
        [fact] = told("promise.moved")
        assert (fact["demand_ref"], fact["was_on"], fact["promised_on"]) == (
            "b",
            "2026-06-01",
            "2026-05-01",
        )


class TestWait:
    def test_what_is_there_is_kept_and_the_rest_waits(self) -> None:
        world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "MUG"))
        allow(world, backorder_limit=None)
        world.receive("reno", "TENT", 2)
        world.receive("dallas", "TENT", 3)
        world.receive("reno", "MUG", 9)

        with unit():
            answer = waiting.wait(
                lines=[
                    line(world, "o", 7, line_ref="1"),
                    line(world, "o", 4, "MUG", line_ref="2"),
                ]
            )

        assert [(x.line_ref, x.units) for x in answer.waiting["o"]] == [("1", 2)]
        assert kept("o") == [
            ("dallas", "confirmed", 3),
            ("reno", "confirmed", 2),
            ("reno", "confirmed", 4),
        ]
        assert ledger.verify().count == 0

    def test_who_may_not_wait_keeps_nothing(self) -> None:
        world = make_world()
        allow(world, backorder_limit=1)
        world.receive("reno", "TENT", 2)

        with unit():
            answer = waiting.wait(lines=[line(world, "o", 4)])

        assert [(x.wanted, x.room) for x in answer.refused["o"]] == [(2, 1)]
        assert answer.waiting == {}
        assert (kept("o"), world.position("reno", "TENT").held) == ([], 0)
        assert ledger.verify().count == 0

    def test_twice_is_once(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        world.receive("reno", "TENT", 2)

        with unit():
            first = waiting.wait(lines=[line(world, "o", 5)])
        with unit():
            again = waiting.wait(lines=[line(world, "o", 5)])

        assert first == again
        assert (waits("o"), kept("o")) == ((3, 0, 0), [("reno", "confirmed", 2)])

    def test_who_lacks_nothing_waits_for_nothing(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        world.receive("reno", "TENT", 5)

        with unit():
            answer = waiting.wait(lines=[line(world, "o", 5)])

        assert answer == BacklogAnswer({"o": ()})
        assert kept("o") == [("reno", "confirmed", 5)]
