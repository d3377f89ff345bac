"""What the database itself refuses about stock, and what it follows: movements stay as they were
written, stock and catalog never contradict each other, a product's category brings its rules."""

from django.db import migrations

# The ledger refuses UPDATE and DELETE at the database, whoever asks.
IMMUTABLE = """
CREATE FUNCTION inventory_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'stock movements are immutable: write a correcting movement'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER inventory_movement_immutable
  BEFORE UPDATE OR DELETE ON inventory_stockmovement
  FOR EACH ROW EXECUTE FUNCTION inventory_refuse_change();
"""
UNDO_IMMUTABLE = """
DROP TRIGGER inventory_movement_immutable ON inventory_stockmovement;
DROP FUNCTION inventory_refuse_change();
"""

# What stock asks of the catalog, held by the database: a kit has no position of its own, and how a
# variant is tracked stays while there is stock of it.
#
# A place that is made and a kit that is made lock the variant against each other, so that whoever
# comes second sees the first. SQLSTATE OM003: there is stock in the way; its DETAIL names SKUs.
CATALOG = """
CREATE FUNCTION inventory_guard_kits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  stocked text;
BEGIN
  PERFORM 1 FROM catalog_variant v WHERE v.id IN (SELECT kit_id FROM new_rows)
  ORDER BY v.id FOR UPDATE;
  SELECT string_agg(DISTINCT v.sku, ', ') INTO stocked
  FROM new_rows k JOIN catalog_variant v ON v.id = k.kit_id
  WHERE EXISTS (SELECT 1 FROM inventory_stockposition p WHERE p.variant_id = k.kit_id);
  IF stocked IS NOT NULL THEN
    RAISE EXCEPTION 'a kit has no stock of its own' USING ERRCODE = 'OM003', DETAIL = stocked;
  END IF;
  IF EXISTS (SELECT 1 FROM new_rows n JOIN catalog_kitcomponent k
             ON k.kit_id = n.component_id OR k.component_id = n.kit_id) THEN
    RAISE EXCEPTION 'a part of a kit is no kit' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER inventory_guard_kits AFTER INSERT ON catalog_kitcomponent
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION inventory_guard_kits();

-- Services pass kits over; only one that became a kit meanwhile gets here, and is asked to retry.
CREATE FUNCTION inventory_guard_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM catalog_variant v WHERE v.id IN (SELECT variant_id FROM new_rows)
  ORDER BY v.id FOR KEY SHARE;
  IF EXISTS (SELECT 1 FROM new_rows n JOIN catalog_kitcomponent k ON k.kit_id = n.variant_id) THEN
    RAISE EXCEPTION 'a kit has no stock of its own' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER inventory_guard_places AFTER INSERT ON inventory_stockposition
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION inventory_guard_places();

-- Positions before the variant: whoever holds positions may be waiting to refer to the variant.
CREATE FUNCTION inventory_guard_tracking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM inventory_stockposition p WHERE p.variant_id = NEW.id
  ORDER BY p.node_id FOR NO KEY UPDATE;
  PERFORM 1 FROM catalog_variant v WHERE v.id = NEW.id FOR UPDATE;
  IF EXISTS (
    SELECT 1 FROM inventory_stockposition p WHERE p.variant_id = NEW.id
      AND (p.on_hand, p.held, p.allocated, p.earmarked, p.quarantined, p.damaged, p.returned)
          <> (0, 0, 0, 0, 0, 0, 0)
  ) THEN
    RAISE EXCEPTION 'there is stock' USING ERRCODE = 'OM003', DETAIL = NEW.sku;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER inventory_guard_tracking BEFORE UPDATE OF tracking ON catalog_variant
  FOR EACH ROW WHEN (OLD.tracking IS DISTINCT FROM NEW.tracking)
  EXECUTE FUNCTION inventory_guard_tracking();
"""

UNDO_CATALOG = """
DROP TRIGGER inventory_guard_kits ON catalog_kitcomponent;
DROP TRIGGER inventory_guard_places ON inventory_stockposition;
DROP TRIGGER inventory_guard_tracking ON catalog_variant;
DROP FUNCTION inventory_guard_kits();
DROP FUNCTION inventory_guard_places();
DROP FUNCTION inventory_guard_tracking();
"""

# A product that moves to another category takes that one's safety rule at once: the database
# brings its positions up to the rules, whoever moved it.
#
# The lock is the one that people who set rules take, so that neither misses the other; positions are
# locked in the order of every taking.
CATEGORY = """
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

UNDO_CATEGORY = """
DROP TRIGGER inventory_follow_category ON catalog_product;
DROP FUNCTION inventory_follow_category();
"""


class Migration(migrations.Migration):
    replaces = [
        ("inventory", "0002_movements_are_immutable"),
        ("inventory", "0007_catalog_guards"),
        ("inventory", "0011_category_rules"),
    ]

    dependencies = [("inventory", "0002_functions"), ("catalog", "0001_tables")]

    operations = [
        migrations.RunSQL(IMMUTABLE, UNDO_IMMUTABLE),
        migrations.RunSQL(CATALOG, UNDO_CATALOG),
        migrations.RunSQL(CATEGORY, UNDO_CATEGORY),
    ]
