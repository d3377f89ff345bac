"""Our types to the sandbox carrier's JSON and back; an unknown scan code is `unknown`, never an
error."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from carriers.adapters.base import (
    Address,
    LabelRequest,
    LabelResult,
    ManifestResult,
    Quote,
    TrackingScan,
    TrackingStatus,
)

STATUS_BY_CODE: Final[Mapping[str, TrackingStatus]] = {
    "LC": TrackingStatus.PRE_TRANSIT,
    "PU": TrackingStatus.ACCEPTED,
    "DP": TrackingStatus.IN_TRANSIT,
    "AR": TrackingStatus.IN_TRANSIT,
    "OD": TrackingStatus.OUT_FOR_DELIVERY,
    "AP": TrackingStatus.AVAILABLE_FOR_PICKUP,
    "DA": TrackingStatus.DELIVERY_ATTEMPTED,
    "EX": TrackingStatus.EXCEPTION,
    "DL": TrackingStatus.DELIVERED,
    "RS": TrackingStatus.RETURNING,
    "RD": TrackingStatus.RETURNED,
    "LO": TrackingStatus.LOST,
}
#: What a body of the wrong shape raises while it is read.
SHAPE_ERRORS: Final = (
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    InvalidOperation,
    OverflowError,
    binascii.Error,
)


def address_to_wire(address: Address) -> dict[str, Any]:
    return {
        "name": address.name,
        "company": address.company,
        "phone": address.phone,
        "mail": address.mail,
        "lines": list(address.lines),
        "city": address.city,
        "region": address.region,
        "postcode": address.postcode,
        "country": address.country,
        "latitude": address.latitude,
        "longitude": address.longitude,
    }


def label_to_wire(request: LabelRequest) -> dict[str, Any]:
    return {
        "reference": request.reference,
        "service": request.service_code,
        "origin": address_to_wire(request.origin),
        "destination": address_to_wire(request.destination),
        "weight_g": request.weight_g,
        "length_mm": request.length_mm,
        "width_mm": request.width_mm,
        "height_mm": request.height_mm,
        "ship_at": request.ship_at.isoformat(),
        "order_number": request.order_number,
        "promised_on": request.promised_on.isoformat() if request.promised_on else None,
        "instant": request.is_instant,
    }


def label_from_wire(body: Mapping[str, Any]) -> LabelResult:
    return LabelResult(
        tracking_number=str(body["tracking_number"]),
        cost=Decimal(str(body["cost"])),
        currency=str(body["currency"]),
        label_pdf=base64.b64decode(body["label_pdf"], validate=True),
        label_zpl=base64.b64decode(body["label_zpl"], validate=True),
        carrier_reference=str(body["id"]),
    )


def quote_from_wire(body: Mapping[str, Any]) -> Quote:
    return Quote(
        service_code=str(body["service"]),
        cost=Decimal(str(body["cost"])),
        currency=str(body["currency"]),
        transit_days=int(body["transit_days"]),
    )


def manifest_from_wire(body: Mapping[str, Any]) -> ManifestResult:
    return ManifestResult(
        reference=str(body["manifest_id"]),
        accepted=tuple(str(number) for number in body["accepted"]),
        refused=tuple(str(number) for number in body["refused"]),
    )


def scans_from_wire(body: Mapping[str, Any]) -> list[TrackingScan]:
    return [_scan(item) for item in body["scans"]]


def _scan(item: Mapping[str, Any]) -> TrackingScan:
    occurred_at = datetime.fromisoformat(item["occurred_at"])
    if occurred_at.tzinfo is None:
        raise ValueError("a scan needs a time zone")
    place = item.get("place") or {}
    code = str(item["code"])
    return TrackingScan(
        tracking_number=str(item["tracking_number"]),
        event_key=str(item["id"]),
        carrier_code=code,
        status=STATUS_BY_CODE.get(code, TrackingStatus.UNKNOWN),
        occurred_at=occurred_at.astimezone(UTC),
        city=str(place.get("city") or ""),
        region=str(place.get("region") or ""),
        country=str(place.get("country") or ""),
        latitude=_coordinate(place.get("latitude")),
        longitude=_coordinate(place.get("longitude")),
    )


def _coordinate(value: Any) -> float | None:
    return None if value is None else float(value)
