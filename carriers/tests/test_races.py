"""Several workers at once: every claim has one owner, every order of locks one direction."""

from __future__ import annotations

import random
from functools import partial

import pytest

from carriers.adapters.base import TrackingStatus as S
from carriers.models import LabelIntent, Shipment, TrackingEvent
from carriers.services import labels, notices, shipments, tracking
from carriers.tests import factories
from carriers.tests.factories import scan
from oms.core.testing.races import run_together
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)


def test_four_buyers_share_the_labels(operator: int, simulator, charges):
    factories.create(operator, 24)

    tried = run_together([partial(labels.buy_due, limit=100)] * 4)

    assert sum(tried) == 24
    assert list(charges().values()) == [1] * 24
    assert Shipment.objects.filter(status="labeled").count() == 24
    assert LabelIntent.objects.filter(tries=1, state="bought").count() == 24


def test_four_resolvers_record_each_label_once(operator: int, simulator, charges):
    factories.create(operator, 8, city="SANDBOX BREAK")
    labels.buy_due(limit=100)

    looked_up = run_together([partial(labels.resolve_in_doubt, limit=100)] * 4)

    assert sum(looked_up) == 8
    assert list(charges().values()) == [1] * 8
    assert OutboxEvent.objects.filter(name="carriers.label.bought.v1").count() == 8


def test_the_same_parcel_from_eight_callers_is_one_shipment(operator: int):
    [person] = factories.contacts(operator, 1)
    draft = factories.draft(operator, person)

    def create() -> list[str]:
        with unit():
            return shipments.create_many(drafts=[draft])

    refs = run_together([create] * 8)

    assert len({ref for [ref] in refs}) == 1
    assert Shipment.objects.count() == LabelIntent.objects.count() == 1


def test_the_same_scans_from_eight_callers_in_any_order_count_once(operator: int):
    parcels = factories.labeled(operator, 6)
    factories.hand_over(*parcels)
    scans = [
        scan(parcel.tracking_number, status, hours)
        for parcel in parcels
        for status, hours in [(S.ACCEPTED, 1), (S.OUT_FOR_DELIVERY, 5), (S.DELIVERED, 7)]
    ]

    def shuffled(seed: int) -> list:
        return random.Random(seed).sample(scans, len(scans))

    results = run_together(
        [
            partial(tracking.ingest, carrier_code="sandbox", scans=shuffled(seed))
            for seed in range(8)
        ]
    )

    assert sum(result.stored for result in results) == TrackingEvent.objects.count() == 18
    assert sum(result.moved for result in results) == 6
    assert Shipment.objects.filter(status="delivered").count() == 6
    assert OutboxEvent.objects.filter(name="carriers.shipment.delivered.v1").count() == 6


def test_four_tellers_tell_each_hand_over_once(operator: int, simulator):
    made = factories.create(operator, 12)
    labels.buy_due(limit=100)
    factories.hand_over(*made)

    told = run_together([partial(notices.tell_due, limit=5)] * 4)

    assert sum(told) == 12
    assert not Shipment.objects.filter(notice_due_at__isnull=False).exists()
