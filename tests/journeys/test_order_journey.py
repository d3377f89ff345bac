"""One order from its HTTP request to the recipient's door, through every real part in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from carriers.adapters.sandbox import testing
from carriers.adapters.sandbox.simulator.server import Simulator
from carriers.models import LabelIntent, Shipment, TrackingEvent, WebhookCall
from carriers.selectors import labels
from inventory.models import Reservation, StockMovement, StockPosition
from inventory.services import ledger
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor
from oms.core.context import acting
from oms.infra.accounts.services import keys
from oms.infra.contacts.models import Contact
from oms.infra.contacts.services import vault
from oms.infra.outbox import selectors as outbox
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.channels import services as channels
from orders.models import FulfillmentOrder, Order, TimelineEntry
from orders.tests.factories import World, a_world
from tests.support import worker
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

#: Words of one person, none of which may stand anywhere in the clear.
PERSON = {
    "name": "Wilhelmina Quarterstone",
    "company": "Quarterstone Observatory",
    "phone": "+1 617 555 0143",
    "email": "wilhelmina@quarterstone.example",
    "lines": ["4711 Meteorite Avenue", "Dome 9"],
}
SECRET_WORDS = (
    *("Wilhelmina", "Quarterstone", "Observatory", "Meteorite", "Dome 9", "4711"),
    *("617 555 0143", "6175550143", "02108"),
)
BODY = {
    "external_ref": "JOURNEY-1",
    "currency": "USD",
    "customer_ref": "customer-77",
    "ship_to": {
        **PERSON,
        "city": "Boston",
        "region": "MA",
        "postcode": "02108",
        "country": "US",
        "latitude": 42.36,
        "longitude": -71.06,
    },
    "lines": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}],
}
#: Two days of a journey pass in a second.
SPEED = 172_800.0
STORY = [
    "orders.order.received.v1",
    "routing.decision.made.v1",
    "orders.order.confirmed.v1",
    "orders.order.released.v1",
    "warehouse.work.picked.v1",
    "warehouse.work.packed.v1",
    "carriers.label.bought.v1",
    "warehouse.work.handed_over.v1",
    "orders.order.shipped.v1",
    "carriers.shipment.delivered.v1",
    "orders.order.delivered.v1",
    "orders.order.completed.v1",
]


@pytest.fixture
def world(transactional_db: None) -> World:
    world = a_world()
    channels.ensure(
        organization_id=world.organization_id, code="api", name="Partner API", kind="api"
    )
    return world


@pytest.fixture
def simulator(world: World, settings: Any, live_server: Any, tmp_path: Any) -> Iterator[Simulator]:
    """A carrier that pushes signed scans to our own door."""
    settings.PUBLIC_URL = live_server.url
    with testing.running(
        tmp_path,
        speed=SPEED,
        scan_times="visible",
        webhook_url=f"{live_server.url}/api/v1/carriers/sandbox/webhook",
        seed=1,
    ) as running:
        settings.OMS = {
            **settings.OMS,
            "SANDBOX_CARRIER_URL": running.url,
            "SANDBOX_CARRIER_SECRET": testing.SECRET,
        }
        yield running


@pytest.fixture
def carriers_worker(simulator: Simulator) -> Iterator[None]:
    with worker.running("carriers"):
        yield


@pytest.fixture
def partner(world: World, live_server: Any) -> Iterator[httpx.Client]:
    made = keys.create(
        organization_id=world.organization_id,
        name="journey",
        scopes=["orders:read", "orders:write"],
        created_by="test",
    )
    headers = {"authorization": f"Bearer {made.text}"}
    with httpx.Client(base_url=live_server.url, headers=headers, timeout=30) as client:
        yield client


def test_an_order_goes_from_http_to_the_door(
    world: World, partner: httpx.Client, simulator: Simulator, carriers_worker: None
) -> None:
    placed = _place(partner)
    order = Order.objects.get(public_id=placed["id"])
    _is_reserved(order)

    work = _release(order)
    _pick_and_pack(work)
    shipment = _labeled_by_the_worker(order)
    _label_is_printed(shipment)
    _hand_over(work)
    _delivered_by_scans(order, shipment)

    _everybody_is_told(partner, placed)
    _books_are_closed(order, shipment, simulator)
    _nobody_is_named(partner, placed, order)


def _place(partner: httpx.Client) -> dict[str, Any]:
    key = {"idempotency-key": "journey-0000000001"}

    first = partner.post("/api/v1/orders", json=BODY, headers=key)
    again = partner.post("/api/v1/orders", json=BODY, headers=key)

    assert first.status_code == 201, first.text
    assert (again.status_code, again.json()) == (201, first.json())
    placed: dict[str, Any] = first.json()
    assert (placed["status"], placed["holds"]) == ("confirmed", [])
    assert Order.objects.count() == 1
    return placed


def _is_reserved(order: Order) -> None:
    held = Reservation.objects.filter(demand_ref=order.public_id)
    assert sorted(held.values_list("quantity", "status")) == [(1, "allocated"), (2, "allocated")]


def _release(order: Order) -> WorkOrder:
    relaying.drain()
    work = WorkOrder.objects.get(correlation_id=order.public_id)
    order = Order.objects.get(pk=order.pk)
    assert (order.status, work.status, work.label) == ("released", "open", str(order.number))
    return work


def _pick_and_pack(work: WorkOrder) -> None:
    with acting(actor="staff:rosa"):
        assert floor.claim_next(status="open", limit=5) == [work.public_id]
        floor.pick(work_refs=[work.public_id], picker="rosa")
        assert floor.claim_next(status="picked", limit=5) == [work.public_id]
        floor.pack(work_refs=[work.public_id], packer="rosa")
    work = WorkOrder.objects.get(pk=work.pk)
    assert (work.status, work.picker, work.packer) == ("packed", "rosa", "rosa")
    assert set(Reservation.objects.values_list("status", flat=True)) == {"picked"}


def _labeled_by_the_worker(order: Order) -> Shipment:
    relaying.drain()
    wait_for(
        lambda: LabelIntent.objects.filter(state="bought").exists(),
        seconds=60,
        what="a label bought by the worker",
    )
    relaying.drain()
    shipment = Shipment.objects.get(correlation_id=order.public_id)
    assert (shipment.status, shipment.order_number) == ("labeled", str(order.number))
    assert WorkOrder.objects.get().status == "labeled"
    return shipment


def _label_is_printed(shipment: Shipment) -> None:
    pdf, zpl = (
        labels.get_file(
            shipment_ref=shipment.public_id,
            organization_id=shipment.organization_id,
            file_format=kind,
        )
        for kind in ("pdf", "zpl")
    )
    assert pdf.startswith(b"%PDF-")
    assert zpl.startswith(b"^XA")
    assert b"WILHELMINA QUARTERSTONE" in zpl.upper()


def _hand_over(work: WorkOrder) -> None:
    with acting(actor="staff:rosa"):
        floor.hand_over(work_refs=[work.public_id])
    assert set(Reservation.objects.values_list("status", flat=True)) == {"consumed"}


def _delivered_by_scans(order: Order, shipment: Shipment) -> None:
    def arrived() -> bool:
        relaying.drain()
        return Order.objects.filter(pk=order.pk, delivered_at__isnull=False).exists()

    wait_for(arrived, seconds=90, what="the delivery")
    assert WebhookCall.objects.filter(error_code="", processed_at__isnull=False).exists()
    shipment = Shipment.objects.get(pk=shipment.pk)
    seen = list(TrackingEvent.objects.order_by("occurred_at", "pk").values_list("status", "city"))
    assert shipment.status == "delivered"
    assert seen[-2:] == [("out_for_delivery", "Boston"), ("delivered", "Boston")]
    assert Order.objects.get(pk=order.pk).status == "completed"
    assert FulfillmentOrder.objects.get().status == "closed"


def _everybody_is_told(partner: httpx.Client, placed: dict[str, Any]) -> None:
    told = partner.get(f"/api/v1/orders/{placed['id']}/timeline").json()["results"]
    moves = "carriers.shipment.moved.v1"
    kinds = [entry["kind"] for entry in told]
    assert [kind for kind in kinds if kind != moves] == STORY
    assert kinds.count(moves) >= 1

    seen = partner.get(f"/api/v1/orders/{placed['id']}").json()
    assert (seen["status"], seen["fulfillment"]) == ("completed", "delivered")
    assert [(line["shipped"], line["delivered"]) for line in seen["lines"]] == [(2, 2), (1, 1)]

    page = httpx.get(placed["tracking_url"])
    assert page.status_code == 200
    for words in ("Delivered", "Out for delivery, Boston", "Thing A", placed["number"]):
        assert words in page.text


def _books_are_closed(order: Order, shipment: Shipment, simulator: Simulator) -> None:
    report = ledger.verify()
    assert (report.positions, report.differences) == (2, [])
    assert sorted(StockPosition.objects.values_list("on_hand", "allocated")) == [(8, 0), (9, 0)]
    shipped = StockMovement.objects.filter(kind="shipped").values_list("on_hand_delta", flat=True)
    assert sorted(shipped) == [-2, -1]

    answer = httpx.get(
        f"{simulator.url}/v1/purchases", headers={"authorization": f"Bearer {testing.SECRET}"}
    ).json()
    assert [(p["reference"], p["count"]) for p in answer["purchases"]] == [
        (f"{shipment.public_id}:1", 1)
    ]
    health = outbox.get_health()
    assert (health.pending, health.dead_letters) == (0, 0)


def _nobody_is_named(partner: httpx.Client, placed: dict[str, Any], order: Order) -> None:
    events = json.dumps(list(OutboxEvent.objects.values()), default=str)
    timeline = json.dumps(list(TimelineEntry.objects.values()), default=str)
    page = httpx.get(placed["tracking_url"]).text
    api = partner.get(f"/api/v1/orders/{placed['id']}").text
    for where, text in (("events", events), ("timeline", timeline), ("page", page), ("api", api)):
        assert [word for word in SECRET_WORDS if word.lower() in text.lower()] == [], where

    contact = vault.reveal(contact_id=Contact.objects.get().pk, purpose="test")
    assert (contact.name, contact.lines) == (PERSON["name"], tuple(PERSON["lines"]))
    assert order.ship_to_id == contact.contact_id
