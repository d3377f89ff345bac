"""The floor from release to hand-over: actors, times, events, stock, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.events import LabelBought
from carriers.services import shipments
from inventory.selectors import stock
from inventory.services import ledger, reservations
from inventory.tests.factories import NOON, World, make_world
from inventory.warehouse import handlers, selectors
from inventory.warehouse.models import Parcel, WorkLine, WorkOrder
from inventory.warehouse.services import floor, work
from inventory.warehouse.types import WorkDraft, WorkLineDraft
from oms.core import clock
from oms.core.context import acting
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import consumer, unit
from oms.core.transitions import IllegalTransition
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.subscriptions import Delivered

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The border to the carriers: what their `hand_over` was asked."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(shipments, "hand_over", lambda **asked: calls.append(asked))
    return calls


def _world(units: int = 100, nodes: tuple[str, ...] = ("reno",)) -> World:
    world = make_world(nodes_=nodes, skus=("TENT", "STOVE"))
    for node in nodes:
        for sku in world.variants:
            world.receive(node, sku, units)
    return world


def _draft(world: World, ref: str, node: str = "reno", **changes: Any) -> WorkDraft:
    values: dict[str, Any] = {
        "organization_id": world.organization_id,
        "node_id": world.nodes[node],
        "demand_kind": "fulfillment_order",
        "demand_ref": f"ful_{ref}",
        "label": f"#{ref}",
        "correlation_id": f"ord_{ref}",
        "priority": 5,
        "due_at": NOON + timedelta(hours=8),
        "lines": (
            WorkLineDraft("1", world.variants["TENT"], 2),
            WorkLineDraft("2", world.variants["STOVE"], 1),
        ),
        "at": NOON,
    }
    return WorkDraft(**(values | changes))


def _release(world: World, *refs: str, **changes: Any) -> list[str]:
    """Orders with reserved stock, as work in the queue."""
    drafts = [_draft(world, ref, **changes) for ref in refs]
    node = changes.get("node", "reno")
    with unit():
        reservations.reserve(
            demands=[
                world.demand(
                    draft.correlation_id,
                    world.leg(node, "TENT", 2, "1"),
                    world.leg(node, "STOVE", 1, "2"),
                )
                for draft in drafts
            ]
        )
        return work.release_many(drafts=drafts)


def _label(*parcel_refs: str, number: str = "1Z") -> None:
    facts = [
        Delivered(
            event=LabelBought(
                organization_id=1,
                shipment_ref=f"shp_{ref}",
                demand_kind="fulfillment_order",
                demand_ref="",
                order_ref="",
                parcel_ref=ref,
                occurred_at=NOON + timedelta(hours=3),
                tracking_number=f"{number}-{ref}",
                service_code="ground",
                cost_amount="7.10",
                cost_currency="USD",
            ),
            name=LabelBought.NAME,
            event_id=uuid4(),
            sequence=1,
            organization_id=1,
            aggregate_id=ref,
            correlation_id="",
            actor="system:test",
            occurred_at=NOON,
            hops=0,
        )
        for ref in parcel_refs
    ]
    with consumer():
        handlers.on_label_bought(facts)


def _events(name: str) -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name=f"warehouse.work.{name}.v1").order_by("id")
    return list(rows.values_list("payload", flat=True))


def _status(ref: str) -> str:
    return WorkOrder.objects.get(public_id=ref).status


def test_the_journey_keeps_actor_and_time_of_each_step(
    handed_over: list[dict[str, Any]],
) -> None:
    world = _world()
    with acting(actor="system:release"):
        (ref,) = _release(world, "A")
    at = {n: NOON + timedelta(hours=n) for n in range(1, 5)}

    floor.pick(work_refs=[ref], picker="staff:1", at=at[1])
    (parcel_ref,) = floor.pack(work_refs=[ref], packer="staff:2", at={ref: at[2]})
    _label(parcel_ref)
    floor.hand_over(work_refs=[ref], actor="staff:3", at=at[4])

    done = WorkOrder.objects.get()
    assert (done.released_by, done.picker, done.packer) == ("system:release", "staff:1", "staff:2")
    assert (done.created_at, done.picked_at, done.packed_at) == (NOON, at[1], at[2])
    assert (done.labeled_at, done.handed_over_at) == (at[3], at[4])
    steps = done.status_changes.order_by("id")
    assert [(s.trigger, s.to_status, s.actor) for s in steps.exclude(trigger="attach_label")] == [
        ("release", "open", "system:release"),
        ("finish_pick", "picked", "staff:1"),
        ("pack", "packed", "staff:2"),
        ("hand_over", "handed_over", "staff:3"),
    ]
    assert handed_over == [{"parcel_refs": [parcel_ref], "at": {parcel_ref: at[4]}}]
    for sku, left in (("TENT", 98), ("STOVE", 99)):
        position = world.position("reno", sku)
        assert (position.on_hand, position.allocated) == (left, 0)
    assert ledger.verify().differences == []


def test_each_step_tells_what_happened(handed_over: list[dict[str, Any]]) -> None:
    world = _world()
    (ref,) = _release(world, "A")
    floor.pick(work_refs=[ref], picker="staff:1", at=NOON)
    (parcel_ref,) = floor.pack(work_refs=[ref], packer="staff:1", at=NOON)
    _label(parcel_ref)
    floor.hand_over(work_refs=[ref], at=NOON)

    about = {
        "work_ref": ref,
        "demand_kind": "fulfillment_order",
        "demand_ref": "ful_A",
        "order_ref": "ord_A",
        "node_id": world.nodes["reno"],
        "organization_id": world.organization_id,
    }
    told = {
        name: [{k: v for k, v in e.items() if k != "occurred_at"} for e in _events(name)]
        for name in ("released", "picked", "packed", "labeled", "handed_over")
    }
    assert told == {
        "released": [about],
        "picked": [{**about, "units": 3}],
        "packed": [
            {
                **about,
                "parcel_ref": parcel_ref,
                # Three units of 2,000 g and the carton.
                "weight_g": 6_120,
                "length_mm": 600,
                "width_mm": 400,
                "height_mm": 300,
            }
        ],
        "labeled": [{**about, "tracking_number": f"1Z-{parcel_ref}"}],
        "handed_over": [{**about, "parcel_ref": parcel_ref}],
    }
    assert Parcel.objects.get().tracking_number == f"1Z-{parcel_ref}"


def test_pick_books_every_unit_and_the_reservation() -> None:
    world = _world()
    refs = _release(world, "A", "B")

    floor.start_pick(work_refs=refs[:1], picker="staff:1")
    assert _status(refs[0]) == "picking"
    floor.pick(work_refs=refs, picker="staff:1")

    assert {(line.quantity, line.picked) for line in WorkLine.objects.all()} == {(2, 2), (1, 1)}

    assert stock.count_reservations()["picked"] == 4


def test_the_same_demand_is_released_once() -> None:
    world = _world()
    first = _release(world, "A")

    with unit():
        again = work.release_many(drafts=[_draft(world, "B"), _draft(world, "A")])

    assert again[1] == first[0] != again[0]
    assert WorkOrder.objects.count() == 2
    assert WorkLine.objects.count() == 4
    assert len(_events("released")) == 2


def test_work_without_lines_or_units_is_refused() -> None:
    world = _world()
    empty = _draft(world, "A", lines=())
    zero = _draft(world, "A", lines=(WorkLineDraft("1", world.variants["TENT"], 0),))

    with pytest.raises(work.NoLines), unit():
        work.release_many(drafts=[empty])
    with pytest.raises(InvalidQuantity), unit():
        work.release_many(drafts=[zero])

    assert not WorkOrder.objects.exists()


def _steps(ref: str) -> dict[str, Callable[[], object]]:
    return {
        "start_pick": lambda: floor.start_pick(work_refs=[ref], picker="staff:1"),
        "pick": lambda: floor.pick(work_refs=[ref], picker="staff:1"),
        "pack": lambda: floor.pack(work_refs=[ref], packer="staff:1"),
        "hand_over": lambda: floor.hand_over(work_refs=[ref]),
    }


@pytest.mark.parametrize(
    ("step", "scope"),
    [
        ("start_pick", "picking"),
        ("pick", "picking"),
        ("pack", "picking"),
        ("hand_over", "shipping"),
    ],
)
def test_blocked_work_is_refused_until_it_is_free_again(step: str, scope: str) -> None:
    (ref,) = _release(_world(), "A")
    with unit():
        assert work.block(stops={"ord_A": {scope: "fraud"}}) == 1
        assert work.block(stops={"ord_A": {scope: "fraud"}}) == 0

    with pytest.raises(floor.WorkBlocked) as refused:
        _steps(ref)[step]()

    assert refused.value.data == {"hold": "fraud", "work_refs": [ref]}
    assert _status(ref) == "open"
    with unit():
        assert work.block(stops={"ord_A": {}}) == 1
    floor.pick(work_refs=[ref], picker="staff:1")


@pytest.mark.parametrize(("scope", "offered"), [("picking", 0), ("label", 1), ("shipping", 1)])
def test_only_what_is_named_is_stopped(scope: str, offered: int) -> None:
    (ref,) = _release(_world(), "A")
    with unit():
        work.block(stops={"ord_A": {scope: "fraud", "routing": "fraud"}})

    assert len(floor.claim_next(status="open", limit=9)) == offered
    assert len(selectors.list_refs(status="open")) == offered
    assert WorkOrder.objects.get(public_id=ref).blocked_scopes == {scope: "fraud"}


def test_work_that_waits_for_another_step_is_no_blocked_work(
    handed_over: list[dict[str, Any]],
) -> None:
    (ref,) = _release(_world(), "A")
    with unit():
        work.block(stops={"ord_A": {"shipping": "payment"}})
    floor.pick(work_refs=[ref], picker="staff:1")
    _label(*floor.pack(work_refs=[ref], packer="staff:1"))

    with pytest.raises(floor.WorkBlocked, match="payment"):
        floor.hand_over(work_refs=[ref])

    assert (selectors.node_load()[0].blocked, handed_over) == (1, [])


@pytest.mark.parametrize("step", ["pack", "hand_over"])
def test_no_step_is_skipped(step: str, handed_over: list[dict[str, Any]]) -> None:
    (ref,) = _release(_world(), "A")

    with pytest.raises(IllegalTransition):
        _steps(ref)[step]()

    assert (_status(ref), handed_over) == ("open", [])


def test_nothing_is_picked_twice() -> None:
    refs = _release(_world(), "A", "B")
    floor.pick(work_refs=refs[:1], picker="staff:1")

    with pytest.raises(IllegalTransition):
        floor.pick(work_refs=refs, picker="staff:2")

    assert WorkOrder.objects.get(public_id=refs[0]).picker == "staff:1"
    assert _status(refs[1]) == "open"


def test_nothing_is_handed_over_twice(handed_over: list[dict[str, Any]]) -> None:
    world = _world()
    (ref,) = _release(world, "A")
    floor.pick(work_refs=[ref], picker="staff:1")
    _label(*floor.pack(work_refs=[ref], packer="staff:1"))
    floor.hand_over(work_refs=[ref])

    with pytest.raises(IllegalTransition):
        floor.hand_over(work_refs=[ref])

    assert len(handed_over) == 1
    assert world.position("reno", "TENT").on_hand == 98


def test_work_without_reserved_stock_is_not_picked() -> None:
    world = _world()
    with unit():
        (ref,) = work.release_many(drafts=[_draft(world, "A")])

    with pytest.raises(reservations.NothingReserved):
        floor.pick(work_refs=[ref], picker="staff:1")


def test_unknown_work_is_not_found() -> None:
    (ref,) = _release(_world(), "A")

    with pytest.raises(floor.UnknownWork):
        floor.pick(work_refs=[ref, "wrk_nobody"], picker="staff:1")

    assert _status(ref) == "open"


def test_cancelled_work_stays_where_it_is_and_takes_no_label() -> None:
    world = _world()
    (ref,) = _release(world, "A")
    floor.pick(work_refs=[ref], picker="staff:1")
    (parcel_ref,) = floor.pack(work_refs=[ref], packer="staff:1")

    with unit():
        ended = work.cancel(demand_refs=["ful_A", "ful_unknown"], reason="customer")
        again = work.cancel(demand_refs=["ful_A"], reason="customer")
    _label(parcel_ref)

    assert (ended, again) == (1, 0)
    assert _status(ref) == "cancelled"
    assert len(_events("cancelled")) == 1
    assert _events("labeled") == []


def test_what_left_the_building_cannot_be_cancelled(handed_over: list[dict[str, Any]]) -> None:
    (ref,) = _release(_world(), "A")
    floor.pick(work_refs=[ref], picker="staff:1")
    _label(*floor.pack(work_refs=[ref], packer="staff:1"))
    floor.hand_over(work_refs=[ref])

    with pytest.raises(IllegalTransition), unit():
        work.cancel(demand_refs=["ful_A"], reason="customer")


def test_a_label_comes_once_and_a_new_one_replaces_its_number() -> None:
    (ref,) = _release(_world(), "A")
    floor.pick(work_refs=[ref], picker="staff:1")
    (parcel_ref,) = floor.pack(work_refs=[ref], packer="staff:1")

    _label(parcel_ref)
    _label(parcel_ref, "pcl_unknown")
    assert len(_events("labeled")) == 1

    _label(parcel_ref, number="2Z")
    assert Parcel.objects.get().tracking_number == f"2Z-{parcel_ref}"
    assert len(_events("labeled")) == 1


def test_the_queue_gives_the_most_urgent_first_and_nothing_twice() -> None:
    world = _world(nodes=("reno", "dallas"))
    (late,) = _release(world, "late", due_at=NOON + timedelta(hours=9))
    (soon,) = _release(world, "soon", due_at=NOON + timedelta(hours=1))
    (top,) = _release(world, "top", due_at=NOON + timedelta(hours=1), priority=9)
    (other,) = _release(world, "other", node="dallas", due_at=NOON, priority=0)
    reno = [world.nodes["reno"]]

    assert selectors.list_refs(status="open") == [other, top, soon, late]
    assert floor.claim_next(node_ids=reno, status="open", limit=2) == [top, soon]
    assert floor.claim_next(node_ids=reno, status="open", limit=2) == [late]
    assert floor.claim_next(node_ids=[], status="open", limit=2) == []
    assert floor.claim_next(status="open", limit=9) == [other]
    assert floor.claim_next(status="open", limit=9) == []


def test_a_claim_ends_with_the_next_step_or_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    picked, left = _release(_world(), "A", "B")
    floor.claim_next(status="open", limit=2)
    floor.pick(work_refs=[picked], picker="staff:1")

    assert floor.claim_next(status="picked", limit=9) == [picked]
    later = clock.real_now() + floor.CLAIM
    monkeypatch.setattr(clock, "real_now", lambda: later)
    assert floor.claim_next(status="open", limit=9) == [left]


def test_load_counts_queues_and_the_nodes_own_day(handed_over: list[dict[str, Any]]) -> None:
    world = _world(nodes=("reno", "dallas"))
    refs = _release(world, "A", "B", "C", "D")
    floor.pick(work_refs=refs[:3], picker="staff:1")
    _label(*floor.pack(work_refs=refs[:2], packer="staff:1"))
    # Midnight in Reno is 08:00 UTC in winter.
    midnight = datetime(2026, 3, 2, 8, tzinfo=NOON.tzinfo)
    floor.hand_over(
        work_refs=refs[:2],
        at={refs[0]: midnight, refs[1]: midnight - timedelta(seconds=1)},
    )
    with unit():
        work.block(stops={"ord_D": {"picking": "fraud"}})

    with clock.virtual(NOON):
        dallas, reno = selectors.node_load()

    assert reno.counts == {"open": 1, "picking": 0, "picked": 1, "packed": 0, "labeled": 0}
    assert (reno.open, reno.blocked, reno.done_today) == (2, 1, 1)
    assert reno.oldest_due_at == NOON + timedelta(hours=8)
    assert (dallas.open, dallas.done_today, dallas.oldest_due_at) == (0, 0, None)
    assert selectors.count_by_status()["handed_over"] == 2


def test_statements_do_not_grow_with_the_number_of_work_orders(
    handed_over: list[dict[str, Any]],
) -> None:
    world = _world()

    def spent(names: list[str]) -> list[int]:
        counts = []
        with CaptureQueriesContext(connection) as captured:
            refs = _release(world, *names)
        counts.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            floor.pick(work_refs=refs, picker="staff:1")
        counts.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            parcels = floor.pack(work_refs=refs, packer="staff:1")
        counts.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            _label(*parcels)
        counts.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            floor.hand_over(work_refs=refs)
        counts.append(len(captured))
        return counts

    assert spent(["one"]) == spent([f"n{i}" for i in range(40)])


def test_others_see_facts_and_parcels() -> None:
    world = _world()
    (ref,) = _release(world, "A")
    floor.pick(work_refs=[ref], picker="staff:1", at=NOON)
    (parcel_ref,) = floor.pack(work_refs=[ref], packer="staff:2", at=NOON)

    (facts,) = selectors.facts_for(order_refs=["ord_A"])

    assert (facts.work_ref, facts.status, facts.packer) == (ref, "packed", "staff:2")
    assert selectors.parcel_refs(work_refs=[ref]) == {ref: parcel_ref}
    assert [w.public_id for w in selectors.list_work(node_ids=[world.nodes["reno"]])] == [ref]
