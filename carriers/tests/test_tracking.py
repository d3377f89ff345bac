"""Scans through any door, in any order, however often: one standing, one story."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.adapters.base import CarrierUnavailable, TrackingStatus
from carriers.adapters.sandbox.client import SandboxAdapter
from carriers.models import Shipment, ShipmentStatusChange, TrackingEvent
from carriers.services import labels, notices, tracking
from carriers.tests import factories
from carriers.tests.factories import scan
from carriers.types import IngestResult
from oms.core import clock
from oms.infra.outbox.models import OutboxEvent

S = TrackingStatus
JOURNEY = [
    (S.ACCEPTED, 1),
    (S.IN_TRANSIT, 5),
    (S.OUT_FOR_DELIVERY, 30),
    (S.DELIVERY_ATTEMPTED, 32),
    (S.DELIVERED, 50),
]


def ingest(*scans: Any) -> IngestResult:
    return tracking.ingest(carrier_code="sandbox", scans=scans)


def moved(operator: int, count: int = 1) -> list[Shipment]:
    made = factories.labeled(operator, count)
    factories.hand_over(*made)
    return [factories.fresh(s) for s in made]


def facts(shipment: Shipment) -> tuple[Any, ...]:
    now = factories.fresh(shipment)
    return now.status, now.last_scan_at, now.delivered_at


def names(shipment: Shipment) -> list[str]:
    events = OutboxEvent.objects.filter(aggregate_id=shipment.public_id).order_by("id")
    return [n.removeprefix("carriers.") for n in events.values_list("name", flat=True)][2:]


def test_a_journey_moves_the_shipment_and_tells_each_step(operator: int):
    [shipment] = moved(operator)

    for status, hours in JOURNEY:
        ingest(scan(shipment.tracking_number, status, hours))

    delivered_at = factories.START + timedelta(hours=50)
    assert facts(shipment) == ("delivered", delivered_at, delivered_at)
    told = [
        "shipment.moved.v1" if status != S.IN_TRANSIT or hours == 1 else "shipment.scanned.v1"
        for status, hours in JOURNEY[:-1]
    ]
    assert names(shipment) == [*told, "shipment.delivered.v1"]
    steps = ShipmentStatusChange.objects.filter(subject=shipment).order_by("id")
    assert [(c.to_status, c.at) for c in steps][2:] == [
        ("in_transit", factories.START + timedelta(hours=1)),
        ("out_for_delivery", factories.START + timedelta(hours=30)),
        ("delivery_attempted", factories.START + timedelta(hours=32)),
        ("delivered", delivered_at),
    ]


def test_the_event_names_where_it_happened(operator: int):
    [shipment] = moved(operator)

    ingest(scan(shipment.tracking_number, S.EXCEPTION, 3, city="Reno", region="NV"))

    event = OutboxEvent.objects.get(name="carriers.shipment.moved.v1")
    assert event.payload["status"] == "exception"
    assert (event.payload["city"], event.payload["region"]) == ("Reno", "NV")
    assert event.occurred_at == factories.START + timedelta(hours=3)


def test_the_same_status_again_only_notes_the_scan(operator: int):
    [shipment] = moved(operator)
    ingest(scan(shipment.tracking_number, S.ACCEPTED, 1))
    version = factories.fresh(shipment).version

    result = ingest(scan(shipment.tracking_number, S.IN_TRANSIT, 5))

    after = factories.fresh(shipment)
    assert (result.stored, result.moved) == (1, 0)
    assert (after.version, after.last_scan_at) == (version, factories.START + timedelta(hours=5))
    assert names(shipment) == ["shipment.moved.v1", "shipment.scanned.v1"]


def test_a_repeat_is_counted_and_changes_nothing(operator: int):
    [shipment] = moved(operator)
    one = scan(shipment.tracking_number, S.ACCEPTED)
    ingest(one)
    before = factories.fresh(shipment).version

    assert ingest(one, one) == IngestResult(received=2)
    assert factories.fresh(shipment).version == before
    assert TrackingEvent.objects.count() == 1


def test_every_order_of_arrival_ends_alike(operator: int):
    orders = list(itertools.permutations(JOURNEY))
    random.Random(7).shuffle(orders)
    shipments = moved(operator, 20)

    for shipment, order in zip(shipments, orders, strict=False):
        for status, hours in order:
            ingest(*[scan(shipment.tracking_number, status, hours)] * 2)

    assert len({facts(shipment) for shipment in shipments}) == 1
    assert facts(shipments[0])[0] == "delivered"


@pytest.mark.parametrize("late", [S.IN_TRANSIT, S.EXCEPTION, S.LOST, S.OUT_FOR_DELIVERY])
def test_delivered_is_sticky(operator: int, late: TrackingStatus):
    [shipment] = moved(operator)
    ingest(scan(shipment.tracking_number, S.DELIVERED, 50))

    ingest(scan(shipment.tracking_number, late, 60))

    assert facts(shipment) == (
        "delivered",
        factories.START + timedelta(hours=60),
        factories.START + timedelta(hours=50),
    )


def test_the_carrier_may_take_a_delivered_parcel_back(operator: int):
    [shipment] = moved(operator)
    ingest(scan(shipment.tracking_number, S.DELIVERED, 50))

    ingest(
        scan(shipment.tracking_number, S.RETURNING, 60),
        scan(shipment.tracking_number, S.RETURNED, 80),
    )

    assert facts(shipment)[0] == "returned_to_sender"
    assert names(shipment) == ["shipment.delivered.v1", "shipment.returned.v1"]


def test_a_lost_parcel_is_told_and_may_be_found(operator: int):
    [shipment] = moved(operator)

    ingest(scan(shipment.tracking_number, S.LOST, 100))
    assert facts(shipment)[0] == "lost"
    ingest(scan(shipment.tracking_number, S.DELIVERED, 120))

    assert facts(shipment)[0] == "delivered"
    assert names(shipment) == ["shipment.lost.v1", "shipment.delivered.v1"]


def test_the_first_scan_may_come_before_our_hand_over(operator: int):
    [shipment] = factories.labeled(operator)

    ingest(scan(shipment.tracking_number, S.DELIVERY_ATTEMPTED, 1))

    assert facts(shipment)[0] == "delivery_attempted"


def test_a_voided_label_does_not_come_alive(operator: int):
    [shipment] = factories.labeled(operator)
    Shipment.objects.update(status="voided")

    assert ingest(scan(shipment.tracking_number, S.ACCEPTED)).moved == 0
    assert facts(shipment)[0] == "voided"


def test_unknown_numbers_wait(operator: int):
    assert ingest(scan("TRK-NOBODY", S.ACCEPTED)) == IngestResult(received=1, stored=1, unmatched=1)
    [shipment] = factories.labeled(operator)
    Shipment.objects.update(tracking_number="TRK-NOBODY")

    assert tracking.poll_due(limit=10) == 0

    assert facts(shipment)[0] == "in_transit"
    assert TrackingEvent.objects.get().shipment_id == shipment.pk


def test_one_bad_scan_never_loses_the_rest(operator: int):
    [shipment] = moved(operator)
    number = shipment.tracking_number

    result = ingest(
        scan(number, S.ACCEPTED, key="k" * 81),
        scan("", S.ACCEPTED, key="a"),
        scan(number, S.ACCEPTED, key="nul\x00"),
        scan(number, S.IN_TRANSIT, 2, city="C\x00" * 200, country="USA", latitude=float("nan")),
    )

    assert (result.stored, result.unreadable) == (1, 3)
    kept = TrackingEvent.objects.get()
    assert (kept.city, kept.country, kept.latitude) == ("C" * 120, "", None)
    assert facts(shipment)[0] == "in_transit"


def test_an_unknown_carrier_keeps_nothing(operator: int):
    with pytest.raises(tracking.UnknownCarrier):
        tracking.ingest(carrier_code="pigeon", scans=[scan("T", S.ACCEPTED)])

    assert TrackingEvent.objects.count() == 0


def test_one_and_thirty_parcels_cost_the_same_statements(operator: int):
    counts = []
    for count in (1, 30):
        parcels = moved(operator, count)
        with CaptureQueriesContext(connection) as queries:
            ingest(*[scan(p.tracking_number, S.DELIVERED) for p in parcels])
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_whole_way_with_the_sandbox_carrier(operator: int, simulator):
    cities = ["Denver", "SANDBOX LOST", "SANDBOX RETURN", "SANDBOX ATTEMPT", "SANDBOX PICKUP"]
    made = [factories.create(operator, city=city)[0] for city in cities]
    labels.buy_due(limit=10)
    factories.hand_over(*made)
    assert notices.tell_due(limit=10) == 5

    asked = tracking.poll_due(limit=10, now_only=[s.public_id for s in made])

    assert asked == 5
    assert [facts(s)[0] for s in made] == [
        "delivered",
        "lost",
        "returned_to_sender",
        "delivered",
        "delivered",
    ]
    assert TrackingEvent.objects.filter(shipment=made[0]).count() >= 4


def _noted(book: list[Any], *entries: Any) -> list[Any]:
    book.extend(entries)
    return []


def test_polling_asks_only_about_the_silent(operator: int, simulator, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(SandboxAdapter, "track", lambda _, numbers: _noted(asked, *numbers))
    silent, fresh, waiting = factories.labeled(operator, 3)
    factories.hand_over(silent, fresh)
    Shipment.objects.filter(pk=silent.pk).update(
        polled_at=clock.real_now() - tracking.QUIET_WITH_WEBHOOKS
    )

    assert tracking.poll_due(limit=10) == 1
    assert asked == [silent.tracking_number]
    assert tracking.poll_due(limit=10) == 0
    assert waiting.status == "labeled"


def test_more_than_a_hundred_are_asked_about_in_parts(operator: int, simulator, monkeypatch):
    sizes: list[int] = []
    monkeypatch.setattr(SandboxAdapter, "track", lambda _, numbers: _noted(sizes, len(numbers)))
    parcels = moved(operator, 120)

    assert tracking.poll_due(limit=500, now_only=[p.public_id for p in parcels]) == 120
    assert sorted(sizes) == [20, 100]


def test_a_carrier_that_does_not_answer_stops_nothing(operator: int, simulator, monkeypatch):
    def down(*_: Any) -> None:
        raise CarrierUnavailable

    monkeypatch.setattr(SandboxAdapter, "track", down)
    [shipment] = moved(operator)

    assert tracking.poll_due(limit=10, now_only=[shipment.public_id]) == 1
    assert facts(shipment)[0] == "handed_over"
