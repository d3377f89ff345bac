"""The public page tells the promise and the way in the destination's time, and nothing personal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.models import Carrier, Shipment, TrackingEvent
from inventory.warehouse import selectors as floor
from inventory.warehouse.services import floor as work
from oms.cockpit.dashboards.local_time import label_of, zone_of
from oms.cockpit.dashboards.selectors import public_words, tracking_page
from oms.cockpit.dashboards.selectors.public_words import Situation
from oms.core import clock
from oms.infra.outbox.services import relaying
from orders import tracking_links
from orders.models import Order
from orders.tests.factories import ADA, NOW, World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return a_world()


def place(world: World) -> str:
    """An order of Ada's in Reno, placed on Tuesday at 8 in the morning there."""
    with clock.virtual(NOW):
        [placed] = world.place(a_draft(lines={"A": 2, "B": 1}))
        relaying.drain()
    return placed.public_id


def page(public_id: str, now: datetime = NOW) -> dict:
    hashed = tracking_links.hash_of(tracking_links.token_for(public_id))
    with clock.virtual(now):
        data = tracking_page.find(tracking_hash=hashed)
    assert data is not None
    return data


def pack(public_id: str, at: datetime) -> Shipment:
    with clock.virtual(at):
        references = [w.work_ref for w in floor.facts_for(order_refs=[public_id])]
        work.pick(work_refs=references, picker="clerk:1")
        work.pack(work_refs=references, packer="clerk:1")
        relaying.drain()
    return Shipment.objects.get()


def scan(shipment: Shipment, status: str, at: datetime, city: str, **place) -> None:
    TrackingEvent.objects.create(
        carrier=Carrier.objects.get(), event_key=f"{status} {at}", tracking_number="SBX1",
        shipment=shipment, carrier_code="X", status=status, city=city, region="NV", country="US",
        occurred_at=at, received_at=at, **place,
    )  # fmt: skip


def steps(data: dict) -> list[float]:
    return [step["done"] for step in data["steps"]]


def test_a_new_order_shows_its_promise_and_its_lines(world: World):
    data = page(place(world))

    promised_on = Order.objects.get().promised_on
    assert promised_on is not None
    assert data["headline"] == f"Arrives {public_words.day(promised_on)}"
    assert (data["pill"], data["second_pill"]) == (
        {"label": "Being prepared", "tone": "info"},
        None,
    )
    assert data["items"] == [{"name": "Thing A", "quantity": 2}, {"name": "Thing B", "quantity": 1}]
    assert (data["parcels"], data["timezone_label"]) == ([], "Pacific")
    assert data["days"] == [
        {
            "label": "Today, November 17",
            "events": [
                {"time": "08:00", "text": "Confirmed", "now": True},
                {"time": "08:00", "text": "We have your order", "now": False},
            ],
        }
    ]
    assert steps(data) == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_a_moving_parcel_shows_its_way_and_where_it_was_last(world: World):
    order_ref = place(world)
    shipment = pack(order_ref, NOW + timedelta(hours=1))
    way = NOW + timedelta(days=1)
    scan(shipment, "accepted", way, "Reno", latitude=39.5312, longitude=-119.8138)
    scan(
        shipment, "in_transit", way + timedelta(hours=1), "Reno", latitude=39.53, longitude=-119.81
    )
    scan(
        shipment, "in_transit", way + timedelta(hours=3), "Elko", latitude=40.83, longitude=-115.76
    )
    scan(shipment, "unknown", way + timedelta(hours=4), "Nowhere")
    Shipment.objects.update(status="in_transit", tracking_number="SBX1")

    data = page(order_ref, way + timedelta(hours=3, minutes=5))

    [parcel] = data["parcels"]
    assert parcel["last_seen"] == "Last seen in Elko, today 11:00"
    assert (parcel["index"], parcel["of"], parcel["country"]) == (1, 1, "US")
    assert [(p["label"], p["kind"]) for p in parcel["points"]] == [
        ("Reno", "past"), ("Elko", "here"), ("Reno", "destination"),
    ]  # fmt: skip
    assert data["days"][0]["events"] == [
        {"time": "11:00", "text": "Arrived at the sorting center, Elko", "now": True},
        {"time": "09:00", "text": "On its way from Reno", "now": False},
        {"time": "08:00", "text": "The carrier has it, Reno", "now": False},
    ]
    assert data["subline"] == "By the end of the day. Updated 5 minutes ago."
    assert steps(data) == [1.0, 1.0, 0.6, 0.0, 0.0]


