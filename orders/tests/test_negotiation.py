"""Cancelling what somebody has in his hands: a question, its answer, and what follows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from carriers.adapters.base import LabelResult
from carriers.models import LabelIntent, Shipment
from carriers.services import label_claims, label_records
from carriers.services.label_calls import Fate, Outcome
from carriers.services.withdrawing import LabelUnderway
from inventory.models import Reservation, StockPosition
from inventory.services import ledger
from inventory.warehouse.models import PutBack, WorkOrder
from inventory.warehouse.services import floor, put_backs, questions
from inventory.warehouse.services.floor import CancelAsked
from inventory.warehouse.services.questions import CartonClosed, NothingAsked
from oms.core import clock
from oms.core.transitions import IllegalTransition
from oms.infra.outbox.services import relaying
from orders.models import Cancellation, FulfillmentOrder, Order
from orders.selectors import orders as selectors
from orders.services import cancellation
from orders.services.cancellation import CancellationPending, CannotCancel, TooManyToCancel
from orders.tests.factories import World, a_world
from orders.tests.test_cancellation import counters, floor_of, place, told

pytestmark = pytest.mark.django_db(transaction=True)


def work_of(order: Order) -> WorkOrder:
    return WorkOrder.objects.filter(correlation_id=order.public_id).latest("pk")


def picked(world: World, **lines: int) -> Order:
    order = place(world, lines=lines or {"A": 3})
    floor.pick(work_refs=[work_of(order).public_id], picker="rosa")
    relaying.drain()
    return order


def packed(world: World, **lines: int) -> Order:
    order = picked(world, **lines)
    floor.pack(work_refs=[work_of(order).public_id], packer="rosa")
    relaying.drain()
    return order


def claim_labels() -> list[LabelIntent]:
    return label_claims.claim_due(limit=100, shipment_refs=None)


def sell_labels(claimed: list[LabelIntent]) -> None:
    """What the carrier answers to claimed intents."""
    label_records.record(
        outcomes=[
            Outcome(
                intent.pk,
                intent.tries,
                Fate.BOUGHT,
                LabelResult(f"TRK{intent.pk:09d}", Decimal("5.00"), "USD", b"%PDF", b"^XA", "x"),
            )
            for intent in claimed
        ],
        files={},
    )
    relaying.drain()


def answer(order: Order, *, is_accepted: bool, reason: str = "") -> None:
    questions.answer(work_ref=work_of(order).public_id, is_accepted=is_accepted, reason=reason)
    relaying.drain()


def test_what_is_picked_is_asked_about_and_stops_until_the_answer() -> None:
    order = picked(a_world())

    asked = cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    relaying.drain()

    work = work_of(order)
    assert (asked.state, asked.units, asked.amount) == ("pending", 0, 0)
    assert FulfillmentOrder.objects.get().request == "cancel_requested"
    order = selectors.get_for(organization_id=order.organization_id, public_id=order.public_id)
    assert selectors.is_cancellation_pending(order)
    assert (order.status, counters(order)) == ("released", [(0, 0, 0, 3, 0)])
    with pytest.raises(CancelAsked, match="Changed my mind"):
        floor.pack(work_refs=[work.public_id], packer="rosa")
    assert floor.claim_next(status="picked", limit=5) == []
    with pytest.raises(CancellationPending):
        cancellation.cancel(order_id=order.pk, reason="Now!")


def test_accepted_units_are_cancelled_and_laid_back() -> None:
    world = a_world()
    order = picked(world)
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    answer(order, is_accepted=True)

    order = Order.objects.get(pk=order.pk)
    assert (order.status, order.cancelled_amount) == ("cancelled", Decimal("60.00"))
    assert counters(order) == [(3, 0, 0, 0, 0)]
    work = FulfillmentOrder.objects.get()
    assert (work.status, work.request) == ("cancelled", "cancel_accepted")
    row = Cancellation.objects.get()
    assert (row.state, row.units, row.amount) == ("done", 3, Decimal("60.00"))
    back = PutBack.objects.get()
    assert (back.quantity, back.done_at) == (3, None)
    put_backs.finish(public_id=back.public_id)
    with pytest.raises(put_backs.PutBackDone):
        put_backs.finish(public_id=back.public_id)
    position = StockPosition.objects.get(variant__sku="A")
    assert (position.on_hand, position.allocated) == (10, 0)
    assert ledger.verify().count == 0


def test_refused_units_go_on_and_the_requester_is_told() -> None:
    order = picked(a_world())
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    answer(order, is_accepted=False, reason="Wrapped as a gift already.")
    floor.pack(work_refs=[work_of(order).public_id], packer="rosa")

    assert counters(order) == [(0, 0, 0, 3, 0)]
    assert FulfillmentOrder.objects.get().request == "cancel_rejected"
    assert Cancellation.objects.get().state == "refused"
    [event] = told("orders.cancellation.refused.v1")
    assert (event["units"], event["reason"]) == (3, "Wrapped as a gift already.")
    with pytest.raises(NothingAsked):
        questions.answer(work_ref=work_of(order).public_id, is_accepted=True)


def test_some_of_the_picked_units_are_cancelled_and_the_rest_is_shipped() -> None:
    world = a_world()
    order = picked(world, A=3, B=1)
    cancellation.cancel_lines(order_id=order.pk, quantities={1: 2, 2: 1}, reason="customer")

    questions.answer(work_ref=work_of(order).public_id, is_accepted=True)
    # The floor does not wait for anybody: the carton is closed before the order hears of it.
    floor.pack(work_refs=[work_of(order).public_id], packer="rosa")
    relaying.drain()

    assert counters(order) == [(2, 0, 0, 1, 0), (1, 0, 0, 0, 0)]
    assert floor_of(order) == [("packed", {"1": 1})]
    assert sorted(PutBack.objects.values_list("variant__sku", "quantity")) == [("A", 2), ("B", 1)]
    sell_labels(claim_labels())
    floor.hand_over(work_refs=[work_of(order).public_id])
    relaying.drain()
    assert counters(order) == [(2, 0, 0, 0, 1), (1, 0, 0, 0, 0)]
    assert dict(StockPosition.objects.values_list("variant__sku", "on_hand")) == {"A": 9, "B": 10}
    assert len(told("orders.order.shipped.v1")) == 1
    assert ledger.verify().count == 0


def test_the_rest_that_is_delivered_completes_the_order() -> None:
    world = a_world(stock_at={"reno": {"A": 5, "B": 5}})
    order = place(world, lines={"A": 1, "B": 1})
    cancellation.cancel_lines(order_id=order.pk, quantities={2: 1}, reason="customer")
    floor.pick(work_refs=[work_of(order).public_id], picker="rosa")
    floor.pack(work_refs=[work_of(order).public_id], packer="rosa")
    relaying.drain()
    sell_labels(claim_labels())
    floor.hand_over(work_refs=[work_of(order).public_id])
    relaying.drain()

    assert counters(order) == [(0, 0, 0, 0, 1), (1, 0, 0, 0, 0)]
    assert len(told("orders.order.shipped.v1")) == 1


def test_what_a_picker_only_began_is_cancelled_without_asking() -> None:
    order = place(a_world(), lines={"A": 3})
    floor.start_pick(work_refs=[work_of(order).public_id], picker="rosa")

    done = cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    assert done.state == "done"
    with pytest.raises(IllegalTransition, match="cancelled"):
        floor.pick(work_refs=[work_of(order).public_id], picker="rosa")


def test_a_bought_label_is_given_back() -> None:
    order = packed(a_world())
    sell_labels(claim_labels())
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    answer(order, is_accepted=True)

    shipment = Shipment.objects.get()
    assert (shipment.status, shipment.notice_due_at is not None) == ("voided", True)
    assert Order.objects.get(pk=order.pk).status == "cancelled"


def test_a_label_that_nobody_asked_for_yet_is_never_bought() -> None:
    order = packed(a_world())
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    answer(order, is_accepted=True)

    assert claim_labels() == []
    assert Shipment.objects.get().status == "label_failed"
    assert Order.objects.get(pk=order.pk).status == "cancelled"


def test_a_label_that_is_being_bought_is_waited_for() -> None:
    order = packed(a_world())
    claimed = claim_labels()
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    with pytest.raises(LabelUnderway):
        answer(order, is_accepted=True)
    assert work_of(order).status == "packed"
    sell_labels(claimed)
    answer(order, is_accepted=True)

    assert Shipment.objects.get().status == "voided"
    assert Order.objects.get(pk=order.pk).status == "cancelled"


def test_a_part_of_a_closed_carton_is_refused() -> None:
    order = packed(a_world())

    with pytest.raises(CartonClosed):
        cancellation.cancel_lines(order_id=order.pk, quantities={1: 1}, reason="customer")

    assert work_of(order).cancel_asked_at is None
    assert not Cancellation.objects.exists()


def test_what_was_handed_over_is_not_cancelled() -> None:
    order = packed(a_world())
    sell_labels(claim_labels())
    floor.hand_over(work_refs=[work_of(order).public_id])

    with pytest.raises(CannotCancel):
        cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    with pytest.raises(TooManyToCancel):
        cancellation.cancel_lines(order_id=order.pk, quantities={1: 1}, reason="customer")
    relaying.drain()
    with pytest.raises(CannotCancel):
        cancellation.cancel(order_id=order.pk, reason="Changed my mind.")


@pytest.mark.parametrize(("policy", "status"), [("reject", "released"), ("accept", "cancelled")])
def test_a_question_that_nobody_answers_is_answered_in_time(
    policy: str, status: str, settings: object
) -> None:
    settings.OMS = {**settings.OMS, "CANCEL_UNANSWERED": policy}  # type: ignore[attr-defined]
    order = picked(a_world())
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    assert questions.answer_overdue(limit=5) == 0

    WorkOrder.objects.update(cancel_asked_at=clock.now() - timedelta(minutes=31))
    assert questions.answer_overdue(limit=5) == 1
    relaying.drain()

    assert Order.objects.get(pk=order.pk).status == status
    assert not WorkOrder.objects.filter(cancel_asked_at__isnull=False).exists()
    assert Reservation.objects.get().status == ("picked" if policy == "reject" else "released")
