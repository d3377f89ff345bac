"""Nodes that an order is not routed to any more."""

from __future__ import annotations

from collections.abc import Collection

from oms.core import bulk, clock
from oms.core.context import current
from oms.core.transactions import needs_transaction
from orders.models import NodeExclusion


@needs_transaction
def exclude(*, places: Collection[tuple[int, int]], reason: str, is_refusal: bool = False) -> None:
    """This function will keep orders from nodes, by (order, node); what is excluded stays so."""
    now, actor = clock.now(), current().actor
    bulk.insert_rows(
        NodeExclusion,
        [
            {
                "order_id": order_id,
                "node_id": node_id,
                "reason": reason[:200],
                "author": actor,
                "is_refusal": is_refusal,
                "created_at": now,
            }
            for order_id, node_id in sorted(set(places))
        ],
        on_conflict="ON CONFLICT (order_id, node_id) DO NOTHING",
    )
