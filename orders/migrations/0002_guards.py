"""What the database itself refuses about orders, whoever asks."""

from django.db import migrations

# What was promised is never rewritten, whoever asks; it goes only with its order.
PROMISES = """
CREATE FUNCTION orders_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'promises are immutable: make a new one'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER orders_promise_immutable BEFORE UPDATE ON orders_promise
  FOR EACH ROW EXECUTE FUNCTION orders_refuse_change();
"""
UNDO_PROMISES = """
DROP TRIGGER orders_promise_immutable ON orders_promise;
DROP FUNCTION orders_refuse_change();
"""

# The story is never rewritten, and goes only with its order.
TIMELINE = """
CREATE FUNCTION orders_timeline_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the timeline is append-only: write another entry'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER orders_timeline_immutable BEFORE UPDATE ON orders_timelineentry
  FOR EACH ROW EXECUTE FUNCTION orders_timeline_refuse();

CREATE FUNCTION orders_timeline_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM orders_order WHERE id = OLD.order_id) THEN
    RAISE EXCEPTION 'the timeline is append-only: it goes only with its order'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
-- Looked at on commit: whoever deletes an order takes its entries first.
CREATE CONSTRAINT TRIGGER orders_timeline_kept AFTER DELETE ON orders_timelineentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_timeline_keep();
"""
UNDO_TIMELINE = """
DROP TRIGGER orders_timeline_kept ON orders_timelineentry;
DROP FUNCTION orders_timeline_keep();
DROP TRIGGER orders_timeline_immutable ON orders_timelineentry;
DROP FUNCTION orders_timeline_refuse();
"""

# Lines name the line whose units they replace: never more than were shipped of that.
REPLACEMENTS = """
CREATE FUNCTION orders_replaced_within_shipped() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  gone integer;
  given integer;
BEGIN
  -- Two who replace the same line wait for each other here.
  SELECT shipped INTO gone FROM orders_orderline
  WHERE id = NEW.replaces_id FOR NO KEY UPDATE;
  SELECT coalesce(sum(ordered - cancelled), 0) INTO given FROM orders_orderline
  WHERE replaces_id = NEW.replaces_id;
  IF given > gone THEN
    RAISE EXCEPTION 'more units are replaced than were shipped: % of %', given, gone
      USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_replaced_within_shipped';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER orders_replaced_within_shipped
  AFTER INSERT OR UPDATE OF ordered, cancelled, replaces_id ON orders_orderline
  FOR EACH ROW WHEN (NEW.replaces_id IS NOT NULL)
  EXECUTE FUNCTION orders_replaced_within_shipped();
"""
UNDO_REPLACEMENTS = """
DROP TRIGGER orders_replaced_within_shipped ON orders_orderline;
DROP FUNCTION orders_replaced_within_shipped();
"""

# Orders that were split off, and works that go in one parcel: only what belongs together.
MERGING = """
CREATE FUNCTION orders_guard_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM orders_fulfillmentorder lead
    JOIN orders_order its ON its.id = lead.order_id
    JOIN orders_order mine ON mine.id = NEW.order_id
    WHERE lead.id = NEW.merged_into_id AND lead.merged_into_id IS NULL
      AND lead.node_id = NEW.node_id AND lead.service_code = NEW.service_code
      AND its.organization_id = mine.organization_id AND its.tier = mine.tier
  ) OR EXISTS (
    SELECT FROM orders_fulfillmentorder other WHERE other.merged_into_id = NEW.id
  ) THEN
    RAISE EXCEPTION 'work goes in one parcel only with a leading work of its seller, node, service '
      'and tier' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER orders_guard_merge AFTER INSERT OR UPDATE OF merged_into_id
  ON orders_fulfillmentorder FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL)
  EXECUTE FUNCTION orders_guard_merge();
"""
UNDO_MERGING = """
DROP TRIGGER orders_guard_merge ON orders_fulfillmentorder;
DROP FUNCTION orders_guard_merge();
"""


class Migration(migrations.Migration):
    replaces = [
        ("orders", "0003_promises_are_immutable"),
        ("orders", "0004_holds_and_notes"),
        ("orders", "0005_replacements"),
        ("orders", "0008_merging"),
    ]

    dependencies = [("orders", "0001_tables")]

    operations = [
        migrations.RunSQL(PROMISES, UNDO_PROMISES),
        migrations.RunSQL(TIMELINE, UNDO_TIMELINE),
        migrations.RunSQL(REPLACEMENTS, UNDO_REPLACEMENTS),
        migrations.RunSQL(MERGING, UNDO_MERGING),
    ]
