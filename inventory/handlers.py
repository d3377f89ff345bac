"""What stock does when stock moved: tell the channels."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.events import StockAdjusted, StockReceived, StockReleased, StockReserved
from inventory.services import publishing
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
