from inventory.models.counts import CountLine, StockCount, StockCountStatusChange
from inventory.models.lots import Lot, LotBalance, Serial
from inventory.models.policies import ChannelAllotment, SafetyRule, SellingRule
from inventory.models.recalls import Recall, RecallItem
from inventory.models.reservation import Reservation, ReservationStatusChange
from inventory.models.stock import StockMovement, StockPosition, StockSummary
from inventory.models.supply import Backorder, InboundSupply
from inventory.models.syncing import (
    Drift,
    DriftReport,
    PublishedAvailability,
    SyncMessage,
    SyncSource,
)

__all__ = [
    "Backorder",
    "ChannelAllotment",
    "CountLine",
    "Drift",
    "DriftReport",
    "InboundSupply",
    "Lot",
    "LotBalance",
    "PublishedAvailability",
    "Recall",
    "RecallItem",
    "Reservation",
    "ReservationStatusChange",
    "SafetyRule",
    "SellingRule",
    "Serial",
    "StockCount",
    "StockCountStatusChange",
    "StockMovement",
    "StockPosition",
    "StockSummary",
    "SyncMessage",
    "SyncSource",
]
