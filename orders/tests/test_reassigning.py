"""Nodes that take work on or turn it down, and work that people take back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.nodes.models import Node
from inventory.services import ledger
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor
from oms.core import clock
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Hold, NodeExclusion, Order
from orders.selectors.parcels import UnknownWork
from orders.services import reassigning
from orders.services.reassigning import NoReason, NotWaiting, WorkBegun
from orders.tests.factories import a_world
from orders.tests.test_cancellation import counters, place
from orders.tests.test_short_picks import works

pytestmark = pytest.mark.django_db(transaction=True)


def newest(order: Order) -> FulfillmentOrder:
    return FulfillmentOrder.objects.filter(order=order).latest("pk")


def test_a_node_takes_work_on_once() -> None:
    order = place(a_world())
    ref = newest(order).public_id

    reassigning.accept(work_ref=ref)

    assert newest(order).request == "accepted"
    with pytest.raises(NotWaiting):
        reassigning.accept(work_ref=ref)
    with pytest.raises(UnknownWork):
        reassigning.accept(work_ref="ful_nothing")


def test_work_that_is_turned_down_goes_to_another_node() -> None:
    order = place(a_world(stock_at={"reno": {"A": 5}, "dallas": {"A": 5}}), lines={"A": 2})

    reassigning.turn_down(work_ref=newest(order).public_id, reason="Flooded.")

    assert works(order) == [("reno", "cancelled", [2]), ("dallas", "open", [2])]
    first = FulfillmentOrder.objects.earliest("pk")
    assert (first.request, first.status_changes.latest("pk").reason) == ("rejected", "Flooded.")
    assert counters(order) == [(0, 0, 0, 2, 0)]
    assert Order.objects.get(pk=order.pk).status == "released"
    assert sorted(WorkOrder.objects.values_list("status", flat=True)) == ["cancelled", "open"]
    assert ledger.verify().count == 0


def test_an_order_that_no_node_wants_waits_for_a_person() -> None:
    order = place(a_world(stock_at={"reno": {"A": 5}, "dallas": {"A": 5}}))

    for _ in range(2):
        reassigning.turn_down(work_ref=newest(order).public_id, reason="Flooded.")

    assert counters(order) == [(0, 1, 0, 0, 0)]
    assert Hold.objects.get(released_at=None).type == "stock"
    assert NodeExclusion.objects.filter(is_refusal=True).count() == 2


def test_after_three_refusals_no_further_node_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reassigning, "MAX_REFUSALS", 1)
    order = place(a_world(stock_at={"reno": {"A": 5}, "dallas": {"A": 5}}))

    reassigning.turn_down(work_ref=newest(order).public_id, reason="Flooded.")

    hold = Hold.objects.get(released_at=None)
    assert (hold.type, hold.reason) == ("routing", "1 nodes turned it down.")
    assert works(order) == [("reno", "cancelled", [1])]
    assert Order.objects.get(pk=order.pk).status == "confirmed"


def test_work_that_is_begun_or_without_a_reason_stays() -> None:
    order = place(a_world())
    ref = newest(order).public_id

    with pytest.raises(NoReason):
        reassigning.turn_down(work_ref=ref, reason=" ")
    floor.pick(work_refs=[WorkOrder.objects.get().public_id], picker="rosa")
    with pytest.raises(WorkBegun):
        reassigning.turn_down(work_ref=ref, reason="Flooded.")
    with pytest.raises(WorkBegun):
        reassigning.take_back(order_id=order.pk, work_refs=[ref], reason="Too slow.")
    relaying.drain()
    with pytest.raises(NotWaiting):
        reassigning.turn_down(work_ref=ref, reason="Flooded.")

    assert works(order) == [("reno", "in_progress", [1])]
    assert not NodeExclusion.objects.exists()


def test_a_person_takes_work_back_and_another_node_gets_it() -> None:
    order = place(a_world(stock_at={"reno": {"A": 5}, "dallas": {"A": 5}}))

    reassigning.take_back(
        order_id=order.pk, work_refs=[newest(order).public_id], reason="Reno is too slow."
    )

    assert works(order) == [("reno", "cancelled", [1]), ("dallas", "open", [1])]
    assert NodeExclusion.objects.get().is_refusal is False
    with pytest.raises(UnknownWork):
        reassigning.take_back(
            order_id=order.pk + 1, work_refs=[newest(order).public_id], reason="x"
        )


def test_a_node_that_does_not_answer_in_time_loses_the_work() -> None:
    order = place(a_world(stock_at={"reno": {"A": 5}, "dallas": {"A": 5}}))
    late = clock.now() - timedelta(seconds=121)
    FulfillmentOrder.objects.update(submitted_at=late)
    assert reassigning.expire_unanswered(limit=9) == 0

    Node.objects.filter(code="reno").update(needs_acceptance=True)
    assert reassigning.expire_unanswered(limit=9) == 1

    assert works(order) == [("reno", "cancelled", [1]), ("dallas", "open", [1])]
    assert FulfillmentOrder.objects.earliest("pk").request == "rejected"


def test_a_node_that_has_begun_has_answered() -> None:
    order = place(a_world())
    Node.objects.update(needs_acceptance=True)
    FulfillmentOrder.objects.update(submitted_at=clock.now() - timedelta(seconds=121))
    floor.start_pick(work_refs=[WorkOrder.objects.get().public_id], picker="rosa")

    assert reassigning.expire_unanswered(limit=9) == 0
    assert newest(order).request == "accepted"
