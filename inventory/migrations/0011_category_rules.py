"""A product that moves to another category takes that one's safety rule at once: the database
brings its positions up to the rules, whoever moved it.

The lock is the one that people who set rules take, so that neither misses the other; positions are
locked in the order of every taking."""

from django.db import migrations

FOLLOW = """
CREATE FUNCTION inventory_follow_category() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved bigint[];
BEGIN
  SELECT array_agg(n.id) INTO moved FROM new_rows n JOIN old_rows o ON o.id = n.id
  WHERE o.category <> n.category;
  IF moved IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM pg_advisory_xact_lock(10, 0);
  WITH rules AS MATERIALIZED (
    SELECT p.id, coalesce((
        SELECT r.quantity FROM inventory_safetyrule r
        WHERE r.node_id = p.node_id AND (r.variant_id = v.id
          OR (r.variant_id IS NULL AND r.category IN ('', c.category)))
        ORDER BY r.variant_id NULLS LAST, r.category = '' LIMIT 1
      ), 0) AS safety_stock
    FROM catalog_product c
    JOIN catalog_variant v ON v.product_id = c.id
    JOIN inventory_stockposition p ON p.variant_id = v.id
    WHERE c.id = ANY(moved)
  ), stale AS MATERIALIZED (
    SELECT p.id, r.safety_stock FROM inventory_stockposition p JOIN rules r ON r.id = p.id
    WHERE p.safety_stock <> r.safety_stock
    ORDER BY p.node_id, p.variant_id FOR NO KEY UPDATE OF p
  )
  UPDATE inventory_stockposition p SET safety_stock = s.safety_stock
  FROM stale s WHERE s.id = p.id;
  RETURN NULL;
END $$;
CREATE TRIGGER inventory_follow_category AFTER UPDATE ON catalog_product
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION inventory_follow_category();
"""

UNDO = """
DROP TRIGGER inventory_follow_category ON catalog_product;
DROP FUNCTION inventory_follow_category();
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0010_fewer_indexes"), ("catalog", "0003_stock_core")]
    operations = [migrations.RunSQL(FOLLOW, UNDO)]
