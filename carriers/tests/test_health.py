"""The figures that ops look at first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from carriers.adapters.base import TrackingStatus
from carriers.models import CarrierAccount, LabelIntent, TrackingEvent, WebhookCall
from carriers.selectors.health import get_health
from carriers.services import labels, tracking
from carriers.tests import factories
from carriers.types import CarrierHealth
from oms.core import clock


def live() -> CarrierHealth:
    [found] = [health for health in get_health() if not health.is_sandbox]
    return found


def test_a_quiet_account_has_nothing_to_tell(setup):
    health = live()

    assert (health.carrier_code, health.account_name) == ("sandbox", "Demonstration")
    assert (health.label_failures, health.labels_in_doubt, health.labels_waiting) == (0, 0, 0)
    assert (health.oldest_label_s, health.last_scan_s) == (None, None)
    assert (health.unmatched_scans, health.webhook_backlog) == (0, 0)


def test_each_trouble_shows_in_its_figure(operator: int, simulator):
    for city in ("SANDBOX REJECT", "SANDBOX BREAK", "SANDBOX BREAK"):
        factories.create(operator, city=city)
    labels.buy_due(limit=10)
    factories.create(operator)
    LabelIntent.objects.filter(state="due").update(
        available_at=clock.real_now() - timedelta(seconds=90)
    )
    tracking.ingest(
        carrier_code="sandbox", scans=[factories.scan("TRK-NOBODY", TrackingStatus.ACCEPTED)]
    )
    TrackingEvent.objects.update(received_at=clock.real_now() - timedelta(seconds=30))
    WebhookCall.objects.create(
        carrier=TrackingEvent.objects.get().carrier,
        message_id="m",
        sealed=b"",
        received_at=clock.real_now(),
    )

    health = live()

    assert (health.label_failures, health.labels_in_doubt, health.labels_waiting) == (1, 2, 1)
    assert health.oldest_label_s == pytest.approx(90, abs=5)
    assert health.last_scan_s == pytest.approx(30, abs=5)
    assert (health.unmatched_scans, health.webhook_backlog) == (1, 1)


def test_a_failure_of_yesterday_is_no_news(operator: int, simulator):
    factories.create(operator, city="SANDBOX REJECT")
    labels.buy_due(limit=10)

    with clock.virtual(clock.now() + timedelta(hours=2)):
        assert live().label_failures == 0


def test_accounts_switched_off_are_left_out(setup):
    CarrierAccount.objects.filter(is_sandbox=False).update(is_active=False)

    assert [health.is_sandbox for health in get_health()] == [True]


def test_it_takes_six_statements(operator: int, django_assert_num_queries):
    factories.create(operator, 3)

    with django_assert_num_queries(6):
        get_health()
