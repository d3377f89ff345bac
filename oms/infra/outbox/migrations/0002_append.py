"""Writes facts and wakes the relay in one call; the database keeps the plan per connection."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION outbox_append(p_facts json) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  INSERT INTO outbox_outboxevent (event_id, name, organization_id, aggregate_kind, aggregate_id,
    correlation_id, causation_id, actor, hops, payload, occurred_at, recorded_at)
  SELECT event_id, name, organization_id, aggregate_kind, aggregate_id, correlation_id,
    causation_id, actor, hops, payload, occurred_at, recorded_at
  FROM ROWS FROM (json_to_recordset(p_facts) AS (event_id uuid, name text, organization_id bigint,
    aggregate_kind text, aggregate_id text, correlation_id text, causation_id text, actor text,
    hops int, payload jsonb, occurred_at timestamptz, recorded_at timestamptz))
    WITH ORDINALITY AS d(event_id, name, organization_id, aggregate_kind, aggregate_id,
      correlation_id, causation_id, actor, hops, payload, occurred_at, recorded_at, o)
  ORDER BY o;
  PERFORM pg_notify('outbox', '');
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_tables")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION outbox_append(json);")]
