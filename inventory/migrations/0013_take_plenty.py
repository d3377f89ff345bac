"""Takes a whole batch in one call where there is enough of everything for everybody."""

from django.db import migrations

# What is read of each place, and must be so under its lock.
PLENTY = """
    SELECT p.id, d.place
    FROM unnest(p_organizations, p_nodes, p_variants, p_units) WITH ORDINALITY
      AS d(organization_id, node_id, variant_id, units, place)
    JOIN inventory_stockposition p ON p.node_id = d.node_id AND p.variant_id = d.variant_id
    JOIN catalog_variant v ON v.id = p.variant_id
    WHERE p.on_hand - p.held - p.allocated - p.safety_stock >= d.units AND p.earmarked = 0
      AND v.tracking = 'none' AND v.organization_id = d.organization_id
"""

# Reads, writes the rows that nobody else waits for, and only then locks the places, by (node,
# variant): a place that everybody wants is locked for the shorter part of the work. Whoever comes
# between finds that out under the locks, and all of it is undone. False: somebody must decide;
# nothing was changed. SQLSTATE OM001: the same, found out under the locks.
TAKE_PLENTY = f"""
CREATE FUNCTION inventory_take_plenty(
  p_organizations bigint[], p_nodes bigint[], p_variants bigint[], p_units bigint[],
  p_demands json,
  p_places int[], p_quantities int[], p_ids text[], p_kinds text[], p_refs text[], p_lines text[],
  p_channels text[], p_needed date[], p_actors text[], p_ats timestamptz[],
  p_cause text, p_facts json
) RETURNS boolean LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  keys bigint[]; found int;
BEGIN
  PERFORM pg_advisory_xact_lock(14, h.key) FROM (
    SELECT DISTINCT hashtext(d.k || ' ' || d.r) AS key
    FROM json_to_recordset(p_demands) AS d(k text, r text) ORDER BY 1
  ) h;
  IF EXISTS (
    SELECT 1 FROM json_to_recordset(p_demands) AS d(k text, r text),
    LATERAL (SELECT x.status FROM inventory_reservation x
             WHERE x.demand_kind = d.k AND x.demand_ref = d.r OFFSET 0) r
    WHERE r.status IN ('held', 'confirmed', 'allocated', 'picked')
  ) THEN
    RETURN false;
  END IF;
  SELECT array_agg(x.id ORDER BY x.place) INTO keys FROM ({PLENTY}) x;
  IF cardinality(keys) IS DISTINCT FROM cardinality(p_nodes) THEN
    RETURN false;
  END IF;
  WITH d AS MATERIALIZED (
    SELECT nextval('inventory_reservation_id_seq') AS id, x.*, keys[x.place] AS position_id,
      p_variants[x.place] AS variant_id, p_organizations[x.place] AS organization_id
    FROM unnest(p_places, p_quantities, p_ids, p_kinds, p_refs, p_lines, p_channels, p_needed,
      p_actors, p_ats) AS x(place, quantity, public_id, demand_kind, demand_ref, line_ref, channel,
      needed_on, actor, at)
  ), r AS (
    INSERT INTO inventory_reservation (id, public_id, organization_id, demand_kind, demand_ref,
      line_ref, variant_id, position_id, lot_id, part, quantity, earmarked, channel, needed_on,
      extensions, status, expires_at, version, created_at)
    SELECT id, public_id, organization_id, demand_kind, demand_ref, line_ref, variant_id,
      position_id, NULL, 0, quantity, 0, channel, needed_on, 0, 'allocated', NULL, 0, at FROM d
  )
  INSERT INTO inventory_reservationstatuschange (subject_id, trigger, from_status, to_status,
    actor, reason, at)
  SELECT id, 'allocate', '', 'allocated', actor, '', at FROM d;
  PERFORM outbox_append(p_facts);

  SELECT count(*) INTO found FROM ({PLENTY}
    ORDER BY p.node_id, p.variant_id FOR NO KEY UPDATE OF p) x;
  IF found <> cardinality(p_nodes) THEN
    RAISE EXCEPTION 'stock changed' USING ERRCODE = 'OM001';
  END IF;
  UPDATE inventory_stockposition AS p SET allocated = p.allocated + d.units
  FROM unnest(keys, p_units) AS d(id, units)
  WHERE p.id = d.id
    AND p.on_hand - p.held - p.allocated - p.earmarked - p.safety_stock >= d.units;
  GET DIAGNOSTICS found = ROW_COUNT;
  IF found <> cardinality(p_nodes) THEN
    RAISE EXCEPTION 'stock changed' USING ERRCODE = 'OM001';
  END IF;
  -- Under the locks: the movements of a place follow each other by their keys.
  INSERT INTO inventory_stockmovement (position_id, kind, lot_id, serial_id, on_hand_delta,
    held_delta, allocated_delta, earmarked_delta, quarantined_delta, damaged_delta,
    returned_delta, reason, actor, cause, document_kind, document_ref, occurred_at)
  SELECT keys[x.place], 'allocated', NULL, NULL, 0, 0, x.quantity, 0, 0, 0, 0, '', x.actor,
    p_cause, x.demand_kind, x.demand_ref, x.at
  FROM unnest(p_places, p_quantities, p_kinds, p_refs, p_actors, p_ats)
    AS x(place, quantity, demand_kind, demand_ref, actor, at);
  RETURN true;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0012_few_may_oversell"), ("outbox", "0002_append")]
    operations = [
        migrations.RunSQL(
            TAKE_PLENTY,
            """
            DROP FUNCTION inventory_take_plenty(bigint[], bigint[], bigint[], bigint[], json,
              int[], int[], text[], text[], text[], text[], text[], date[], text[], timestamptz[],
              text, json);
            """,
        ),
    ]
