"""Holds stop exactly what they say, in every stage, and leave nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from carriers.models import LabelIntent, Shipment
from inventory.models import Reservation
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor
from oms.core import clock
from oms.core.context import acting
from oms.core.testing.races import run_together
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.hold_terms import HoldTerms, InvalidHold
from orders.models import FulfillmentOrder, Hold, Order, OrderLine
from orders.services import backlog, hold_clock, holds, overriding
from orders.tests.factories import ADA, NOW, World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

ALL = ("routing", "picking", "label", "shipping")


def _place(world: World, ref: str = "R-1", **lines: int) -> Order:
    [answer] = world.place(a_draft(ref, lines=lines or {"A": 1}))
    assert answer.is_placed
    relaying.drain()
    return Order.objects.get(public_id=answer.public_id)


def _hold(order: Order, type: str = "operator", **terms: Any) -> None:
    holds.place_hold(order_id=order.pk, type=type, reason="Look at it.", **terms)


def _work(order: Order) -> str:
    return WorkOrder.objects.get(correlation_id=order.public_id).public_id


def _pick(order: Order) -> None:
    floor.pick(work_refs=[_work(order)], picker="staff:1")
    relaying.drain()


def _pack(order: Order) -> None:
    floor.pack(work_refs=[_work(order)], packer="staff:1")
    relaying.drain()


def _label(order: Order) -> None:
    """As if the carrier had sold it."""
    Shipment.objects.update(status="labeled", tracking_number=f"TRK{order.pk}")
    WorkOrder.objects.update(status="labeled")


def _hand_over(order: Order) -> None:
    floor.hand_over(work_refs=[_work(order)])
    relaying.drain()


STEPS: tuple[Callable[[Order], None], ...] = (_pick, _pack, _label, _hand_over)


def _standing(order: Order) -> dict[str, Any]:
    """Everything that a hold may have touched; nothing of the hold itself."""
    return {
        "order": Order.objects.filter(pk=order.pk).values_list("status", "promised_on").get(),
        "lines": list(
            OrderLine.objects.filter(order=order).values_list(
                "unallocated", "backordered", "allocated", "shipped"
            )
        ),
        "work": list(FulfillmentOrder.objects.values_list("status", "node_id", "attempt")),
        "floor": list(WorkOrder.objects.values_list("status", "blocked_scopes")),
        "shipments": list(Shipment.objects.values_list("status", "label_blocked_by")),
        "stock": list(Reservation.objects.values_list("status", "quantity").order_by("pk")),
    }


@pytest.mark.parametrize(
    ("steps", "scope", "refused"),
    [(0, "picking", _pick), (1, "picking", _pack), (3, "shipping", _hand_over)],
)
def test_a_scope_stops_its_step_and_says_why(
    steps: int, scope: str, refused: Callable[[Order], None]
) -> None:
    order = _place(a_world())
    for step in STEPS[:steps]:
        step(order)
    before = _standing(order)
    _hold(order, "payment", scopes=[scope])

    with pytest.raises(floor.WorkBlocked) as error:
        refused(order)

    assert error.value.data["hold"] == "payment"
    holds.release_hold(order_id=order.pk, type="payment", reason="Paid.")
    assert _standing(order) == before
    refused(order)


@pytest.mark.parametrize("scope", ALL)
def test_a_scope_stops_no_other_step(scope: str) -> None:
    order = _place(a_world())
    _hold(order, scopes=[scope])
    for step, needed in zip(STEPS, ("picking", "picking", "label", "shipping"), strict=True):
        if needed == scope and scope != "label":
            with pytest.raises(floor.WorkBlocked):
                step(order)
            return
        step(order)
        assert Shipment.objects.filter(label_blocked_by="operator").exists() == (
            scope == "label" and step in (_pack, _label, _hand_over)
        )
    assert FulfillmentOrder.objects.get().status == "closed"


def test_a_hold_in_the_middle_of_a_pick_stops_the_next_scan() -> None:
    order = _place(a_world())
    floor.start_pick(work_refs=[_work(order)], picker="staff:1")
    _hold(order, "fraud")

    with pytest.raises(floor.WorkBlocked, match="fraud"):
        floor.pick(work_refs=[_work(order)], picker="staff:1")

    assert WorkOrder.objects.get().status == "picking"


def test_a_label_hold_of_before_the_packing_stops_the_label() -> None:
    order = _place(a_world())
    _hold(order, scopes=["label"])
    _pick(order)
    _pack(order)
    stopped = Shipment.objects.get().label_blocked_by
    holds.release_hold(order_id=order.pk, type="operator", reason="Fine.")

    assert (stopped, Shipment.objects.get().label_blocked_by) == ("operator", "")
    assert LabelIntent.objects.get().state == "due"


def test_an_order_that_only_may_not_be_picked_is_given_to_the_floor_and_waits_there() -> None:
    world = a_world()
    [answer] = world.place(a_draft())
    order = Order.objects.get(public_id=answer.public_id)
    _hold(order, scopes=["picking"])
    relaying.drain()

    assert Order.objects.get().status == "released"
    assert WorkOrder.objects.get().blocked_scopes == {"picking": "operator"}


def test_a_routing_hold_lets_nothing_be_planned_when_stock_arrives_until_it_is_lifted() -> None:
    world = a_world(stock_at={"reno": {"B": 1}})
    order = _place(world)
    _hold(order, "customer")

    world.receive("reno", "A", 1)
    relaying.drain()
    meanwhile = (FulfillmentOrder.objects.count(), Reservation.objects.count())
    with pytest.raises(backlog.NotWaiting):
        backlog.retry_order(order_id=order.pk)
    holds.release_hold(order_id=order.pk, type="customer", reason="Called.")
    relaying.drain()

    assert meanwhile == (0, 0)
    assert (Order.objects.get().status, Hold.objects.filter(released_at=None).count()) == (
        "released",
        0,
    )


@pytest.mark.parametrize("stage", range(5))
def test_stacked_holds_lifted_in_any_order_leave_the_order_where_it_was(stage: int) -> None:
    """Stages: waits for stock, released, picked, packed, labeled."""
    order = _place(a_world(stock_at={"reno": {"B": 1}} if stage == 0 else None))
    for step in STEPS[: max(stage - 1, 0)]:
        step(order)
    before = _standing(order)

    for way in WAYS:
        for kind in KINDS:
            _hold(order, kind)
        for count, kind in enumerate(way):
            stopping = [k for k in KINDS if k not in way[:count]]
            _assert_stopped_by(order, stopping[0], is_on_floor=stage > 0)
            holds.release_hold(order_id=order.pk, type=kind, reason="Fine.")
            relaying.drain()
        assert _standing(order) == before, way


KINDS = ("fraud", "payment", "customer")
WAYS = list(permutations(KINDS))


def _assert_stopped_by(order: Order, kind: str, *, is_on_floor: bool) -> None:
    """The oldest hold is the one that is named."""
    blocked = [dict.fromkeys(["picking", "label", "shipping"], kind)] if is_on_floor else []
    assert list(WorkOrder.objects.values_list("blocked_scopes", flat=True)) == blocked


@pytest.mark.parametrize("way", list(permutations(["address", "fraud", "customer"])), ids="-".join)
def test_the_last_hold_lifted_confirms_an_order_under_verification(way: tuple[str, ...]) -> None:
    [answer] = a_world().place(a_draft(recipient=replace(ADA, region="HI")))
    order = Order.objects.get(public_id=answer.public_id)
    for kind in ("fraud", "customer"):
        _hold(order, kind)

    seen = []
    for kind in way:
        if kind == "address":
            with acting(actor="staff:1"):
                overriding.override(order_id=order.pk, rule=kind, reason="Fine.")
        else:
            holds.release_hold(order_id=order.pk, type=kind, reason="Fine.")
        relaying.drain()
        seen.append(Order.objects.get().status)

    assert seen == ["verifying", "verifying", "released"]


def test_twice_is_safe_and_what_is_not_there_stays_not_there() -> None:
    order = _place(a_world())
    _hold(order, "fraud")
    events = OutboxEvent.objects.count()

    with pytest.raises(holds.AlreadyOnHold):
        _hold(order, "fraud")
    with pytest.raises(holds.NotOnHold) as missing:
        holds.release_hold(order_id=order.pk, type="payment", reason="-")

    assert (missing.value.status, missing.value.code) == (404, "orders.not_on_hold")
    assert (Hold.objects.count(), OutboxEvent.objects.count()) == (1, events)


def test_eight_callers_place_one_hold_and_lift_it_once() -> None:
    order = _place(a_world())

    placed = run_together([lambda: _hold(order, "fraud")] * 8)
    lifted = run_together(
        [lambda: holds.release_hold(order_id=order.pk, type="fraud", reason="Fine.")] * 8
    )

    assert sum(isinstance(error, holds.AlreadyOnHold) for error in placed) == 7
    assert sum(isinstance(error, holds.NotOnHold) for error in lifted) == 7
    assert OutboxEvent.objects.filter(name="orders.hold.released.v1").count() == 1


def test_without_row_locks_two_callers_lift_the_same_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the test above."""
    order = _place(a_world())
    _hold(order, "fraud")
    barrier, close = threading.Barrier(2), holds._close

    def meet(*args: Any) -> None:
        barrier.wait(20)
        close(*args)

    monkeypatch.setattr(holds, "_close", meet)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    lifted = run_together(
        [lambda: holds.release_hold(order_id=order.pk, type="fraud", reason="Fine.")] * 2
    )

    assert lifted == [None, None]


