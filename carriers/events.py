"""Facts about shipments; `demand_ref` is the fulfillment order, `order_ref` the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class _ShipmentEvent(Event):
    AGGREGATE: ClassVar[str] = "shipment"
    AGGREGATE_FIELD: ClassVar[str] = "shipment_ref"
    CORRELATION_FIELD: ClassVar[str] = "order_ref"

    shipment_ref: str
    demand_kind: str
    demand_ref: str
    order_ref: str
    parcel_ref: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class LabelRequested(_ShipmentEvent):
    """An intent row stands; a handler wakes the label workers."""

    NAME: ClassVar[str] = "carriers.label.requested.v1"


@dataclass(frozen=True, kw_only=True)
class LabelBought(_ShipmentEvent):
    NAME: ClassVar[str] = "carriers.label.bought.v1"

    tracking_number: str
    service_code: str
    cost_amount: str
    cost_currency: str


@dataclass(frozen=True, kw_only=True)
class LabelRefused(_ShipmentEvent):
    NAME: ClassVar[str] = "carriers.label.refused.v1"

    error_code: str


@dataclass(frozen=True, kw_only=True)
class LabelInDoubt(_ShipmentEvent):
    NAME: ClassVar[str] = "carriers.label.in_doubt.v1"


@dataclass(frozen=True, kw_only=True)
class ShipmentHandedOver(_ShipmentEvent):
    NAME: ClassVar[str] = "carriers.shipment.handed_over.v1"


@dataclass(frozen=True, kw_only=True)
class ShipmentMoved(_ShipmentEvent):
    """Its status changed on the way: in_transit, out_for_delivery, exception, returning…"""

    NAME: ClassVar[str] = "carriers.shipment.moved.v1"

    status: str
    city: str
    region: str
    country: str


@dataclass(frozen=True, kw_only=True)
class ShipmentScanned(_ShipmentEvent):
    """The carrier saw it again and its status stayed: the story grew."""

    NAME: ClassVar[str] = "carriers.shipment.scanned.v1"


@dataclass(frozen=True, kw_only=True)
class ShipmentDelivered(_ShipmentEvent):
    NAME: ClassVar[str] = "carriers.shipment.delivered.v1"

    city: str
    region: str


@dataclass(frozen=True, kw_only=True)
class ShipmentLost(_ShipmentEvent):
    NAME: ClassVar[str] = "carriers.shipment.lost.v1"


@dataclass(frozen=True, kw_only=True)
class ShipmentReturned(_ShipmentEvent):
    """Back at the sender."""

    NAME: ClassVar[str] = "carriers.shipment.returned.v1"
