"""Demands that are planned anew: what they hold softly is free again and they wait for nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from inventory.catalog import selectors as catalog
from inventory.models import StockPosition
from inventory.services import backlog, balances, reservations
from inventory.types import DemandAtNode
from oms.core.transactions import needs_transaction


@needs_transaction
def stand_down(
    *, demand_kind: str, demand_ref: str, variant_ids: Collection[int], reason: str
) -> dict[str, datetime]:
    """This function will end what the demand keeps without a node's work, and what it waits for.

    `variant_ids` are all that it will ask for next: every position of them is locked here, before
    the queues, so that asking again takes no lock out of order.

    :returns: since when each line waited, for `BacklogLine.since`.
    """
    wanted = set(variant_ids)
    parts = catalog.components_of(variant_ids=wanted)
    wanted |= {part for pairs in parts.values() for part, _ in pairs}
    positions = StockPosition.objects.filter(variant_id__in=wanted).values_list("pk", flat=True)
    balances.lock_ids(position_ids=list(positions))
    reservations.release_soft(items=[DemandAtNode(demand_kind, demand_ref)], reason=reason)
    since = backlog.waiting_since(demand_kind=demand_kind, demand_ref=demand_ref)
    backlog.cancel(demands=[(demand_kind, demand_ref)])
    return since