def test_terms_are_kept_and_wrong_ones_are_named() -> None:
    order = _place(a_world())
    later = clock.now() + timedelta(days=2)
    wrong = HoldTerms("boredom", " ", ("sleeping",), NOW, NOW)

    with pytest.raises(InvalidHold) as refused:
        holds.place_many(order_ids=[order.pk], terms=wrong)
    with pytest.raises(InvalidHold, match="See errors"):
        _hold(order, "credit", releases_at=later)
    with acting(actor="staff:7"):
        _hold(order, scopes=["shipping", "label"], due_at=later, releases_at=later)

    assert [e.pointer for e in refused.value.errors] == [
        "/type", "/scopes", "/reason", "/due_at", "/releases_at",
    ]  # fmt: skip
    hold = Hold.objects.get()
    assert (hold.scopes, hold.author) == (["label", "shipping"], "staff:7")
    assert (hold.due_at, hold.releases_at) == (later, later)


def test_many_are_answered_one_by_one_in_a_constant_number_of_statements() -> None:
    world = a_world(stock_at={"reno": {"A": 40, "B": 1}})
    terms = HoldTerms("operator", "Stop the line.")

    def spent(count: int, label: str) -> list[int]:
        found = []
        keys = [_place(world, f"{label}-{n}").pk for n in range(count)]
        with CaptureQueriesContext(connection) as seen:
            answers = holds.place_many(order_ids=[*keys, 0], terms=terms)
        found.append(len(seen))
        assert [a.error.code if a.error else "" for a in answers] == [*[""] * count, UNKNOWN]
        with CaptureQueriesContext(connection) as seen:
            answers = holds.release_many(order_ids=[*keys, 0], type="operator", reason="Go on.")
        assert [a.error.code if a.error else "" for a in answers] == [*[""] * count, UNKNOWN]
        return [*found, len(seen)]

    assert spent(1, "few") == spent(12, "many")
    assert not WorkOrder.objects.exclude(blocked_scopes={}).exists()


