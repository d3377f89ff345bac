"""The proof of the ledger: one statement, so that it sees one moment while stock moves.

Raw because everything is compared at once, in the database, in memory that does not grow with the
tables.
"""

COUNT_LEDGER = """
SELECT (SELECT count(*) FROM inventory_stockposition),
       (SELECT count(*) FROM inventory_stockmovement)
"""

#: Every balance against the sum of its movements and against the rows that explain it: live
#: reservations, lots, allotments; and the summary against the balances. One row per difference,
#: with their number in all. Parameter: how many rows at most.
FIND_DIFFERENCES = """
WITH moved AS (
  SELECT position_id, sum(on_hand_delta) AS on_hand, sum(held_delta) AS held,
         sum(allocated_delta) AS allocated, sum(earmarked_delta) AS earmarked,
         sum(quarantined_delta) AS quarantined, sum(damaged_delta) AS damaged,
         sum(returned_delta) AS returned
  FROM inventory_stockmovement GROUP BY position_id
), live AS (
  SELECT position_id,
         sum(quantity) FILTER (WHERE status IN ('held', 'confirmed')) AS held,
         sum(quantity) FILTER (WHERE status IN ('allocated', 'picked')) AS allocated
  FROM inventory_reservation
  WHERE status IN ('held', 'confirmed', 'allocated', 'picked') AND position_id IS NOT NULL
  GROUP BY position_id
), kept AS (
  SELECT position_id, sum(remaining) AS earmarked
  FROM inventory_channelallotment GROUP BY position_id
), by_lot AS (
  SELECT position_id, sum(on_hand) AS on_hand, sum(allocated) AS allocated,
         sum(quarantined) AS quarantined, sum(damaged) AS damaged, sum(returned) AS returned
  FROM inventory_lotbalance GROUP BY position_id
), lot_moved AS (
  SELECT position_id, lot_id, sum(on_hand_delta) AS on_hand, sum(allocated_delta) AS allocated,
         sum(quarantined_delta) AS quarantined, sum(damaged_delta) AS damaged,
         sum(returned_delta) AS returned
  FROM inventory_stockmovement WHERE lot_id IS NOT NULL GROUP BY position_id, lot_id
), by_serial AS (
  SELECT position_id, count(*) FILTER (WHERE condition = 'on_hand') AS on_hand,
         count(*) FILTER (WHERE condition = 'quarantined') AS quarantined,
         count(*) FILTER (WHERE condition = 'damaged') AS damaged,
         count(*) FILTER (WHERE condition = 'returned') AS returned
  FROM inventory_serial WHERE position_id IS NOT NULL GROUP BY position_id
), summary AS (
  SELECT s.variant_id, f.node_id, f.free
  FROM inventory_stocksummary s, unnest(s.node_ids, s.free) AS f(node_id, free)
), found AS (
  SELECT p.id, p.node_id, p.variant_id, c.balance, c.source, c.stored, c.expected
  FROM inventory_stockposition p
  LEFT JOIN moved m ON m.position_id = p.id
  LEFT JOIN live l ON l.position_id = p.id
  LEFT JOIN kept k ON k.position_id = p.id
  LEFT JOIN summary s ON s.variant_id = p.variant_id AND s.node_id = p.node_id
  CROSS JOIN LATERAL (VALUES
    ('on_hand', 'movements', p.on_hand, coalesce(m.on_hand, 0)),
    ('held', 'movements', p.held, coalesce(m.held, 0)),
    ('allocated', 'movements', p.allocated, coalesce(m.allocated, 0)),
    ('earmarked', 'movements', p.earmarked, coalesce(m.earmarked, 0)),
    ('quarantined', 'movements', p.quarantined, coalesce(m.quarantined, 0)),
    ('damaged', 'movements', p.damaged, coalesce(m.damaged, 0)),
    ('returned', 'movements', p.returned, coalesce(m.returned, 0)),
    ('held', 'reservations', p.held, coalesce(l.held, 0)),
    ('allocated', 'reservations', p.allocated, coalesce(l.allocated, 0)),
    ('earmarked', 'allotments', p.earmarked, coalesce(k.earmarked, 0)),
    ('free', 'summary', p.on_hand - p.held - p.allocated - p.earmarked - p.safety_stock
       + p.oversell_limit, s.free)
  ) AS c(balance, source, stored, expected)
  WHERE c.stored IS DISTINCT FROM c.expected
  UNION ALL
  SELECT p.id, p.node_id, p.variant_id, c.balance, 'lots', c.stored, c.expected
  FROM inventory_stockposition p
  JOIN catalog_variant v ON v.id = p.variant_id AND v.tracking = 'lot'
  LEFT JOIN by_lot t ON t.position_id = p.id
  CROSS JOIN LATERAL (VALUES
    ('on_hand', p.on_hand, coalesce(t.on_hand, 0)),
    ('allocated', p.allocated, coalesce(t.allocated, 0)),
    ('quarantined', p.quarantined, coalesce(t.quarantined, 0)),
    ('damaged', p.damaged, coalesce(t.damaged, 0)),
    ('returned', p.returned, coalesce(t.returned, 0))
  ) AS c(balance, stored, expected)
  WHERE c.stored <> c.expected
  UNION ALL
  SELECT p.id, p.node_id, p.variant_id, c.balance, 'serial numbers', c.stored, c.expected
  FROM inventory_stockposition p
  JOIN catalog_variant v ON v.id = p.variant_id AND v.tracking = 'serial'
  LEFT JOIN by_serial n ON n.position_id = p.id
  CROSS JOIN LATERAL (VALUES
    ('on_hand', p.on_hand, coalesce(n.on_hand, 0)),
    ('quarantined', p.quarantined, coalesce(n.quarantined, 0)),
    ('damaged', p.damaged, coalesce(n.damaged, 0)),
    ('returned', p.returned, coalesce(n.returned, 0))
  ) AS c(balance, stored, expected)
  WHERE c.stored <> c.expected
  UNION ALL
  SELECT p.id, p.node_id, p.variant_id, c.balance, 'movements of a lot', c.stored, c.expected
  FROM inventory_lotbalance b
  JOIN inventory_stockposition p ON p.id = b.position_id
  LEFT JOIN lot_moved m ON m.position_id = b.position_id AND m.lot_id = b.lot_id
  CROSS JOIN LATERAL (VALUES
    ('on_hand', b.on_hand, coalesce(m.on_hand, 0)),
    ('allocated', b.allocated, coalesce(m.allocated, 0)),
    ('quarantined', b.quarantined, coalesce(m.quarantined, 0)),
    ('damaged', b.damaged, coalesce(m.damaged, 0)),
    ('returned', b.returned, coalesce(m.returned, 0))
  ) AS c(balance, stored, expected)
  WHERE c.stored <> c.expected
)
SELECT id, node_id, variant_id, balance, source, stored, expected, count(*) OVER ()
FROM found ORDER BY id, balance, source LIMIT %s
"""
