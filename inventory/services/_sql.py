"""The statements stock rests on, each one for any number of rows.

Raw because the lock order and the guard must be seen, not guessed from an ORM's output: rows are
locked by (node, variant), so that no two plans wait for each other, and NO KEY so that a foreign
key check of a neighbor does not wait either. The hottest are functions of the database
(`migrations/0002_functions.py`), which keeps their plans.
"""

#: Locks what a taking touches and tells what stands there, as one JSON object: `places`, `own`
#: (live reservations of the demands), `allotments`, `rules`, `lots`. Parameters: nodes, variants,
#: demands.
LOOK = "SELECT inventory_look(%s::bigint[], %s::bigint[], %s::json)"

#: Books a batch. Parameters: deltas, taken, moved, lots, allotments, facts (each JSON or NULL).
BOOK = "SELECT inventory_book(%s::json, %s::json, %s::json, %s::json, %s::json, %s::json)"

#: Takes a batch where there is enough for everybody, or says false. Parameters: of each place
#: organization, node, variant, units; the demands (JSON); of each leg place (counted from 1),
#: quantity, public id, kind, reference, line, channel, day needed, actor, time; then cause and
#: facts (JSON).
TAKE_PLENTY = """
SELECT inventory_take_plenty(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::json,
  %s::int[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::date[],
  %s::text[], %s::timestamptz[], %s, %s::json)
"""

#: Of the two functions above: promised units were not free.
STOCK_CHANGED = "OM001"

_COLUMNS = """
p.id, p.node_id, p.variant_id, v.organization_id, p.on_hand, p.held, p.allocated, p.earmarked,
p.quarantined, p.damaged, p.returned, p.safety_stock, p.oversell_limit, v.tracking
"""

_IN_ORDER = "ORDER BY p.node_id, p.variant_id FOR NO KEY UPDATE OF p"

#: Positions by (node, variant). Parameters: nodes, variants.
LOCK_PLACES = f"""
SELECT {_COLUMNS}
FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
WHERE p.id IN (
  SELECT q.id FROM unnest(%s::bigint[], %s::bigint[]) AS d(node_id, variant_id)
  JOIN inventory_stockposition q ON q.node_id = d.node_id AND q.variant_id = d.variant_id
)
{_IN_ORDER}
"""

#: Positions of live reservations. Parameters: kinds, refs, nodes (NULL = any node).
LOCK_DEMANDS = f"""
SELECT {_COLUMNS}
FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
WHERE p.id IN (
  SELECT q.id FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS d(kind, ref, node_id)
  JOIN inventory_reservation r ON r.demand_kind = d.kind AND r.demand_ref = d.ref
  JOIN inventory_stockposition q ON q.id = r.position_id
  WHERE r.status IN ('held', 'confirmed', 'allocated', 'picked')
    AND (d.node_id IS NULL OR d.node_id = q.node_id)
)
{_IN_ORDER}
"""

#: Parameters: position ids.
LOCK_IDS = f"""
SELECT {_COLUMNS}
FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
WHERE p.id = ANY(%s::bigint[])
{_IN_ORDER}
"""

#: Holds that ran out at locked positions, the oldest first, as many as are needed to free so many
#: units. Parameters: positions, units needed, now.
EXPIRED = """
SELECT x.id FROM (
  SELECT r.id, r.quantity, d.units,
         sum(r.quantity) OVER (PARTITION BY r.position_id ORDER BY r.expires_at, r.id) AS freed
  FROM unnest(%s::bigint[], %s::int[]) AS d(position_id, units)
  JOIN inventory_stockposition p ON p.id = d.position_id
  JOIN inventory_reservation r ON r.variant_id = p.variant_id AND r.position_id = p.id
  WHERE r.status = 'held' AND r.expires_at <= %s
) x
WHERE x.freed - x.quantity < x.units
ORDER BY x.id
"""

#: Units that the winning safety rule keeps back of variant v (of product c) at node n.
SAFETY_STOCK = """
  coalesce((
    SELECT r.quantity FROM inventory_safetyrule r
    WHERE r.node_id = n.id AND (r.variant_id = v.id
      OR (r.variant_id IS NULL AND r.category IN ('', c.category)))
    ORDER BY r.variant_id NULLS LAST, r.category = '' LIMIT 1
  ), 0)
"""

#: The most that the winning selling rule of any channel lets it oversell variant v at a node.
OVERSELL_LIMIT = """
  coalesce((
    SELECT max(s.oversell_limit) FROM inventory_sellingrule s
    WHERE s.organization_id = v.organization_id
      AND (s.variant_id = v.id OR (s.variant_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM inventory_sellingrule t
        WHERE t.organization_id = v.organization_id AND t.variant_id = v.id
          AND t.channel IN (s.channel, ''))))
  ), 0)
"""

#: Rows for places that have none, with the limits that the rules give them; kits, unknown nodes
#: and unknown variants are left out. Parameters: nodes, variants. Existing places are filtered
#: first so that a receipt does not burn sequence numbers.
ADD_PLACES = f"""
INSERT INTO inventory_stockposition
  (node_id, variant_id, on_hand, held, allocated, earmarked, quarantined, damaged, returned,
   safety_stock, oversell_limit)
SELECT n.id, v.id, 0, 0, 0, 0, 0, 0, 0, {SAFETY_STOCK}, {OVERSELL_LIMIT}
FROM unnest(%s::bigint[], %s::bigint[]) AS d(node_id, variant_id)
JOIN nodes_node n ON n.id = d.node_id
JOIN catalog_variant v ON v.id = d.variant_id
JOIN catalog_product c ON c.id = v.product_id
WHERE NOT EXISTS (
  SELECT 1 FROM inventory_stockposition p WHERE p.node_id = n.id AND p.variant_id = v.id
) AND NOT EXISTS (
  SELECT 1 FROM catalog_kitcomponent k WHERE k.kit_id = v.id
)
ORDER BY n.id, v.id
ON CONFLICT (node_id, variant_id) DO NOTHING
"""
