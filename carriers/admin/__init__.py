"""Staff pages of carriers: accounts and prices people own, shipments that services move."""

from carriers.admin.network import CarrierAdmin, RateSheetAdmin, ServiceAdmin
from carriers.admin.shipments import LabelIntentAdmin, ShipmentAdmin, TrackingEventAdmin

__all__ = [
    "CarrierAdmin",
    "LabelIntentAdmin",
    "RateSheetAdmin",
    "ServiceAdmin",
    "ShipmentAdmin",
    "TrackingEventAdmin",
]
