"""A case opens once per kind and subject, closes when it heals or when a person closes it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.cockpit.control_tower import handlers, selectors
from oms.cockpit.control_tower.models import Case
from oms.cockpit.control_tower.services import cases, dead_letters
from oms.cockpit.testing.stories import Story, at, delivered
from oms.core import clock, transactions
from oms.core.context import acting
from oms.infra.accounts.models import Organization
from oms.infra.accounts.services import organizations
from oms.infra.outbox.models import OutboxEvent, Redelivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Organization:
    return organizations.ensure_operator()


@pytest.fixture
def story(operator: Organization) -> Story:
    return Story(organization=operator.pk)


def take(*events) -> None:
    with transactions.unit():
        handlers.on_facts([delivered(event) for event in events])


def open_kinds() -> dict[str, int]:
    return selectors.count_open_by_kind()


@pytest.mark.parametrize(
    ("hold", "kind"),
    [("address", "hold"), ("fraud", "hold"), ("stock", "no_stock"), ("routing", "no_route")],
)
def test_a_hold_opens_a_case_of_its_kind(story: Story, hold: str, kind: str):
    take(story.held(1, hold=hold))

    case = Case.objects.get()
    assert (case.kind, case.subject_kind, case.subject_ref) == (kind, "order", "ord_A")
    assert (case.label, case.why) == ("10001", "The street is missing.")
    hours = cases.HOURS_TO_DECIDE[Case.Kind(kind)]
    assert (case.opened_at, case.due_at) == (at(1), at(1) + timedelta(hours=hours))


def test_the_same_fact_again_opens_nothing(story: Story):
    take(story.held(1))
    take(story.held(1), story.held(2))

    assert Case.objects.count() == 1
    assert Case.objects.get().opened_at == at(1)


def test_two_holds_of_one_kind_share_a_case_until_the_last_is_released(story: Story):
    take(story.held(1), story.held(2, hold="operator"))
    take(story.hold_released(5, left=1))
    assert open_kinds() == {"hold": 1}

    take(story.hold_released(6, hold="operator", left=0))
    assert open_kinds() == {}


def test_a_stock_hold_heals_alone_while_others_stay(story: Story):
    take(story.held(1), story.held(2, hold="stock"))

    take(story.hold_released(5, hold="stock", left=1))

    assert open_kinds() == {"hold": 1}


def test_a_refused_label_is_a_case_until_one_is_bought(story: Story):
    take(story.label_refused(10))
    case = Case.objects.get()
    assert (case.kind, case.subject_kind) == ("label_failed", "shipment")
    assert case.why == "The carrier refused the label: address undeliverable"

    take(story.label_bought(20))

    case.refresh_from_db()
    assert (case.closed_at, case.resolution) == (at(20), "Label bought")


def test_an_exception_heals_with_the_next_movement(story: Story):
    take(story.moved(10, status="exception"))
    assert open_kinds() == {"delivery_exception": 1}

    take(story.moved(20, status="in_transit"))
    assert open_kinds() == {}


def test_within_one_batch_the_order_of_facts_decides(story: Story):
    take(
        story.moved(10, status="exception"),
        story.moved(20, status="in_transit"),
        story.moved(30, status="exception"),
    )

    first, second = Case.objects.order_by("opened_at")
    assert (first.opened_at, first.closed_at) == (at(10), at(20))
    assert (second.opened_at, second.closed_at) == (at(30), None)


def test_a_lost_parcel_closes_its_exception_and_arrival_closes_the_loss(story: Story):
    take(story.moved(10, status="exception"), story.lost(20))
    assert open_kinds() == {"lost": 1}

    take(story.parcel_arrived(30))
    assert open_kinds() == {}


def test_a_parcel_that_came_back_waits_for_a_person(story: Story):
    take(story.came_back(20), story.arrived(30))

    assert open_kinds() == {"returned_to_sender": 1}


def test_cancelling_closes_what_held_the_order(story: Story):
    take(story.held(1), story.held(2, hold="stock"), story.cancelled(9))

    assert set(Case.objects.values_list("resolution", flat=True)) == {"Order closed"}


def test_forty_holds_cost_as_many_statements_as_one(operator: Organization):
    def statements(count: int) -> int:
        events = [Story(f"ord_{count}_{n}", str(n), operator.pk).held() for n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            take(*events)
        return len(captured)

    assert statements(1) == statements(40)


def test_closing_needs_an_open_case_and_keeps_who_did_it(story: Story):
    take(story.held(1))
    case = Case.objects.get()

    with acting(actor="staff:7"), clock.virtual(at(30)):
        cases.close(case_id=case.pk, resolution="Called the customer")

    case.refresh_from_db()
    assert (case.closed_at, case.closed_by) == (at(30), "staff:7")
    assert case.resolution == "Called the customer"
    with pytest.raises(cases.CaseClosed):
        cases.close(case_id=case.pk, resolution="Again")
    with pytest.raises(cases.UnknownCase):
        cases.close(case_id=0, resolution="Nothing")
    case.refresh_from_db()
    assert case.resolution == "Called the customer"


def test_dead_letters_are_cases_until_they_are_retried(operator: Organization):
    letter = _park(operator)

    assert dead_letters.check() == 1
    assert dead_letters.check() == 1
    case = Case.objects.get()
    assert (case.kind, case.subject_ref) == ("dead_letter", str(letter.pk))
    assert case.why == "some.consumer could not take test.fact.v1"

    letter.delete()
    assert dead_letters.check() == 0
    case.refresh_from_db()
    assert case.resolution == "Delivered or retried"


def _park(operator: Organization) -> Redelivery:
    event = OutboxEvent.objects.create(
        event_id=uuid4(), name="test.fact.v1", organization=operator, aggregate_kind="thing",
        aggregate_id="1", actor="system:test", payload={}, occurred_at=at(0), recorded_at=at(0),
        relayed_at=at(0),
    )  # fmt: skip
    return Redelivery.objects.create(
        consumer="some.consumer", event=event, attempts=9, available_at=at(1), parked_at=at(2)
    )
