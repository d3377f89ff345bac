"""What every event about a shipment says of it, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from carriers.models import LabelIntent, Shipment
from oms.core import clock


def about(shipment: Shipment) -> dict[str, Any]:
    """This function will return the fields that all events of a shipment share, but the time."""
    return {
        "organization_id": shipment.organization_id,
        "shipment_ref": shipment.public_id,
        "demand_kind": shipment.demand_kind,
        "demand_ref": shipment.demand_ref,
        "order_ref": shipment.correlation_id,
        "parcel_ref": shipment.parcel_ref,
    }


def label_time(intent: LabelIntent) -> datetime:
    """This function will return the business time of what happens to a label now.

    A parcel recorded from the past gets its label at the time it was packed, not today.
    """
    packed_at = intent.shipment.created_at
    return packed_at if intent.is_instant else max(packed_at, clock.now())
