"""What stock asks of the catalog, held by the database: a kit has no position of its own, and how a
variant is tracked stays while there is stock of it.

A place that is made and a kit that is made lock the variant against each other, so that whoever
comes second sees the first. SQLSTATE OM003: there is stock in the way; its DETAIL names SKUs."""

from django.db import migrations

GUARDS = """
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

UNDO = """
DROP TRIGGER inventory_guard_kits ON catalog_kitcomponent;
DROP TRIGGER inventory_guard_places ON inventory_stockposition;
DROP TRIGGER inventory_guard_tracking ON catalog_variant;
DROP FUNCTION inventory_guard_kits();
DROP FUNCTION inventory_guard_places();
DROP FUNCTION inventory_guard_tracking();
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_availability"), ("catalog", "0003_stock_core")]
    operations = [migrations.RunSQL(GUARDS, UNDO)]
