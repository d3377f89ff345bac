"""What arrives goes to stock, to quarantine or is missing; the last unit closes the return."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.services import ledger
from oms.core.transitions import IllegalTransition
from oms.infra.outbox.models import OutboxEvent
from orders.services.counters import NotDelivered
from returns.eligibility import InvalidReturn
from returns.models import Return
from returns.selectors.returns import UnknownReturn
from returns.services import receiving, requests
from returns.services.receiving import MoreThanExpected
from returns.tests.factories import DELIVERED_AT, DeliveredOrder, a_delivered_order
from returns.types import ReceivedLine, WantedLine

pytestmark = pytest.mark.django_db

LATER = DELIVERED_AT + timedelta(days=5)


@pytest.fixture
def order(db) -> DeliveredOrder:
    return a_delivered_order()


@pytest.fixture
def opened(order) -> Return:
    """2 A and 1 B on their way back to reno."""
    return requests.request(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        lines=[WantedLine(1, 2), WantedLine(2, 1)],
        reason="damaged",
        actor="key:test",
        at=DELIVERED_AT,
    )


def receive(opened: Return, *counts: tuple[int, int, int, int]) -> Return:
    """(position, restock, quarantine, missing) each."""
    ids = {line.order_line.position: line.pk for line in opened.lines.all()}
    lines = [ReceivedLine(ids[position], *rest) for position, *rest in counts]
    return receiving.receive(return_ref=opened.public_id, lines=lines, actor="staff:7", at=LATER)


def events() -> list[tuple[str, dict[str, object]]]:
    found = OutboxEvent.objects.filter(name__startswith="returns.", occurred_at=LATER)
    return [(event.name, event.payload) for event in found.order_by("id")]


def test_a_complete_receipt_books_stock_counts_units_and_closes(order, opened):
    before_a, before_b = order.stock("reno", "A"), order.stock("reno", "B")

    closed = receive(opened, (1, 1, 1, 0), (2, 0, 0, 1))

    assert closed.status == "closed"
    assert closed.closed_at == LATER
    assert order.stock("reno", "A") == (before_a[0] + 1, before_a[1] + 1)
    assert order.stock("reno", "B") == before_b
    assert order.counts() == {1: (3, 2), 2: (1, 0)}
    steps = opened.status_changes.order_by("pk")
    assert [(s.trigger, s.actor) for s in steps] == [
        ("approve", "key:test"),
        ("begin", "staff:7"),
        ("close", "staff:7"),
    ]
    names = [name for name, _ in events()]
    assert names == ["returns.return.received.v1", "returns.return.closed.v1"]
    payload = events()[0][1]
    assert (payload["restocked"], payload["quarantined"], payload["missing"]) == (1, 1, 1)
    assert ledger.verify().differences == []


def test_a_part_leaves_the_return_open_for_the_rest(order, opened):
    first = receive(opened, (1, 1, 0, 0))

    assert first.status == "in_progress"
    assert order.counts() == {1: (3, 1), 2: (1, 0)}
    second = receive(opened, (1, 0, 1, 0), (2, 1, 0, 0))
    assert second.status == "closed"
    assert order.counts() == {1: (3, 2), 2: (1, 1)}


def test_more_than_expected_changes_nothing(order, opened):
    before = order.stock("reno", "A")

    with pytest.raises(MoreThanExpected) as refused:
        receive(opened, (2, 1, 0, 0), (1, 2, 1, 0))

    assert [e.pointer for e in refused.value.errors] == ["/lines/1"]
    assert order.stock("reno", "A") == before
    assert order.counts() == {1: (3, 0), 2: (1, 0)}
    opened.refresh_from_db(fields=["version"])
    assert Return.objects.get(pk=opened.pk).status == "approved"
    assert events() == []


def test_the_same_receipt_again_is_refused(order, opened):
    receive(opened, (1, 2, 0, 0))
    before = order.stock("reno", "A")

    with pytest.raises(MoreThanExpected):
        receive(opened, (1, 2, 0, 0))

    assert order.stock("reno", "A") == before
    assert order.counts()[1] == (3, 2)


@pytest.mark.parametrize("counts", [[], [(1, 0, 0, 0)], [(1, -1, 2, 0)]])
def test_a_receipt_of_nothing_is_refused(opened, counts):
    with pytest.raises(InvalidReturn):
        receive(opened, *counts)

    assert Return.objects.get(pk=opened.pk).status == "approved"


def test_the_line_of_another_return_is_refused(opened):
    with pytest.raises(InvalidReturn) as refused:
        receiving.receive(
            return_ref=opened.public_id, lines=[ReceivedLine(-1, restock=1)], actor="staff:7"
        )

    assert refused.value.errors[0].code == "unknown_line"


def test_a_closed_return_takes_nothing_more(opened):
    receive(opened, (1, 2, 0, 0), (2, 1, 0, 0))

    with pytest.raises(IllegalTransition):
        receive(opened, (1, 1, 0, 0))


def test_a_declined_return_takes_nothing(order):
    declined = requests.request(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        lines=[WantedLine(1, 1)],
        reason="other",
        actor="key:test",
        at=DELIVERED_AT + timedelta(days=60),
    )

    with pytest.raises(IllegalTransition):
        receive(declined, (1, 1, 0, 0))


def test_an_unknown_return_is_not_found(db):
    with pytest.raises(UnknownReturn):
        receiving.receive(return_ref="ret_x", lines=[ReceivedLine(1, restock=1)], actor="staff:7")


def test_a_failure_of_the_counters_rolls_everything_back(order, opened, monkeypatch):
    before = order.stock("reno", "A")

    def refuse(**_: object) -> None:
        raise NotDelivered("More units come back than were delivered.")

    monkeypatch.setattr(receiving.counters, "record_returned", refuse)
    with pytest.raises(NotDelivered):
        receive(opened, (1, 1, 0, 0))

    assert order.stock("reno", "A") == before
    assert Return.objects.get(pk=opened.pk).status == "approved"
    assert {line.restocked for line in opened.lines.all()} == {0}
