"""What can be sold, where, now: only at nodes allowed to the seller, never below zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from inventory.types import Availability
from oms.core import clock

#: Holds past their time count as free before the sweep has tidied them.
_AVAILABLE = """
SELECT p.variant_id, p.node_id, p.on_hand,
  GREATEST(0, p.on_hand - p.held - p.allocated - p.earmarked - p.safety_stock + p.oversell_limit
              + coalesce(e.quantity, 0))::int
FROM unnest(%(variants)s::bigint[]) AS d(variant_id)
JOIN catalog_variant v ON v.id = d.variant_id AND v.organization_id = %(organization)s
JOIN inventory_stockposition p ON p.variant_id = v.id
JOIN nodes_node n ON n.id = p.node_id AND n.is_active
JOIN nodes_nodeallowance a ON a.node_id = n.id AND a.organization_id = v.organization_id
LEFT JOIN (
  SELECT position_id, sum(quantity) AS quantity FROM inventory_reservation
  WHERE status = 'held' AND expires_at <= %(now)s GROUP BY position_id
) e ON e.position_id = p.id
WHERE %(nodes)s::bigint[] IS NULL OR p.node_id = ANY(%(nodes)s::bigint[])
ORDER BY p.variant_id, p.node_id
"""


def list_for(
    *,
    organization_id: int,
    variant_ids: Sequence[int],
    node_ids: Sequence[int] | None = None,
) -> list[Availability]:
    """This function will return what each allowed node can sell of the variants, in one statement.

    Ordered by variant and node; a place without a position is left out. `node_ids` narrows it.
    """
    params: dict[str, Any] = {
        "variants": sorted(set(variant_ids)),
        "organization": organization_id,
        "nodes": None if node_ids is None else sorted(set(node_ids)),
        "now": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_AVAILABLE, params)
        return [Availability(*row) for row in cursor.fetchall()]
