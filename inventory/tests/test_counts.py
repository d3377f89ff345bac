"""Cycle counts: the snapshot, what may be entered, and what is booked while stock keeps moving."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog.models import Variant
from inventory.models import CountLine, Lot, LotBalance, StockCount, StockMovement, StockPosition
from inventory.nodes import services as nodes
from inventory.services import counts, ledger, reservations, stock
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import CountedLine, StockChange
from oms.core.context import acting
from oms.core.transactions import unit
from oms.core.transitions import IllegalTransition
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


def _start(world: World, *skus: str, **options: Any) -> StockCount:
    with unit():
        return counts.start(
            node_id=world.nodes[options.pop("node", "reno")],
            variant_ids=[world.variants[sku] for sku in skus],
            **options,
        )


def _enter(world: World, count: StockCount, **found: Any) -> None:
    with unit():
        counts.enter(
            count_id=count.pk,
            lines=[CountedLine(world.variants[sku], units) for sku, units in found.items()],
        )


def _book(count: StockCount) -> counts.Booked:
    with unit():
        counts.submit(count_id=count.pk)
    with unit():
        return counts.book(count_id=count.pk, at=NOON)


def _reserve(world: World, ref: str, units: int, sku: str = "TENT", node: str = "reno") -> None:
    with unit():
        result = reservations.reserve(demands=[world.demand(ref, world.leg(node, sku, units))])
    assert result.taken == (ref,)


def _bins(world: World, node: str, **homes: str) -> None:
    with unit():
        nodes.upsert_bins(node_id=world.nodes[node], codes=set(homes.values()))
        for sku, code in homes.items():
            counts.assign_bin(
                node_id=world.nodes[node], variant_ids=[world.variants[sku]], bin_code=code
            )


def test_a_difference_is_booked_as_one_movement_with_its_document() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "TENT", 5)
    world.receive("reno", "STOVE", 3)
    count = _start(world, "TENT", "STOVE", reason="shelf check")
    _enter(world, count, TENT=4, STOVE=3)

    with acting(actor="staff:7"):
        booked = _book(count)

    assert booked.differences == {
        (world.variants["TENT"], None): -1,
        (world.variants["STOVE"], None): 0,
    }
    movement = StockMovement.objects.get(kind="counted")
    assert (movement.position, movement.on_hand_delta, movement.reason, movement.actor) == (
        world.position("reno", "TENT"),
        -1,
        "shelf check",
        "staff:7",
    )
    assert (movement.document_kind, movement.document_ref) == ("count", count.public_id)
    assert world.position("reno", "TENT").on_hand == 4
    count = StockCount.objects.get(pk=count.pk)
    assert (count.status, count.closed_at) == ("applied", NOON)
    assert ledger.verify().differences == []


def test_units_picked_before_and_everything_after_the_snapshot_stay() -> None:
    world = make_world()
    world.receive("reno", "TENT", 10)
    for ref in ("before", "after", "left"):
        _reserve(world, ref, 2)
    with unit():
        reservations.pick(items=[at_node("before"), at_node("left")])
    count = _start(world, "TENT")

    world.receive("reno", "TENT", 5)
    with unit():
        reservations.pick(items=[at_node("after")])
        reservations.consume(items=[at_node("left"), at_node("after")])
    _enter(world, count, TENT=5)
    booked = _book(count)

    # Six lay on the shelf by the books, five did; then 5 came and 4 left.
    assert CountLine.objects.values_list("snapshot", "picked", "counted", "variance").get() == (
        10, 4, 5, -1,
    )  # fmt: skip
    assert booked.missing == []
    position = world.position("reno", "TENT")
    assert (position.on_hand, position.allocated) == (10 - 1 + 5 - 4, 2)
    assert ledger.verify().differences == []


def test_found_units_are_told_so_that_waiting_demands_are_served() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    OutboxEvent.objects.all().delete()
    count = _start(world, "TENT")
    _enter(world, count, TENT=4)

    _book(count)

    [event] = OutboxEvent.objects.filter(name="inventory.stock.received.v1")
    assert (event.payload["units"], event.payload["variant_ids"]) == (3, [world.variants["TENT"]])


def test_a_place_nobody_stocked_yet_can_be_counted() -> None:
    world = make_world()
    count = _start(world, "TENT")
    _enter(world, count, TENT=2)

    _book(count)

    assert world.position("reno", "TENT").on_hand == 2


def test_a_bin_is_counted_whole_and_nothing_else() -> None:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE", "LAMP"))
    for sku in world.variants:
        world.receive("reno", sku, 1)
    _bins(world, "reno", TENT="A-1", STOVE="A-1", LAMP="A-2")

    with unit():
        count = counts.start(node_id=world.nodes["reno"], bin_code="A-1")

    on_sheet = count.lines.values_list("position__variant__sku", flat=True)
    assert sorted(on_sheet) == ["STOVE", "TENT"]
    with pytest.raises(counts.NotOnSheet), unit():
        counts.enter(count_id=count.pk, lines=[CountedLine(world.variants["LAMP"], 1)])


def test_a_bin_of_another_node_is_unknown() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 1)
    world.receive("dallas", "TENT", 1)
    _bins(world, "dallas", TENT="D-1")

    with pytest.raises(counts.UnknownBin), unit():
        counts.start(node_id=world.nodes["reno"], bin_code="D-1")
    with pytest.raises(counts.UnknownBin), unit():
        counts.assign_bin(
            node_id=world.nodes["reno"], variant_ids=[world.variants["TENT"]], bin_code="D-1"
        )

    assert not StockCount.objects.exists()
    assert world.position("reno", "TENT").bin is None


def test_a_home_is_given_and_taken_without_a_movement() -> None:
    world = make_world()
    world.receive("reno", "TENT", 1)
    before = StockMovement.objects.count()

    _bins(world, "reno", TENT="A-1")
    home = world.position("reno", "TENT").bin
    with unit():
        counts.assign_bin(
            node_id=world.nodes["reno"], variant_ids=[world.variants["TENT"]], bin_code=""
        )

    assert str(home) == "A-1"
    assert world.position("reno", "TENT").bin is None
    assert StockMovement.objects.count() == before


@pytest.mark.parametrize("options", [{}, {"variant_ids": [1], "bin_code": "A-1"}])
def test_a_count_needs_variants_or_one_bin(options: dict[str, Any]) -> None:
    world = make_world()

    with pytest.raises(counts.NothingToCount), unit():
        counts.start(node_id=world.nodes["reno"], **options)


def test_an_empty_bin_is_nothing_to_count() -> None:
    world = make_world()
    with unit():
        nodes.upsert_bins(node_id=world.nodes["reno"], codes=["A-1"])

    with pytest.raises(counts.NothingToCount), unit():
        counts.start(node_id=world.nodes["reno"], bin_code="A-1")


def test_unknown_variants_are_refused() -> None:
    world = make_world()

    with pytest.raises(stock.UnknownPlace), unit():
        counts.start(node_id=world.nodes["reno"], variant_ids=[world.variants["TENT"], 999_999])

    assert not StockPosition.objects.exists()


def test_a_place_is_in_one_open_count_at_most() -> None:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE"))
    first = _start(world, "TENT")

    with pytest.raises(counts.AlreadyCounted) as refused:
        _start(world, "STOVE", "TENT")
    _start(world, "TENT", node="dallas")
    with unit():
        counts.cancel(count_id=first.pk, reason="Wrong aisle.")
    _start(world, "STOVE", "TENT")

    assert refused.value.data == {"sku": "TENT", "count": first.public_id}
    assert StockCount.objects.count() == 3


@pytest.mark.parametrize("units", [-1, 1.5, 2.0, "3", True, False, None, 100_000_001])
def test_what_is_no_number_of_units_is_refused_and_nothing_is_noted(units: Any) -> None:
    world = make_world(skus=("TENT", "STOVE"))
    count = _start(world, "TENT", "STOVE")

    with pytest.raises(counts.InvalidCount) as refused:
        _enter(world, count, TENT=3, STOVE=units)

    assert [error.pointer for error in refused.value.errors] == ["/lines/1/counted"]
    assert not CountLine.objects.exclude(counted=None).exists()


def test_one_place_twice_is_refused() -> None:
    world = make_world()
    count = _start(world, "TENT")
    twice = [CountedLine(world.variants["TENT"], 1), CountedLine(world.variants["TENT"], 2)]

    with pytest.raises(counts.InvalidCount), unit():
        counts.enter(count_id=count.pk, lines=twice)

    assert CountLine.objects.get().counted is None


def test_a_place_that_is_not_on_the_sheet_is_refused() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    world.receive("reno", "STOVE", 1)
    count = _start(world, "TENT")

    with pytest.raises(counts.NotOnSheet) as refused:
        _enter(world, count, TENT=1, STOVE=1)

    assert [error.pointer for error in refused.value.errors] == ["/lines/1"]
    assert CountLine.objects.get().counted is None


def test_a_sheet_with_gaps_cannot_be_submitted() -> None:
    world = make_world(skus=("TENT", "STOVE"))
    count = _start(world, "TENT", "STOVE")
    _enter(world, count, TENT=0)

    with pytest.raises(counts.NotAllCounted) as refused, unit():
        counts.submit(count_id=count.pk)

    count = StockCount.objects.get(pk=count.pk)
    assert (count.status, refused.value.data) == ("counting", {"skus": ["STOVE"]})


def test_numbers_are_entered_only_while_it_is_counted() -> None:
    world = make_world()
    count = _start(world, "TENT")
    _enter(world, count, TENT=1)
    with unit():
        counts.submit(count_id=count.pk)

    with pytest.raises(counts.SheetClosed):
        _enter(world, count, TENT=2)

    assert CountLine.objects.get().counted == 1


def test_a_recount_starts_from_what_is_known_then() -> None:
    world = make_world()
    world.receive("reno", "TENT", 5)
    count = _start(world, "TENT")
    _enter(world, count, TENT=3)
    with unit():
        counts.submit(count_id=count.pk)
    world.receive("reno", "TENT", 2)

    with unit():
        counts.recount(count_id=count.pk, reason="Hard to believe.")
    again = CountLine.objects.values_list("snapshot", "counted").get()
    _enter(world, count, TENT=7)
    _book(count)

    assert again == (7, None)
    assert world.position("reno", "TENT").on_hand == 7
    assert not StockMovement.objects.filter(kind="counted").exists()


def test_a_count_is_booked_once_and_only_after_review() -> None:
    world = make_world()
    count = _start(world, "TENT")
    _enter(world, count, TENT=1)

    with pytest.raises(IllegalTransition), unit():
        counts.book(count_id=count.pk)
    _book(count)
    with pytest.raises(IllegalTransition), unit():
        counts.book(count_id=count.pk)
    with pytest.raises(IllegalTransition), unit():
        counts.cancel(count_id=count.pk)
    with pytest.raises(counts.UnknownCount), unit():
        counts.book(count_id=0)

    assert world.position("reno", "TENT").on_hand == 1


def test_lots_are_counted_one_by_one() -> None:
    world = make_world()
    Variant.objects.update(tracking="lot")
    variant = world.variants["TENT"]
    old, new, other = (Lot.objects.create(variant_id=variant, code=c) for c in ("L1", "L2", "L3"))
    with unit():
        stock.receive(
            changes=[
                StockChange(world.nodes["reno"], variant, units, document_ref="asn", lot_id=lot.pk)
                for lot, units in ((old, 4), (new, 6))
            ]
        )
    count = _start(world, "TENT")

    with pytest.raises(counts.NotOnSheet), unit():
        counts.enter(count_id=count.pk, lines=[CountedLine(variant, 1, other.pk)])
    with pytest.raises(counts.NotOnSheet), unit():
        counts.enter(count_id=count.pk, lines=[CountedLine(variant, 10)])
    with unit():
        counts.enter(
            count_id=count.pk,
            lines=[CountedLine(variant, 1, old.pk), CountedLine(variant, 8, new.pk)],
        )
    _book(count)

    assert world.position("reno", "TENT").on_hand == 9
    assert dict(LotBalance.objects.values_list("lot__code", "on_hand")) == {"L1": 1, "L2": 8}
    assert ledger.verify().differences == []


def test_units_with_serial_numbers_are_not_corrected_by_a_number() -> None:
    world = make_world()
    Variant.objects.update(tracking="serial")
    count = _start(world, "TENT")
    _enter(world, count, TENT=1)

    with pytest.raises(counts.SerialsDiffer):
        _book(count)

    count = StockCount.objects.get(pk=count.pk)
    assert (count.status, world.position("reno", "TENT").on_hand) == ("counted", 0)


def test_statements_do_not_grow_with_the_number_of_places() -> None:
    skus = tuple(f"S{i}" for i in range(40))
    world = make_world(skus=skus)
    for sku in skus:
        world.receive("reno", sku, 2)
        _reserve(world, f"o-{sku}", 2, sku=sku)

    def spent(some: tuple[str, ...]) -> list[int]:
        taken = []
        with CaptureQueriesContext(connection) as captured:
            count = _start(world, *some)
        taken.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            _enter(world, count, **dict.fromkeys(some, 1))
        taken.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            assert len(_book(count).missing) == len(some)
        return [*taken, len(captured)]

    assert spent(skus[:1]) == spent(skus[1:])
    assert ledger.verify().differences == []
