from carriers.models.account import (
    AccountAllowance,
    Carrier,
    CarrierAccount,
    Rate,
    RateSheet,
    Service,
)
from carriers.models.shipment import (
    LabelFile,
    LabelIntent,
    Shipment,
    ShipmentStatusChange,
    TrackingEvent,
    WebhookCall,
)

__all__ = [
    "AccountAllowance",
    "Carrier",
    "CarrierAccount",
    "LabelFile",
    "LabelIntent",
    "Rate",
    "RateSheet",
    "Service",
    "Shipment",
    "ShipmentStatusChange",
    "TrackingEvent",
    "WebhookCall",
]
