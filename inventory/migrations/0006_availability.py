"""Availability of many variants over many nodes in one call that reads one row a variant."""

from django.db import migrations

FORWARD = """
CREATE INDEX inventory_oversellable ON inventory_stockposition (variant_id)
  WHERE oversell_limit > 0;

-- `nodes`: where the organization may sell. `places` and `free`: the arrays of each variant's
-- summary, one after the other, in the binary form of arrays. `corrections`: [variant, node, units]
-- to add: holds that ran out, the channel's own reserve; to take off: oversell that the channel has
-- not, lots and serial numbers that are blocked or not good until the day.
CREATE FUNCTION inventory_available(
  p_organization bigint, p_variants bigint[], p_channel text, p_day date, p_now timestamptz,
  OUT nodes bigint[], OUT variants bigint[], OUT places bytea, OUT free bytea, OUT corrections json)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  SELECT array_agg(n.id ORDER BY n.id) INTO nodes
  FROM nodes_nodeallowance a JOIN nodes_node n ON n.id = a.node_id
  WHERE a.organization_id = p_organization AND n.is_active;
  SELECT array_agg(s.variant_id ORDER BY s.variant_id),
         string_agg(array_send(s.node_ids), ''::bytea ORDER BY s.variant_id),
         string_agg(array_send(s.free), ''::bytea ORDER BY s.variant_id)
  INTO variants, places, free
  FROM inventory_stocksummary s JOIN catalog_variant v ON v.id = s.variant_id
  WHERE s.variant_id = ANY(p_variants) AND v.organization_id = p_organization;
  SELECT json_agg(json_build_array(c.variant_id, c.node_id, c.units)) INTO corrections
  FROM (
    SELECT p.variant_id, p.node_id, r.quantity AS units
    FROM inventory_reservation r JOIN inventory_stockposition p ON p.id = r.position_id
    WHERE r.variant_id = ANY(variants) AND r.status = 'held' AND r.expires_at <= p_now
    UNION ALL
    SELECT p.variant_id, p.node_id, a.remaining
    FROM inventory_channelallotment a JOIN inventory_stockposition p ON p.id = a.position_id
    WHERE p_channel <> '' AND a.channel = p_channel AND a.remaining > 0
      AND p.variant_id = ANY(variants)
    UNION ALL
    SELECT p.variant_id, p.node_id, -GREATEST(0, p.oversell_limit - (
      SELECT s.oversell_limit FROM inventory_sellingrule s
      WHERE s.organization_id = p_organization
        AND (s.variant_id IS NULL OR s.variant_id = p.variant_id)
      ORDER BY s.channel NOT IN ('', p_channel), s.variant_id IS NULL, s.channel <> p_channel
      LIMIT 1) * (CASE WHEN EXISTS (
      SELECT 1 FROM inventory_sellingrule s
      WHERE s.organization_id = p_organization
        AND (s.variant_id IS NULL OR s.variant_id = p.variant_id)
        AND s.channel IN ('', p_channel)) THEN 1 ELSE 0 END))
    FROM inventory_stockposition p
    WHERE p.variant_id = ANY(variants) AND p.oversell_limit > 0 AND EXISTS (
      SELECT 1 FROM inventory_sellingrule s WHERE s.organization_id = p_organization
        AND (s.variant_id IS NULL OR s.variant_id = p.variant_id))
    UNION ALL
    SELECT p.variant_id, p.node_id, b.allocated - b.on_hand
    FROM inventory_lot l JOIN inventory_lotbalance b ON b.lot_id = l.id
    JOIN inventory_stockposition p ON p.id = b.position_id
    WHERE l.variant_id = ANY(variants) AND b.on_hand > b.allocated
      AND (l.block <> '' OR coalesce(l.removal_on, l.expires_on) <= p_day)
    UNION ALL
    SELECT p.variant_id, p.node_id, -1
    FROM inventory_serial s JOIN inventory_stockposition p ON p.id = s.position_id
    LEFT JOIN inventory_lot l ON l.id = s.lot_id
    WHERE s.variant_id = ANY(variants) AND s.condition = 'on_hand' AND s.reservation_id IS NULL
      AND (s.block <> '' OR l.block <> '' OR coalesce(l.removal_on, l.expires_on) <= p_day)
  ) c WHERE c.units <> 0;
END $$;
"""

BACKWARD = """
DROP FUNCTION inventory_available(bigint, bigint[], text, date, timestamptz);
DROP INDEX inventory_oversellable;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_hot_paths")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
