"""What inventory does when stock came free: load, one service call."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.events import BackorderQueued, StockReleased
from inventory.services import filling
from oms.infra.outbox.subscriptions import Delivered, subscribe


@subscribe(StockReleased, BackorderQueued, consumer="inventory.backlog", batch_size=200)
def on_free(facts: Sequence[Delivered[StockReleased | BackorderQueued]]) -> None:
    """Given back is not arrived, and who waits since a moment ago may have missed an arrival."""
    filling.fill_free(variant_ids={v for fact in facts for v in fact.event.variant_ids})
