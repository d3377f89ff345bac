"""Who may send back what, until when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oms.core.testing.races import run_together
from oms.infra.outbox.models import OutboxEvent
from orders.selectors.orders import UnknownOrder
from orders.tests.factories import a_world
from returns.eligibility import InvalidReturn, NotReturnable
from returns.models import Return
from returns.services import receiving, requests
from returns.tests.factories import DELIVERED_AT, DeliveredOrder, a_delivered_order, an_order
from returns.types import ReceivedLine, WantedLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(db) -> DeliveredOrder:
    return a_delivered_order()


def ask(order: DeliveredOrder, *lines: tuple[int, int], **changes) -> Return:
    given = {
        "organization_id": order.organization_id,
        "order_ref": order.public_id,
        "lines": [WantedLine(position, quantity) for position, quantity in lines],
        "reason": "does_not_fit",
        "actor": "key:test",
        "at": DELIVERED_AT + timedelta(days=1),
    }
    return requests.request(**{**given, **changes})


def names_of_events() -> list[str]:
    found = OutboxEvent.objects.filter(name__startswith="returns.").order_by("id")
    return list(found.values_list("name", flat=True))


def test_a_return_within_the_window_is_approved(order):
    opened = ask(order, (1, 2), (2, 1))

    stored = Return.objects.get(public_id=opened.public_id)
    assert (stored.status, stored.reason) == ("approved", "does_not_fit")
    assert stored.node.code == "reno"
    assert stored.created_at == DELIVERED_AT + timedelta(days=1)
    assert [(x.order_line.position, x.quantity) for x in stored.lines.order_by("pk")] == [
        (1, 2),
        (2, 1),
    ]
    [step] = stored.status_changes.all()
    assert (step.trigger, step.actor, step.at) == ("approve", "key:test", stored.created_at)
    assert names_of_events() == ["returns.return.requested.v1", "returns.return.approved.v1"]
    event = OutboxEvent.objects.get(name="returns.return.requested.v1")
    assert (event.correlation_id, event.payload["units"]) == (order.public_id, 3)


@pytest.mark.parametrize(
    ("late_by", "status"), [(timedelta(0), "approved"), (timedelta(seconds=1), "declined")]
)
def test_the_window_ends_thirty_days_after_delivery(order, late_by, status):
    opened = ask(order, (1, 1), at=DELIVERED_AT + timedelta(days=30) + late_by)

    assert opened.status == status


def test_a_late_return_is_declined_with_the_reason(order):
    opened = ask(order, (1, 1), at=DELIVERED_AT + timedelta(days=31))

    [step] = opened.status_changes.all()
    assert (step.trigger, step.reason) == ("decline", "Delivered more than 30 days ago.")
    assert opened.closed_at == DELIVERED_AT + timedelta(days=31)
    assert names_of_events() == ["returns.return.requested.v1", "returns.return.declined.v1"]


def test_a_declined_return_claims_nothing(order):
    ask(order, (1, 3), at=DELIVERED_AT + timedelta(days=31))

    again = ask(order, (1, 3))

    assert again.status == "approved"


def test_a_unit_cannot_be_asked_back_twice(order):
    ask(order, (1, 2))

    with pytest.raises(NotReturnable) as refused:
        ask(order, (1, 2))

    [error] = refused.value.errors
    assert (error.pointer, error.code) == ("/lines/0/quantity", "not_returnable")
    assert error.detail == "1 of 3 delivered units can come back."
    assert Return.objects.count() == 1
    assert ask(order, (1, 1)).status == "approved"


def test_units_missing_in_a_closed_return_may_be_asked_back_again(order):
    opened = ask(order, (1, 3))
    [line] = opened.lines.all()
    receiving.receive(
        return_ref=opened.public_id,
        lines=[ReceivedLine(line.pk, restock=1, quarantine=1, missing=1)],
        actor="staff:1",
    )

    with pytest.raises(NotReturnable):
        ask(order, (1, 2))
    assert ask(order, (1, 1)).status == "approved"


def test_what_was_not_delivered_cannot_come_back(db):
    order = an_order()

    with pytest.raises(NotReturnable):
        ask(order, (1, 1))

    assert not Return.objects.exists()


@pytest.mark.parametrize(
    ("lines", "changes", "pointer", "code"),
    [
        ([], {}, "/lines", "required"),
        ([(9, 1)], {}, "/lines/0/position", "unknown_line"),
        ([(2, 1), (2, 1)], {}, "/lines/0/position", "duplicate"),
        ([(1, 1), (2, 0)], {}, "/lines/1/quantity", "quantity.invalid"),
        ([(1, -1)], {}, "/lines/0/quantity", "quantity.invalid"),
        ([(1, True)], {}, "/lines/0/quantity", "quantity.invalid"),
        ([(1, 1)], {"reason": "mood"}, "/reason", "unknown_reason"),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(order, lines, changes, pointer, code):
    with pytest.raises(InvalidReturn) as refused:
        ask(order, *lines, **changes)

    assert (refused.value.errors[0].pointer, refused.value.errors[0].code) == (pointer, code)
    assert not Return.objects.exists()


def test_the_order_of_another_organization_is_unknown(order):
    with pytest.raises(UnknownOrder):
        ask(order, (1, 1), organization_id=order.organization_id + 1)

    assert not Return.objects.exists()


def test_units_go_to_a_node_that_takes_returns(order):
    order.stop_returns("reno")

    assert ask(order, (1, 1)).node.code == "dallas"


def test_without_a_node_that_takes_returns_the_request_is_refused(order):
    order.stop_returns("reno")
    order.stop_returns("dallas")

    with pytest.raises(requests.NowhereToReturn):
        ask(order, (1, 1))

    assert not Return.objects.exists()


def test_what_is_stored_within_fails_together_with_the_return(order):
    def fail(opened: Return) -> None:
        raise LookupError(opened.public_id)

    with pytest.raises(LookupError):
        ask(order, (1, 1), within=fail)

    assert not Return.objects.exists()
    assert names_of_events() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_for_the_last_unit_one_is_refused():
    order = a_delivered_order(a_world())

    answers = run_together([lambda: ask(order, (2, 1))] * 8)

    opened = [answer for answer in answers if isinstance(answer, Return)]
    assert len(opened) == 1
    assert sum(isinstance(answer, NotReturnable) for answer in answers) == 7
    assert Return.objects.count() == 1