UNKNOWN = "orders.unknown"


def test_time_ends_a_hold_and_the_order_goes_on() -> None:
    order = _place(a_world())
    _hold(order, "customer", releases_at=clock.now() + timedelta(hours=1))
    _hold(order, "payment", releases_at=clock.now() + timedelta(hours=3))

    early = hold_clock.release_due(limit=10)
    with clock.virtual(clock.now() + timedelta(hours=2)):
        ended = (hold_clock.release_due(limit=10), hold_clock.release_due(limit=10))

    assert (early, ended) == (0, (1, 0))
    assert list(Hold.objects.filter(released_at=None).values_list("type")) == [("payment",)]
    assert set(WorkOrder.objects.get().blocked_scopes.values()) == {"payment"}


def test_lateness_is_told_once_and_never_of_stock() -> None:
    world = a_world(stock_at={"reno": {"A": 1}})
    _hold(_place(world), "payment")
    assert Hold.objects.filter(order=_place(world, "R-2"), type="stock").exists()

    with clock.virtual(clock.now() + timedelta(hours=5)):
        told = [hold_clock.escalate_due(limit=10) for _ in range(2)]

    assert told == [1, 0]
    event = OutboxEvent.objects.get(name="orders.hold.overdue.v1")
    assert event.payload["hold_type"] == "payment"
    assert Hold.objects.filter(escalated_at__isnull=False).count() == 1


def test_batches_are_bounded() -> None:
    world = a_world()
    for n in range(3):
        _hold(_place(world, f"R-{n}"), releases_at=clock.now() + timedelta(hours=1))

    with clock.virtual(clock.now() + timedelta(hours=6)):
        ended = [hold_clock.release_due(limit=2) for _ in range(3)]

    assert ended == [2, 1, 0]
