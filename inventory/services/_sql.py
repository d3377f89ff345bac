"""The statements stock rests on, each one for any number of rows.

Raw because the lock order and the guard must be seen, not guessed from an ORM's output: rows are
locked by (node, variant), so that no two plans wait for each other, and NO KEY so that a foreign
key check of a neighbor does not wait either.
"""

_COLUMNS = """
p.id, p.node_id, p.variant_id, v.organization_id, p.on_hand, p.held, p.allocated,
p.quarantined, p.damaged, p.safety_stock, p.oversell_limit
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

#: The same, and where the demands hold something now. Parameters: nodes, variants, kinds, refs.
LOCK_PLACES_AND_HOLDS = f"""
SELECT {_COLUMNS}
FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
WHERE p.id IN (
  SELECT q.id FROM unnest(%s::bigint[], %s::bigint[]) AS d(node_id, variant_id)
  JOIN inventory_stockposition q ON q.node_id = d.node_id AND q.variant_id = d.variant_id
  UNION
  SELECT r.position_id FROM unnest(%s::text[], %s::text[]) AS d(kind, ref)
  JOIN inventory_reservation r ON r.demand_kind = d.kind AND r.demand_ref = d.ref
  WHERE r.status IN ('held', 'confirmed') AND r.position_id IS NOT NULL
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

#: What is newly promised (held + allocated) must be free; all else the CHECKs of the table hold.
GUARD = """
AND (d.held + d.allocated <= 0
     OR p.on_hand - p.held - p.allocated - p.safety_stock + p.oversell_limit
        >= d.held + d.allocated)
"""

#: One UPDATE with the summed deltas of each position. `{guard}` is GUARD.
ADD_DELTAS = """
UPDATE inventory_stockposition AS p SET
  on_hand = p.on_hand + d.on_hand,
  held = p.held + d.held,
  allocated = p.allocated + d.allocated,
  quarantined = p.quarantined + d.quarantined,
  damaged = p.damaged + d.damaged
FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[])
  AS d(id, on_hand, held, allocated, quarantined, damaged)
WHERE p.id = d.id {guard}
"""

#: Rows for places that have none; unknown nodes and variants are left out. Parameters: nodes,
#: variants. Existing places are filtered first so that a receipt does not burn sequence numbers.
ADD_PLACES = """
INSERT INTO inventory_stockposition
  (node_id, variant_id, on_hand, held, allocated, quarantined, damaged,
   safety_stock, oversell_limit)
SELECT n.id, v.id, 0, 0, 0, 0, 0, 0, 0
FROM unnest(%s::bigint[], %s::bigint[]) AS d(node_id, variant_id)
JOIN nodes_node n ON n.id = d.node_id
JOIN catalog_variant v ON v.id = d.variant_id
WHERE NOT EXISTS (
  SELECT 1 FROM inventory_stockposition p WHERE p.node_id = n.id AND p.variant_id = v.id
)
ORDER BY n.id, v.id
ON CONFLICT (node_id, variant_id) DO NOTHING
"""

COUNT_LEDGER = """
SELECT (SELECT count(*) FROM inventory_stockposition),
       (SELECT count(*) FROM inventory_stockmovement)
"""

#: Every balance against the sum of its movements, and the promised ones against the rows that
#: explain them. One row per difference.
FIND_DIFFERENCES = """
WITH moved AS (
  SELECT position_id, sum(on_hand_delta) AS on_hand, sum(held_delta) AS held,
         sum(allocated_delta) AS allocated, sum(quarantined_delta) AS quarantined,
         sum(damaged_delta) AS damaged
  FROM inventory_stockmovement GROUP BY position_id
), live AS (
  SELECT position_id,
         sum(quantity) FILTER (WHERE status IN ('held', 'confirmed')) AS held,
         sum(quantity) FILTER (WHERE status IN ('allocated', 'picked')) AS allocated
  FROM inventory_reservation
  WHERE status IN ('held', 'confirmed', 'allocated', 'picked') AND position_id IS NOT NULL
  GROUP BY position_id
)
SELECT p.id, p.node_id, p.variant_id, c.balance, c.source, c.stored, c.expected
FROM inventory_stockposition p
LEFT JOIN moved m ON m.position_id = p.id
LEFT JOIN live l ON l.position_id = p.id
CROSS JOIN LATERAL (VALUES
  ('on_hand', 'movements', p.on_hand, coalesce(m.on_hand, 0)),
  ('held', 'movements', p.held, coalesce(m.held, 0)),
  ('allocated', 'movements', p.allocated, coalesce(m.allocated, 0)),
  ('quarantined', 'movements', p.quarantined, coalesce(m.quarantined, 0)),
  ('damaged', 'movements', p.damaged, coalesce(m.damaged, 0)),
  ('held', 'reservations', p.held, coalesce(l.held, 0)),
  ('allocated', 'reservations', p.allocated, coalesce(l.allocated, 0))
) AS c(balance, source, stored, expected)
WHERE c.stored <> c.expected
ORDER BY p.id, c.balance, c.source
"""