def test_points_are_rounded_to_a_city(world: World):
    order_ref = place(world)
    shipment = pack(order_ref, NOW)
    scan(shipment, "accepted", NOW, "Reno", latitude=39.531234, longitude=-119.813876)

    [parcel] = page(order_ref)["parcels"]

    assert (parcel["points"][0]["lat"], parcel["points"][0]["lon"]) == (39.53, -119.81)


def test_nothing_personal_is_on_the_page(world: World):
    order_ref = place(world)
    pack(order_ref, NOW)

    text = json.dumps(page(order_ref))

    for planted in (ADA.name, ADA.email, ADA.phone, *ADA.lines, ADA.postcode, order_ref):
        assert planted not in text


def test_scans_from_a_clock_ahead_are_told_as_of_their_own_time(world: World):
    order_ref = place(world)
    shipment = pack(order_ref, NOW)
    scan(shipment, "in_transit", NOW + timedelta(days=2), "Elko")

    data = page(order_ref)

    assert data["days"][0]["label"] == "Today, November 19"
    assert data["parcels"][0]["last_seen"] == "Last seen in Elko, today 08:00"


def test_the_page_costs_as_many_statements_with_ten_scans_as_with_one(world: World):
    order_ref = place(world)
    shipment = pack(order_ref, NOW)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(order_ref)
        return len(captured)

    scan(shipment, "in_transit", NOW, "Elko")
    one = statements()
    for n in range(9):
        scan(shipment, "in_transit", NOW + timedelta(hours=n + 1), f"City {n}")

    assert statements() == one


def test_an_unknown_link_leads_nowhere(db: None):
    assert tracking_page.find(tracking_hash=tracking_links.hash_of("x" * 26)) is None
    assert tracking_page.exists(tracking_hash=tracking_links.hash_of("x" * 26)) is False


DENVER = zone_of(country="US", region="CO")


def situation(**changes) -> Situation:
    return Situation(
        **{
            "is_cancelled": False, "is_confirmed": True, "delivered_at": None,
            "promised_on": date(2026, 11, 24), "statuses": ("in_transit",),
            "now": datetime(2026, 11, 22, 18, tzinfo=UTC), "zone": DENVER, **changes,
        }
    )  # fmt: skip


def moment(day: int, hour: int = 18) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "headline", "pill", "second"),
    [
        ({}, "Arrives Tuesday, November 24", "On its way", None),
        ({"now": moment(23)}, "Arrives tomorrow, Tuesday, November 24", "On its way", None),
        ({"now": moment(24)}, "Arrives today", "On its way", None),
        # Two in the morning in London is still the evening before in Denver.
        ({"now": moment(24, 2)}, "Arrives tomorrow, Tuesday, November 24", "On its way", None),
        ({"now": moment(26)}, "Later than we promised", "On its way",
         "2 days later than first promised"),
        ({"now": moment(26), "statuses": ("out_for_delivery",)}, "Arrives today",
         "Out for delivery", "2 days later than first promised"),
        ({"delivered_at": moment(24)}, "Delivered Tuesday, November 24", "Delivered", None),
        ({"delivered_at": moment(25)}, "Delivered Wednesday, November 25", "Delivered",
         "1 day later than first promised"),
        ({"is_cancelled": True}, "This order was cancelled", "Cancelled", None),
        ({"statuses": ("lost",)}, "Your parcel cannot be found", "Lost", None),
        ({"statuses": ("returning",)}, "Your parcel is on its way back to us",
         "On its way back", None),
        ({"statuses": ("available_for_pickup",)}, "Ready for you to pick up",
         "Ready for pickup", None),
        ({"statuses": ("exception",)}, "Arrives Tuesday, November 24", "Delayed", None),
        ({"promised_on": None, "statuses": (), "is_confirmed": False},
         "We are preparing your order", "Received", None),
    ],
)  # fmt: skip
def test_the_promise_in_words(changes, headline, pill, second):
    at = situation(**changes)

    assert public_words.headline(at) == headline
    assert public_words.pill(at)["label"] == pill
    assert (public_words.second_pill(at) or {}).get("label") == second


@pytest.mark.parametrize(
    ("country", "region", "zone", "label"),
    [
        ("US", "CO", "America/Denver", "Mountain"),
        ("US", "co", "America/Denver", "Mountain"),
        ("BR", "AM", "America/Manaus", "Manaus"),
        ("BR", "SP", "America/Sao_Paulo", "Brasília"),
        ("US", "XX", "UTC", "UTC"),
        ("DE", "BE", "UTC", "UTC"),
    ],
)
def test_the_time_of_a_place(country, region, zone, label):
    found = zone_of(country=country, region=region)

    assert (found.key, label_of(found)) == (zone, label)
