"""What stock does when stock moved: tell the channels, serve those who wait."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.events import (
    BackorderQueued,
    StockAdjusted,
    StockReceived,
    StockReleased,
    StockReserved,
)
from inventory.services import filling, publishing
from oms.infra.outbox.subscriptions import Delivered, subscribe

_Moved = StockReserved | StockReleased | StockReceived | StockAdjusted


@subscribe(
    StockReserved,
    StockReleased,
    StockReceived,
    StockAdjusted,
    consumer="inventory.availability_feed",
    batch_size=500,
)
def on_stock_moved(facts: Sequence[Delivered[_Moved]]) -> None:
    publishing.refresh(variant_ids={v for fact in facts for v in fact.event.variant_ids})


@subscribe(StockReleased, BackorderQueued, consumer="inventory.backlog", batch_size=200)
def on_free(facts: Sequence[Delivered[StockReleased | BackorderQueued]]) -> None:
    """Given back is not arrived, and who waits since a moment ago may have missed an arrival."""
    filling.fill_free(variant_ids={v for fact in facts for v in fact.event.variant_ids})
