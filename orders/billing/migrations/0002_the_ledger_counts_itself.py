"""Entries are never changed; the sums of an order move only with its entries, in the same statement."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER billing_entry_immutable BEFORE UPDATE OR DELETE ON billing_paymententry
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('payment entries are immutable: add one');

CREATE TRIGGER billing_sums_begin_at_zero BEFORE INSERT ON billing_paymentbalance
  FOR EACH ROW WHEN (0 <> NEW.authorized_amount + NEW.voided_amount + NEW.captured_amount
                        + NEW.refunded_amount + NEW.goodwill_amount)
  EXECUTE FUNCTION billing_refuse('sums begin at zero: add entries');

CREATE TRIGGER billing_sums_follow_entries
  BEFORE UPDATE OF order_ref, currency, authorized_amount, voided_amount, captured_amount,
                   refunded_amount, goodwill_amount ON billing_paymentbalance
  FOR EACH ROW WHEN (pg_trigger_depth() = 0)
  EXECUTE FUNCTION billing_refuse('sums follow the entries: add one');

CREATE FUNCTION billing_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  counted bigint;
BEGIN
  UPDATE billing_paymentbalance AS b
  SET authorized_amount = b.authorized_amount + d.authorized,
      voided_amount = b.voided_amount + d.voided,
      captured_amount = b.captured_amount + d.captured,
      refunded_amount = b.refunded_amount + d.refunded,
      goodwill_amount = b.goodwill_amount + d.goodwill
  FROM (
    SELECT order_ref, currency,
           coalesce(sum(amount) FILTER (WHERE kind = 'authorized'), 0) AS authorized,
           coalesce(sum(amount) FILTER (WHERE kind = 'voided'), 0) AS voided,
           coalesce(sum(amount) FILTER (WHERE kind = 'captured'), 0) AS captured,
           coalesce(sum(amount) FILTER (WHERE kind = 'refunded'), 0) AS refunded,
           coalesce(sum(amount) FILTER (WHERE kind = 'goodwill'), 0) AS goodwill
    FROM fresh GROUP BY order_ref, currency
  ) AS d
  WHERE b.order_ref = d.order_ref AND b.currency = d.currency;
  GET DIAGNOSTICS counted = ROW_COUNT;
  IF counted <> (SELECT count(*) FROM (SELECT DISTINCT order_ref, currency FROM fresh) AS f) THEN
    RAISE EXCEPTION 'an entry is in another currency than its order'
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER billing_count AFTER INSERT ON billing_paymententry
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_count();
"""
BACKWARD = """
DROP TRIGGER billing_count ON billing_paymententry;
DROP TRIGGER billing_sums_follow_entries ON billing_paymentbalance;
DROP TRIGGER billing_sums_begin_at_zero ON billing_paymentbalance;
DROP TRIGGER billing_entry_immutable ON billing_paymententry;
DROP FUNCTION billing_count();
DROP FUNCTION billing_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_tables")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
