"""Where another system counts otherwise, we say so and change nothing until a person decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog.models import Variant
from inventory.models import Drift, DriftReport, StockMovement, StockPosition, SyncMessage
from inventory.services import drifts, ledger, reservations, stock
from inventory.services.drifts import accept_drift
from inventory.tests.factories import World, make_world
from inventory.tests.syncing import add_source, balances, deliver, delta, outcomes, snapshot
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "MUG", "CUP"))
    world.receive("reno", "TENT", 10)
    world.receive("reno", "MUG", 4)
    world.receive("dallas", "TENT", 7)
    add_source(world)
    return world


def _found(sequence: int) -> dict[tuple[str, str], tuple[int, int]]:
    rows = Drift.objects.filter(report__message__sequence=sequence).values_list(
        "position__node__code", "position__variant__sku", "ours", "theirs"
    )
    return {(node, sku): (ours, theirs) for node, sku, ours, theirs in rows}


def _drift(sequence: int, node: str = "reno", sku: str = "TENT") -> Drift:
    return Drift.objects.get(
        report__message__sequence=sequence,
        position__node__code=node,
        position__variant__sku=sku,
    )


def _accept(*found: Drift, reason: str = "counted again") -> None:
    with acting(actor="staff:7"), unit():
        accept_drift(drift_ids=[drift.pk for drift in found], reason=reason)


def _told(name: str) -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name=name).order_by("id")
    return list(rows.values_list("payload", flat=True))


def _reserve(world: World, units: int) -> None:
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", units))])


def test_a_snapshot_reports_what_differs_and_overwrites_nothing(world: World) -> None:
    before = balances()
    last = StockMovement.objects.filter(position=world.position("reno", "TENT")).latest("pk")

    [answer] = deliver(
        world,
        snapshot(1, ("reno", "TENT", 8), ("reno", "MUG", 4), ("dallas", "CUP", 3)),
    )

    assert (answer.outcome, answer.problem) == ("applied", "")
    assert {place: units for place, units in balances().items() if units} == before
    [report] = DriftReport.objects.all()
    assert (report.compared, report.differing) == (3, 2)
    assert _found(1) == {("reno", "TENT"): (10, 8), ("dallas", "CUP"): (0, 3)}
    assert _drift(1).last_movement_id == last.pk
    assert _drift(1, "dallas", "CUP").last_movement_id is None
    [told] = _told("inventory.sync.drifted.v1")
    assert (told["source"], told["report_id"], told["differing"]) == ("erp-1", report.pk, 2)


def test_a_snapshot_that_agrees_is_reported_and_tells_nobody(world: World) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 10), ("dallas", "MUG", 0)))

    assert DriftReport.objects.values_list("compared", "differing").get() == (2, 0)
    assert _told("inventory.sync.drifted.v1") == []


def test_what_a_snapshot_leaves_out_counts_as_nothing_only_when_it_is_complete(
    world: World,
) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 10)))
    deliver(world, snapshot(2, ("reno", "TENT", 10), complete=True))

    assert _found(1) == {}
    assert _found(2) == {("reno", "MUG"): (4, 0)}


def test_a_snapshot_between_changes_compares_the_balance_of_its_moment(world: World) -> None:
    tent = ("reno", "TENT")
    deliver(
        world,
        snapshot(4, (*tent, 20)),
        delta(3, (*tent, 5), (*tent, 2)),
        snapshot(2, (*tent, 9), complete=True),
        delta(1, (*tent, -1), ("reno", "CUP", 2)),
    )

    assert _found(2) == {("reno", "MUG"): (4, 0), ("reno", "CUP"): (2, 0)}
    assert _found(4) == {tent: (16, 20)}
    refs = {
        drift.report.message.sequence: drift.last_movement.document_ref
        for drift in Drift.objects.filter(position__variant__sku__in=["TENT", "CUP"])
    }
    assert refs == {2: "erp-1/1", 4: "erp-1/3"}


def test_a_change_below_what_is_promised_is_not_booked_and_waits_for_a_person(
    world: World,
) -> None:
    _reserve(world, 8)

    answers = deliver(
        world,
        delta(1, ("reno", "TENT", -3), ("reno", "MUG", -1), ("reno", "TENT", -2)),
        delta(2, ("reno", "TENT", 1)),
    )

    assert outcomes(answers) == [(1, "applied"), (2, "applied")]
    assert answers[0].problem == "inventory.not_enough_on_hand: TENT at reno, -3"
    assert SyncMessage.objects.get(sequence=1).problem == answers[0].problem
    assert balances() == {("reno", "TENT"): 9, ("reno", "MUG"): 3, ("dallas", "TENT"): 7}
    assert _found(1) == {("reno", "TENT"): (8, 5)}
    assert _drift(1).last_movement.document_ref == "erp-1/1"
    assert _told("inventory.sync.drifted.v1")[0]["differing"] == 1
    assert ledger.verify().count == 0


def test_more_than_any_place_holds_is_not_booked_and_does_not_stop_the_feed(world: World) -> None:
    many = [delta(n, ("reno", "MUG", 100_000_000)) for n in range(1, 12)]

    answers = deliver(world, *many, delta(12, ("reno", "MUG", 1)))

    assert [answer.sequence for answer in answers if answer.problem] == [10, 11]
    assert balances()["reno", "MUG"] == 4 + 900_000_000 + 1


@pytest.mark.parametrize(
    ("quantity", "most"), [(100_000_000, 2_147_483_647), (-100_000_000, -2_147_483_647)]
)
def test_a_change_that_no_number_can_tell_does_not_stop_the_feed(
    world: World, quantity: int, most: int
) -> None:
    many = [("reno", "MUG", quantity)] * 60

    answers = deliver(world, delta(1, *many), delta(2, ("reno", "MUG", 1)))

    assert outcomes(answers) == [(1, "applied"), (2, "applied")]
    assert _found(1)["reno", "MUG"][1] == most
    with pytest.raises((stock.NotEnoughOnHand, drifts.TooMuchOnHand)):
        _accept(_drift(1, "reno", "MUG"))
    assert ledger.verify().count == 0


def test_a_variant_tracked_by_lot_is_not_changed_by_a_number(world: World) -> None:
    Variant.objects.filter(sku="CUP").update(tracking="lot")

    [answer] = deliver(world, delta(1, ("reno", "CUP", 5), ("reno", "MUG", 1)))

    assert answer.problem == "inventory.tracked_by_lot: CUP at reno, +5"
    assert balances()["reno", "MUG"] == 5
    with pytest.raises(drifts.TrackedByLot):
        _accept(_drift(1, "reno", "CUP"))
    assert ledger.verify().count == 0


def test_a_person_takes_their_number_over_and_later_movements_stay(world: World) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8), ("dallas", "TENT", 9)))
    world.receive("reno", "TENT", 5)

    _accept(_drift(1), _drift(1, "dallas"))

    assert balances()["reno", "TENT"] == 13
    assert balances()["dallas", "TENT"] == 9
    movement = StockMovement.objects.filter(position=world.position("reno", "TENT")).latest("pk")
    assert (movement.kind, movement.on_hand_delta) == ("adjusted", -2)
    assert (movement.reason, movement.actor) == ("counted again", "staff:7")
    assert (movement.document_kind, movement.document_ref) == ("sync", "erp-1/1")
    assert _drift(1).accepted_at is not None
    assert ledger.verify().count == 0


def test_a_difference_is_taken_over_once(world: World) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8)))
    _accept(_drift(1))

    with pytest.raises(drifts.DriftClosed):
        _accept(_drift(1))

    assert balances()["reno", "TENT"] == 8


def test_a_newer_count_of_the_same_feed_answers_the_older_one(world: World) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8), ("reno", "MUG", 3)))
    deliver(world, snapshot(2, ("reno", "TENT", 10)))

    with pytest.raises(drifts.DriftClosed):
        _accept(_drift(1))
    _accept(_drift(1, "reno", "MUG"))

    assert balances()["reno", "TENT"] == 10
    assert balances()["reno", "MUG"] == 3


def test_a_newer_count_that_comes_in_the_same_call_answers_what_came_before(
    world: World,
) -> None:
    deliver(
        world,
        delta(1, ("reno", "TENT", -11), ("reno", "MUG", -5)),
        snapshot(2, ("reno", "TENT", 9)),
        snapshot(3, ("reno", "TENT", 8)),
    )

    rows = Drift.objects.filter(accepted_at=None, superseded_at=None).values_list(
        "report__message__sequence", "position__variant__sku", "theirs"
    )
    assert sorted(rows) == [(1, "MUG", -1), (3, "TENT", 8)]


def test_two_feeds_that_count_the_same_place_are_not_taken_over_twice(world: World) -> None:
    add_source(world, "wms-1")
    deliver(world, snapshot(1, ("reno", "TENT", 8)))
    deliver(world, snapshot(2, ("reno", "TENT", 8)), source="wms-1")
    deliver(world, delta(1, ("reno", "TENT", 9)), source="wms-1")
    first, second = Drift.objects.order_by("id")

    with pytest.raises(drifts.DriftClosed):
        _accept(first, second)
    _accept(first)
    with pytest.raises(drifts.DriftClosed):
        _accept(second)

    assert balances()["reno", "TENT"] == 10 + 9 - 2


def test_changes_that_could_not_be_booked_are_each_taken_over(world: World) -> None:
    _reserve(world, 10)
    deliver(world, delta(1, ("reno", "TENT", -3)), delta(2, ("reno", "TENT", -2)))
    with pytest.raises(stock.NotEnoughOnHand):
        _accept(_drift(1), _drift(2))
    assert balances()["reno", "TENT"] == 10

    world.receive("reno", "TENT", 5)
    _accept(_drift(1), _drift(2))

    assert balances()["reno", "TENT"] == 10


def test_a_balance_that_its_movements_do_not_explain_is_not_adjusted(world: World) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8)))
    StockPosition.objects.filter(pk=world.position("reno", "TENT").pk).update(on_hand=11)

    with pytest.raises(drifts.DriftOutdated):
        _accept(_drift(1))

    assert balances()["reno", "TENT"] == 11


def test_nothing_is_taken_over_without_a_choice_a_reason_or_a_difference(world: World) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8)))
    drift = _drift(1)

    with pytest.raises(stock.NothingChanges):
        _accept()
    with pytest.raises(stock.NothingChanges):
        _accept(drift, reason="  ")
    with pytest.raises(drifts.UnknownDrift):
        _accept(drift, Drift(pk=drift.pk + 1))

    drift.refresh_from_db()
    assert (balances()["reno", "TENT"], drift.accepted_at) == (10, None)


def test_taking_over_costs_the_same_for_one_as_for_many(world: World) -> None:
    deliver(world, snapshot(1, *[(n, "TENT", 1) for n in ("reno", "dallas")], ("reno", "MUG", 1)))

    def cost(*found: Drift) -> int:
        with CaptureQueriesContext(connection) as caught:
            _accept(*found)
        return len(caught)

    assert cost(_drift(1)) == cost(_drift(1, "dallas"), _drift(1, "reno", "MUG"))


def test_less_and_more_on_hand_is_told_per_node(world: World) -> None:
    deliver(world, delta(1, ("reno", "TENT", -3), ("reno", "MUG", 2), ("dallas", "TENT", -1)))

    fallen = _told("inventory.stock.adjusted.v1")
    assert [(e["node_id"], e["variant_ids"], e["reason"]) for e in fallen] == [
        (world.nodes[node], [world.variants["TENT"]], "sale 1") for node in ("reno", "dallas")
    ]
    grown = _told("inventory.stock.received.v1")[-1]
    assert (grown["variant_ids"], grown["units"]) == ([world.variants["MUG"]], 2)
