"""What stock does when stock moved: tell the channels, serve those who wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from inventory.catalog.events import VariantSwitched
from inventory.events import (
    BackorderQueued,
    StockAdjusted,
    StockReceived,
    StockReleased,
    StockReserved,
)
from inventory.nodes.events import NodeSwitched
from inventory.selectors import stock
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


@subscribe(VariantSwitched, consumer="inventory.variants_on_sale", batch_size=500)
def on_variant_switched(facts: Sequence[Delivered[VariantSwitched]]) -> None:
    publishing.refresh(variant_ids={fact.event.variant_id for fact in facts})


@subscribe(NodeSwitched, consumer="inventory.nodes_in_service", batch_size=50)
def on_node_switched(facts: Sequence[Delivered[NodeSwitched]]) -> None:
    """What lies there can be sold now, or not any more; some may have waited for it."""
    switched: dict[int, set[int]] = defaultdict(set)
    for fact in facts:
        switched[fact.event.organization_id].add(fact.event.node_id)
    for organization_id, node_ids in sorted(switched.items()):
        variant_ids = stock.variants_at(organization_id=organization_id, node_ids=node_ids)
        publishing.refresh(variant_ids=variant_ids)
        filling.fill_free(variant_ids=variant_ids)


@subscribe(StockReleased, BackorderQueued, consumer="inventory.backlog", batch_size=200)
def on_free(facts: Sequence[Delivered[StockReleased | BackorderQueued]]) -> None:
    """Given back is not arrived, and who waits since a moment ago may have missed an arrival."""
    filling.fill_free(variant_ids={v for fact in facts for v in fact.event.variant_ids})
