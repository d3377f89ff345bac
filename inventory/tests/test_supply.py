"""What is on its way in: announced, re-dated, received, lost; and what it does to promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Backorder, InboundSupply, StockMovement
from inventory.selectors import supply as selectors
from inventory.services import backlog, ledger, supply
from inventory.services.supply import (
    InvalidSupply,
    MoreThanExpected,
    SupplyDiffers,
    SupplyTooSmall,
    UnknownSupply,
)
from inventory.tests.factories import NOON, World, make_world
from inventory.tests.test_backlog import (
    JULY,
    JUNE,
    MAY,
    allow,
    close,
    coming,
    enqueue,
    line,
    told,
    waits,
)
from inventory.types import ExpectedUnits, Loss, Receipt, SupplyDraft, SupplyRef
from oms.core import clock
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db


def stands(ref: SupplyRef) -> tuple[int, int, int, int]:
    """Ordered, received, lost, promised."""
    row = InboundSupply.objects.get(document_ref=ref.document_ref, line_ref=ref.line_ref)
    return row.quantity, row.received, row.lost, row.promised


def draft(world: World, ref: SupplyRef, quantity: int, on: date = MAY) -> SupplyDraft:
    return SupplyDraft(ref, world.nodes["reno"], world.variants["TENT"], quantity, on)


def receive(*receipts: Receipt, **more: Any) -> int:
    with unit():
        return supply.receive(receipts=receipts, **more)


def promise(ref: str) -> tuple[str | None, date | None]:
    row = Backorder.objects.select_related("supply").get(demand_ref=ref)
    return (row.supply.document_ref if row.supply else None), row.promised_on


class TestAnnounce:
    def test_the_same_line_twice_is_one_line_with_the_last_word(self) -> None:
        world = make_world()
        ref = coming(world, 10, MAY)

        with unit():
            assert supply.announce(lines=[draft(world, ref, 12, JUNE)]) == 0

        row = InboundSupply.objects.get()
        assert (row.quantity, row.expected_on, row.version) == (12, JUNE, 1)

    def test_it_cannot_be_less_than_what_came_is_lost_and_is_promised(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        ref = coming(world, 10, MAY)
        receive(Receipt(ref, 2, "GRN-1"))
        with unit():
            supply.lose(losses=[Loss(ref, 1)])
        enqueue(line(world, "o", 5))  # two are on the shelf and were not asked for
        assert stands(ref) == (10, 2, 1, 5)

        with unit():
            supply.announce(lines=[draft(world, ref, 8)])
        with pytest.raises(SupplyTooSmall) as refused, unit():
            supply.announce(lines=[draft(world, ref, 7)])

        assert refused.value.data == {"received": 2, "lost": 1, "promised": 5}
        assert stands(ref) == (8, 2, 1, 5)

    def test_a_line_cannot_become_another_item(self) -> None:
        world = make_world(nodes_=("reno", "dallas"))
        ref = coming(world, 10, MAY)

        with pytest.raises(SupplyDiffers), unit():
            supply.announce(lines=[replace(draft(world, ref, 10), node_id=world.nodes["dallas"])])

        assert InboundSupply.objects.get().node_id == world.nodes["reno"]

    @pytest.mark.parametrize(
        ("field", "change"),
        [
            ("quantity", {"quantity": 0}),
            ("quantity", {"quantity": 2.0}),
            ("quantity", {"quantity": True}),
            ("quantity", {"quantity": 100_000_001}),
            ("variant", {"variant_id": 999_999}),
            ("node", {"node_id": 999_999}),
            ("expected_on", {"expected_on": "2026-05-01"}),
            ("expected_on", {"expected_on": datetime(2026, 5, 1)}),  # noqa: DTZ001
            ("kind", {"ref": {"kind": "transfer"}}),
            ("document_ref", {"ref": {"document_ref": ""}}),
            ("document_ref", {"ref": {"document_ref": "x" * 61}}),
            ("line_ref", {"ref": {"line_ref": "1"}}),
        ],
    )
    def test_what_no_document_could_say_is_named_and_nothing_is_stored(
        self, field: str, change: dict[str, Any]
    ) -> None:
        world = make_world()
        good = draft(world, SupplyRef(world.organization_id, "purchase_order", "PO-1"), 5)
        bad = replace(good, ref=replace(good.ref, line_ref="2"))
        ref = replace(bad.ref, **change.pop("ref", {}))

        with pytest.raises(InvalidSupply) as refused, unit():
            supply.announce(lines=[good, replace(bad, ref=ref, **change)])

        assert [error.pointer for error in refused.value.errors] == [f"/lines/1/{field}"]
        assert not InboundSupply.objects.exists()

    def test_another_sellers_variant_is_not_theirs_to_announce(self) -> None:
        world = make_world()
        ref = SupplyRef(world.organization_id + 1, "purchase_order", "PO-1")

        with pytest.raises(InvalidSupply), unit():
            supply.announce(lines=[draft(world, ref, 5)])

    def test_statements_do_not_grow_with_the_lines(self) -> None:
        world = make_world(skus=tuple(f"S{n}" for n in range(20)))

        def spent(po: str, skus: list[str]) -> int:
            lines = [
                SupplyDraft(
                    SupplyRef(world.organization_id, "purchase_order", po, sku),
                    world.nodes["reno"],
                    world.variants[sku],
                    5,
                    MAY,
                )
                for sku in skus
            ]
            with CaptureQueriesContext(connection) as announced, unit():
                supply.announce(lines=lines)
            with CaptureQueriesContext(connection) as received:
                receive(*(Receipt(x.ref, 5, f"GRN-{po}") for x in lines))
            return len(announced) * 1_000 + len(received)

        assert spent("few", ["S0"]) == spent("many", [f"S{n}" for n in range(20)])


class TestPromise:
    def test_each_is_promised_by_the_arrival_that_brings_its_last_unit(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        later, first = coming(world, 4, JUNE, po="PO-2"), coming(world, 5, MAY)

        answer = enqueue(line(world, "a", 3), line(world, "b", 4), line(world, "c", 3))

        assert [x[0].promised_on for x in answer.waiting.values()] == [MAY, JUNE, None]
        assert [promise(ref) for ref in "abc"] == [("PO-1", MAY), ("PO-2", JUNE), (None, None)]
        assert (stands(first)[3], stands(later)[3]) == (5, 4)

    def test_an_arrival_that_is_announced_later_promises_who_waits(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        enqueue(line(world, "o", 3))

        coming(world, 4, JUNE)

        assert promise("o") == ("PO-1", JUNE)
        assert [(x["was_on"], x["promised_on"]) for x in told("promise.moved")] == [
            ("", "2026-06-01")
        ]

    def test_a_preorder_is_promised_its_day_and_no_arrival_makes_it_earlier(self) -> None:
        world = make_world()
        allow(world, preorder_limit=10, preorder_ships_on=JUNE)

        with clock.virtual(NOON):
            first = enqueue(line(world, "o", 3)).waiting["o"][0]
        coming(world, 4, MAY)
        early = promise("o")
        with unit():
            supply.reschedule(
                organization_id=world.organization_id,
                kind="purchase_order",
                document_ref="PO-1",
                expected_on=JULY,
            )

        assert (first.kind, first.promised_on) == ("preorder", JUNE)
        assert (early, promise("o")) == (("PO-1", JUNE), ("PO-1", JULY))
        assert [x["promised_on"] for x in told("promise.moved")] == ["2026-07-01"]

    def test_after_its_day_a_preorder_is_an_ordinary_backorder(self) -> None:
        world = make_world()
        allow(world, preorder_limit=1, backorder_limit=2, preorder_ships_on=NOON.date())

        with clock.virtual(NOON):
            answer = enqueue(line(world, "a", 1), line(world, "b", 1))
        with clock.virtual(NOON + timedelta(days=1)):
            later = enqueue(line(world, "c", 2), line(world, "d", 1))

        assert [x[0].kind for x in answer.waiting.values()] == ["preorder"]
        assert [x[0].kind for x in later.waiting.values()] == ["backorder"]
        assert (list(answer.refused), list(later.refused)) == (["b"], ["d"])

    def test_a_place_that_ships_nothing_promises_nothing(self) -> None:
        world = make_world(nodes_=("reno", "shop"))
        allow(world, backorder_limit=None)
        close(world, "shop")
        ref = coming(world, 9, MAY, at="shop")

        enqueue(line(world, "o", 3))

        assert (promise("o"), stands(ref)[3]) == ((None, None), 0)

    def test_what_nobody_was_promised_is_told_per_place_and_day(self) -> None:
        world = make_world(nodes_=("reno", "dallas"))
        allow(world, backorder_limit=None)
        coming(world, 5, MAY)
        coming(world, 4, MAY, po="PO-2")
        coming(world, 3, JUNE, po="PO-3", at="dallas")
        coming(world, 9, JULY, po="PO-4")
        enqueue(line(world, "o", 7))
        variant = world.variants["TENT"]

        with CaptureQueriesContext(connection) as captured:
            found = selectors.list_open(variant_ids=[variant], until=JUNE)

        assert found == [
            ExpectedUnits(variant, world.nodes["reno"], MAY, 2),
            ExpectedUnits(variant, world.nodes["dallas"], JUNE, 3),
        ]
        assert len(captured) == 1


class TestReschedule:
    def _move(self, world: World, day: date, **more: Any) -> int:
        with unit():
            return supply.reschedule(
                organization_id=world.organization_id,
                kind="purchase_order",
                document_ref=more.pop("po", "PO-1"),
                expected_on=day,
                **more,
            )

    def test_a_demand_with_many_lines_is_told_once(self) -> None:
        world = make_world(skus=("TENT", "MUG"))
        allow(world, backorder_limit=None)
        for sku in ("TENT", "MUG"):
            ref = SupplyRef(world.organization_id, "purchase_order", "PO-1", sku)
            item = SupplyDraft(ref, world.nodes["reno"], world.variants[sku], 9, MAY)
            with unit():
                supply.announce(lines=[item])
        enqueue(
            line(world, "both", 1, "TENT", line_ref="1"),
            line(world, "both", 2, "MUG", line_ref="2"),
            line(world, "one", 1, "MUG"),
        )

        assert self._move(world, JUNE) == 2
        assert self._move(world, JUNE) == 0

        moved = [(x["demand_ref"], x["was_on"], x["promised_on"]) for x in told("promise.moved")]
        assert sorted(moved) == [
            ("both", "2026-05-01", "2026-06-01"),
            ("one", "2026-05-01", "2026-06-01"),
        ]

    def test_a_line_that_is_not_the_last_one_moves_no_promise(self) -> None:
        world = make_world(skus=("TENT", "MUG"))
        allow(world, backorder_limit=None)
        coming(world, 9, MAY)
        coming(world, 9, JULY, po="PO-2", sku="MUG")
        enqueue(line(world, "o", 1, "TENT", line_ref="1"), line(world, "o", 1, "MUG", line_ref="2"))

        self._move(world, JUNE)

        assert told("promise.moved") == []
        days = Backorder.objects.order_by("line_ref").values_list("promised_on", flat=True)
        assert list(days) == [JUNE, JULY]

    def test_an_arrival_moved_behind_another_lets_that_one_serve_first(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        coming(world, 5, MAY)
        coming(world, 5, JUNE, po="PO-2")
        enqueue(line(world, "a", 5), line(world, "b", 5))

        self._move(world, JULY)

        assert (promise("a"), promise("b")) == (("PO-2", JUNE), ("PO-1", JULY))

    def test_one_line_of_a_document_moves_alone_and_a_finished_one_stays(self) -> None:
        world = make_world()
        ref = coming(world, 5, MAY)
        with unit():
            supply.announce(lines=[draft(world, replace(ref, line_ref="2"), 5)])
        receive(Receipt(ref, 5, "GRN-1"))

        assert self._move(world, JUNE, line_ref="1") == 0
        assert self._move(world, JUNE) == 1

        days = InboundSupply.objects.order_by("line_ref").values_list("expected_on", flat=True)
        assert list(days) == [MAY, JUNE]

    def test_an_unknown_document_and_no_day_are_errors(self) -> None:
        world = make_world()
        coming(world, 5, MAY)

        with pytest.raises(UnknownSupply):
            self._move(world, JUNE, po="PO-9")
        with pytest.raises(InvalidSupply):
            self._move(world, "soon")  # type: ignore[arg-type]


class TestReceive:
    def test_what_came_is_booked_with_its_paper_and_fills(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        ref = coming(world, 10, MAY)
        enqueue(line(world, "o", 4))

        assert receive(Receipt(ref, 6, "GRN-1")) == 6

        assert stands(ref) == (10, 6, 0, 0)
        assert waits("o") == (4, 4, 0)
        movement = StockMovement.objects.get(kind="received")
        assert (movement.document_kind, movement.document_ref, movement.reason) == (
            "receipt",
            "GRN-1",
            "PO-1/1",
        )
        position = world.position("reno", "TENT")
        assert (position.on_hand, position.held) == (6, 4)
        assert ledger.verify().count == 0

    def test_a_receipt_in_parts_moves_nobodys_day(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        ref = coming(world, 10, MAY)
        coming(world, 10, JUNE, po="PO-2")
        enqueue(line(world, "a", 4), line(world, "b", 6), line(world, "c", 5))

        receive(Receipt(ref, 5, "GRN-1"))

        assert (waits("a"), waits("b")) == ((4, 4, 0), (6, 1, 0))
        assert (promise("b"), promise("c")) == (("PO-1", MAY), ("PO-2", JUNE))
        assert stands(ref) == (10, 5, 0, 5)
        assert told("promise.moved") == []

    def test_the_same_paper_twice_is_one_receipt(self) -> None:
        world = make_world()
        ref = coming(world, 10, MAY)

        assert receive(Receipt(ref, 4, "GRN-1")) == 4
        assert receive(Receipt(ref, 4, "GRN-1")) == 0
        assert receive(Receipt(ref, 4, "GRN-2")) == 4

        assert (stands(ref)[1], world.position("reno", "TENT").on_hand) == (8, 8)

    def test_more_than_ordered_needs_a_word(self) -> None:
        world = make_world()
        ref = coming(world, 10, MAY)

        with pytest.raises(MoreThanExpected) as refused:
            receive(Receipt(ref, 6, "GRN-1"), Receipt(ref, 5, "GRN-1"))
        before = stands(ref), StockMovement.objects.count()
        receive(Receipt(ref, 11, "GRN-1"), allow_excess=True)

        assert refused.value.data == {"to_come": 4, "units": 5}
        assert before == ((10, 0, 0, 0), 0)
        assert stands(ref) == (11, 11, 0, 0)

    @pytest.mark.parametrize("quantity", [0, -1, 1.5, True, "3"])
    def test_only_whole_units_come(self, quantity: Any) -> None:
        world = make_world()
        ref = coming(world, 10, MAY)

        with pytest.raises(InvalidQuantity):
            receive(Receipt(ref, quantity, "GRN-1"))

        assert stands(ref) == (10, 0, 0, 0)

    def test_what_was_not_announced_is_not_received(self) -> None:
        world = make_world()
        ref = coming(world, 10, MAY)

        with pytest.raises(UnknownSupply):
            receive(Receipt(ref, 1, "GRN-1"), Receipt(replace(ref, line_ref="9"), 1, "GRN-1"))

        assert stands(ref) == (10, 0, 0, 0)

    def test_each_kind_stands_in_the_ledger_as_what_it_is(self) -> None:
        world = make_world()
        ref = SupplyRef(world.organization_id, "return", "RMA-1")
        with unit():
            supply.announce(lines=[draft(world, ref, 3)])

        receive(Receipt(ref, 3, "GRN-1"), Receipt(coming(world, 2, MAY), 2, "GRN-1"))

        kinds = StockMovement.objects.order_by("kind").values_list("kind", "on_hand_delta")
        assert list(kinds) == [("received", 2), ("returned", 3)]


class TestLose:
    def test_who_waited_for_lost_units_is_promised_anew(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        ref = coming(world, 5, MAY)
        coming(world, 5, JUNE, po="PO-2")
        enqueue(line(world, "a", 3), line(world, "b", 2))

        with unit():
            assert supply.lose(losses=[Loss(ref, 1)]) == 1

        assert (promise("a"), promise("b")) == (("PO-1", MAY), ("PO-2", JUNE))
        assert stands(ref) == (5, 0, 1, 4)
        assert [x["demand_ref"] for x in told("promise.moved")] == ["b"]

    def test_all_the_rest_is_lost_once(self) -> None:
        world = make_world()
        ref = coming(world, 5, MAY)
        receive(Receipt(ref, 2, "GRN-1"))

        with unit():
            assert supply.lose(losses=[Loss(ref)]) == 3
        with unit():
            assert supply.lose(losses=[Loss(ref)]) == 0
        with pytest.raises(MoreThanExpected), unit():
            supply.lose(losses=[Loss(ref, 1)])

        assert stands(ref) == (5, 2, 3, 0)

    def test_a_promise_that_no_arrival_keeps_has_no_day(self) -> None:
        world = make_world()
        allow(world, backorder_limit=None)
        ref = coming(world, 5, MAY)
        enqueue(line(world, "o", 3))

        with unit():
            supply.lose(losses=[Loss(ref)])
            backlog.cancel(demands=[("order", "nobody")])

        assert promise("o") == (None, None)
        assert [x["promised_on"] for x in told("promise.moved")] == [""]


def test_a_node_may_close_while_its_arrival_is_promised() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    allow(world, backorder_limit=None)
    ref = coming(world, 5, MAY)
    coming(world, 5, JUNE, po="PO-2", at="dallas")
    enqueue(line(world, "o", 3))
    close(world, "reno")

    with unit():
        supply.announce(lines=[draft(world, ref, 6)])

    assert (promise("o"), stands(ref)[3]) == (("PO-2", JUNE), 0)
