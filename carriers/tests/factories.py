"""Parcels ready for the carriers, with a recipient in the vault."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from carriers.adapters.base import TrackingScan, TrackingStatus
from carriers.models import Shipment
from carriers.services import shipments
from carriers.types import ShipmentDraft
from oms.core import clock, ids
from oms.core.transactions import unit
from oms.infra.contacts.services import vault

ORIGIN = {
    "name": "Memphis Warehouse",
    "street": "1 Dock Road",
    "city": "Memphis",
    "region": "TN",
    "postcode": "38118",
    "country": "US",
    "latitude": 35.1,
    "longitude": -90.0,
}
PERSON = "Ada Quillfeather"
STREET = "12 Planted Lane"
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def contacts(organization_id: int, count: int, city: str = "Denver") -> list[int]:
    with unit():
        subjects = vault.create_subjects(organization_id=organization_id, count=count)
        return vault.store_many(
            drafts=[
                vault.ContactDraft(
                    subject_id=subject,
                    country="US",
                    city=city,
                    region="CO",
                    postcode="80202",
                    lines=(STREET,),
                    name=PERSON,
                    latitude=39.74,
                    longitude=-104.99,
                )
                for subject in subjects
            ]
        )


def draft(organization_id: int, contact_id: int, **changes: Any) -> ShipmentDraft:
    given: dict[str, Any] = {
        "organization_id": organization_id,
        "demand_kind": "fulfillment_order",
        "demand_ref": ids.public_id("ful"),
        "parcel_ref": ids.public_id("pcl"),
        "correlation_id": ids.public_id("ord"),
        "order_number": "1001",
        "service_code": "sandbox_ground",
        "contact_id": contact_id,
        "origin": ORIGIN,
        "origin_code": "memphis",
        "weight_g": 1200,
        "length_mm": 300,
        "width_mm": 200,
        "height_mm": 100,
        "promised_on": date(2026, 3, 6),
        "at": clock.now(),
    }
    return ShipmentDraft(**{**given, **changes})


def create(
    organization_id: int, count: int = 1, *, city: str = "Denver", **changes: Any
) -> list[Shipment]:
    """This function will record `count` shipments whose labels are due."""
    people = contacts(organization_id, count, city)
    with unit():
        refs = shipments.create_many(
            drafts=[draft(organization_id, person, **changes) for person in people]
        )
    return list(Shipment.objects.filter(public_id__in=refs).order_by("pk"))


def labeled(organization_id: int, count: int = 1) -> list[Shipment]:
    """This function will record shipments as if their labels had been bought."""
    made = create(organization_id, count)
    for number, shipment in enumerate(made):
        Shipment.objects.filter(pk=shipment.pk).update(
            status="labeled", tracking_number=f"TRK{shipment.pk:06d}{number}"
        )
    return list(Shipment.objects.filter(pk__in=[s.pk for s in made]).order_by("pk"))


def hand_over(*parcels: Shipment, at: datetime = START) -> None:
    with unit():
        shipments.hand_over(parcel_refs=[s.parcel_ref for s in parcels], at=at)


def scan(
    number: str, status: TrackingStatus, hours: float = 1, key: str = "", **changes: Any
) -> TrackingScan:
    given: dict[str, Any] = {
        "tracking_number": number,
        "event_key": key or f"{number}-{status}-{hours}",
        "carrier_code": "X",
        "status": status,
        "occurred_at": START + timedelta(hours=hours),
        "city": "Denver",
        "region": "CO",
        "country": "US",
    }
    return TrackingScan(**{**given, **changes})


def fresh(shipment: Shipment) -> Shipment:
    """This function will read a shipment again; its protected status forbids refreshing it."""
    return Shipment.objects.get(pk=shipment.pk)
