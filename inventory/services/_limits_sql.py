"""Brings positions up to the rules that people set."""

from inventory.services import _sql

#: Safety stock and oversell limits of the positions that differ from the rules: all of them, or
#: none where one has oversold more than it still may, which are returned. Rows are locked in the
#: order of every taking. Parameters: nodes, variants, organizations (each NULL = any), most rows.
SET_LIMITS = f"""
WITH rules AS MATERIALIZED (
  SELECT p.id, {_sql.SAFETY_STOCK} AS safety_stock, {_sql.OVERSELL_LIMIT} AS oversell_limit
  FROM inventory_stockposition p
  JOIN nodes_node n ON n.id = p.node_id
  JOIN catalog_variant v ON v.id = p.variant_id
  JOIN catalog_product c ON c.id = v.product_id
  WHERE (%(nodes)s::bigint[] IS NULL OR p.node_id = ANY(%(nodes)s::bigint[]))
    AND (%(variants)s::bigint[] IS NULL OR p.variant_id = ANY(%(variants)s::bigint[]))
    AND (%(owners)s::bigint[] IS NULL OR v.organization_id = ANY(%(owners)s::bigint[]))
), stale AS MATERIALIZED (
  SELECT p.id, p.node_id, p.variant_id, r.safety_stock, r.oversell_limit,
    p.held + p.allocated + p.earmarked - p.on_hand AS oversold
  FROM inventory_stockposition p JOIN rules r ON r.id = p.id
  WHERE (p.safety_stock, p.oversell_limit) <> (r.safety_stock, r.oversell_limit)
  ORDER BY p.node_id, p.variant_id FOR NO KEY UPDATE OF p
), blocked AS MATERIALIZED (
  SELECT * FROM stale s WHERE s.oversold > s.oversell_limit
), done AS (
  UPDATE inventory_stockposition p
  SET safety_stock = s.safety_stock, oversell_limit = s.oversell_limit
  FROM stale s WHERE s.id = p.id AND NOT EXISTS (SELECT 1 FROM blocked)
)
SELECT id, node_id, variant_id, oversold, oversell_limit FROM blocked
ORDER BY node_id, variant_id LIMIT %(most)s
"""
