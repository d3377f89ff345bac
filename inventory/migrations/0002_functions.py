"""What the database itself does for stock: keeps the summary of free stock, locks and reads for a
taking in one call, books everything of a batch in one call, takes a whole batch in one call where
there is enough for everybody, says what is free of many variants. Functions keep their plans per
connection, which a statement sent as text cannot; by keys only, because a plan that was made for a
young table must serve it when it is old."""

from django.db import migrations

# Nobody looks for the beginning of an identifier.
NO_LIKE = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT indexname FROM pg_indexes
    WHERE tablename = 'inventory_reservation' AND indexname LIKE '%public_id%_like'
  LOOP EXECUTE format('DROP INDEX %I', name); END LOOP;
END $$;
"""

FREE = "on_hand - held - allocated - earmarked - safety_stock + oversell_limit"

SUMMARY = f"""
CREATE FUNCTION inventory_add_free(p_nodes bigint[], p_free int[], d_nodes bigint[], d_free bigint[])
RETURNS int[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  FOR i IN 1..cardinality(d_nodes) LOOP
    p_free[array_position(p_nodes, d_nodes[i])] :=
      p_free[array_position(p_nodes, d_nodes[i])] + d_free[i];
  END LOOP;
  RETURN p_free;
END $$;

-- Old and new rows are added up, not joined: a plan made for two rows must serve two million.
-- Rows of the summary are locked by variant, after the positions of the same statement.
CREATE FUNCTION inventory_keep_summary() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  d record;
BEGIN
  FOR d IN
    SELECT y.variant_id, array_agg(y.node_id) AS nodes, array_agg(y.free) AS free FROM (
      SELECT x.variant_id, x.node_id, sum(x.free) AS free FROM (
        SELECT variant_id, node_id, {FREE} AS free FROM new_rows
        UNION ALL SELECT variant_id, node_id, -({FREE}) FROM old_rows
      ) x GROUP BY x.variant_id, x.node_id HAVING sum(x.free) <> 0
    ) y GROUP BY y.variant_id ORDER BY y.variant_id
  LOOP
    IF cardinality(d.nodes) = 1 THEN
      UPDATE inventory_stocksummary s
      SET free[array_position(s.node_ids, d.nodes[1])] =
            s.free[array_position(s.node_ids, d.nodes[1])] + d.free[1], version = s.version + 1
      WHERE s.variant_id = d.variant_id;
    ELSE
      UPDATE inventory_stocksummary s
      SET free = inventory_add_free(s.node_ids, s.free, d.nodes, d.free), version = s.version + 1
      WHERE s.variant_id = d.variant_id;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION inventory_extend_summary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO inventory_stocksummary AS s (variant_id, node_ids, free, version)
  SELECT variant_id, array_agg(node_id ORDER BY node_id), array_agg({FREE} ORDER BY node_id), 1
  FROM new_rows GROUP BY variant_id ORDER BY variant_id
  ON CONFLICT (variant_id) DO UPDATE
  SET node_ids = s.node_ids || EXCLUDED.node_ids, free = s.free || EXCLUDED.free,
      version = s.version + 1;
  RETURN NULL;
END $$;

INSERT INTO inventory_stocksummary (variant_id, node_ids, free, version)
SELECT variant_id, array_agg(node_id ORDER BY node_id), array_agg({FREE} ORDER BY node_id), 1
FROM inventory_stockposition GROUP BY variant_id;

CREATE TRIGGER inventory_summary_update AFTER UPDATE ON inventory_stockposition
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION inventory_keep_summary();
CREATE TRIGGER inventory_summary_insert AFTER INSERT ON inventory_stockposition
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION inventory_extend_summary();

-- Balances are rewritten in place again and again: room on the page keeps indexes untouched.
ALTER TABLE inventory_stockposition SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE inventory_stocksummary SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
"""

UNDO_SUMMARY = """
DROP TRIGGER inventory_summary_update ON inventory_stockposition;
DROP TRIGGER inventory_summary_insert ON inventory_stockposition;
DROP FUNCTION inventory_keep_summary();
DROP FUNCTION inventory_extend_summary();
DROP FUNCTION inventory_add_free(bigint[], int[], bigint[], bigint[]);
ALTER TABLE inventory_stockposition RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""

# OFFSET 0 keeps the planner from the partial indexes of live reservations: on a young table they
# look as good as the demand's own, and the plan stays when the table has grown.
# Positions of the places, and those where the demands hold something, locked by (node, variant);
# then, in snapshots newer than the locks: what the demands have, and where it matters the
# allotments, selling rules and lots.
LOOK = """
CREATE FUNCTION inventory_look(p_nodes bigint[], p_variants bigint[], p_demands json)
RETURNS json LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  places json; own json; allotments json; rules json; lots json;
  keys bigint[]; is_kept boolean; is_oversold boolean; is_tracked boolean;
BEGIN
  -- One demand is decided by one session at a time, whichever places two plans of it name. 14 is
  -- its space in `oms.core.locks`.
  PERFORM pg_advisory_xact_lock(14, h.key) FROM (
    SELECT DISTINCT hashtext(d.k || ' ' || d.r) AS key
    FROM json_to_recordset(p_demands) AS d(k text, r text) ORDER BY 1
  ) h;
  SELECT json_agg(json_build_array(x.id, x.node_id, x.variant_id, x.organization_id, x.on_hand,
           x.held, x.allocated, x.earmarked, x.quarantined, x.damaged, x.returned, x.safety_stock,
           x.oversell_limit, x.tracking)),
         array_agg(x.id), bool_or(x.earmarked > 0), bool_or(x.oversell_limit > 0),
         bool_or(x.tracking <> 'none')
  INTO places, keys, is_kept, is_oversold, is_tracked
  FROM (
    SELECT p.*, v.organization_id, v.tracking
    FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
    WHERE p.id IN (
      SELECT q.id FROM unnest(p_nodes, p_variants) AS d(node_id, variant_id)
      JOIN inventory_stockposition q ON q.node_id = d.node_id AND q.variant_id = d.variant_id
      UNION
      SELECT r.position_id FROM json_to_recordset(p_demands) AS d(k text, r text),
      LATERAL (SELECT x.position_id, x.status FROM inventory_reservation x
               WHERE x.demand_kind = d.k AND x.demand_ref = d.r OFFSET 0) r
      WHERE r.status IN ('held', 'confirmed') AND r.position_id IS NOT NULL
    )
    ORDER BY p.node_id, p.variant_id FOR NO KEY UPDATE OF p
  ) x;
  SELECT json_agg(json_build_array(r.id, r.demand_kind, r.demand_ref, r.line_ref, r.variant_id,
      r.position_id, r.quantity, r.earmarked, r.channel, r.status,
      extract(epoch FROM r.expires_at))) INTO own
  FROM json_to_recordset(p_demands) AS d(k text, r text),
  LATERAL (SELECT * FROM inventory_reservation x
           WHERE x.demand_kind = d.k AND x.demand_ref = d.r OFFSET 0) r
  WHERE r.status IN ('held', 'confirmed', 'allocated', 'picked');
  IF is_kept THEN
    SELECT json_agg(json_build_array(a.position_id, a.channel, a.remaining)) INTO allotments
    FROM inventory_channelallotment a WHERE a.position_id = ANY(keys) AND a.remaining > 0;
  END IF;
  IF is_oversold THEN
    SELECT json_agg(json_build_array(s.organization_id, s.variant_id, s.channel,
        s.oversell_limit)) INTO rules
    FROM inventory_sellingrule s
    WHERE s.variant_id IS NULL OR s.variant_id = ANY(p_variants);
  END IF;
  IF is_tracked THEN
    SELECT json_agg(json_build_array(b.position_id, b.lot_id, b.on_hand - b.allocated,
        coalesce(l.removal_on, l.expires_on), l.block) ORDER BY coalesce(l.removal_on, l.expires_on)
        NULLS LAST, b.lot_id) INTO lots
    FROM inventory_lotbalance b JOIN inventory_lot l ON l.id = b.lot_id
    WHERE b.position_id = ANY(keys) AND b.on_hand > b.allocated;
  END IF;
  RETURN json_build_object('places', places, 'own', own, 'allotments', allotments,
                           'rules', rules, 'lots', lots);
END $$;
"""

# One guarded UPDATE of all positions with their summed deltas, then everything that explains it,
# and the facts that tell of it.
# SQLSTATE OM001: what is promised was not free; the transaction is over.
BOOK = """
CREATE FUNCTION inventory_book(p_deltas json, p_taken json, p_moved json, p_lots json,
                               p_allotments json, p_facts json)
RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  done int;
BEGIN
  UPDATE inventory_stockposition AS p SET
    on_hand = p.on_hand + d.on_hand, held = p.held + d.held, allocated = p.allocated + d.allocated,
    earmarked = p.earmarked + d.earmarked, quarantined = p.quarantined + d.quarantined,
    damaged = p.damaged + d.damaged, returned = p.returned + d.returned
  FROM json_to_recordset(p_deltas) AS d(id bigint, on_hand int, held int, allocated int,
    earmarked int, quarantined int, damaged int, returned int)
  WHERE p.id = d.id
    AND (d.held + d.allocated + d.earmarked <= 0
         OR p.on_hand + d.on_hand - p.held - p.allocated - p.earmarked - p.safety_stock + p.oversell_limit
            >= d.held + d.allocated + d.earmarked);
  GET DIAGNOSTICS done = ROW_COUNT;
  IF done <> json_array_length(p_deltas) THEN
    RAISE EXCEPTION 'stock changed' USING ERRCODE = 'OM001';
  END IF;
  IF p_taken IS NOT NULL THEN
    WITH d AS MATERIALIZED (
      SELECT nextval('inventory_reservation_id_seq') AS id, x.*
      FROM json_to_recordset(p_taken) AS x(public_id text, organization_id bigint,
        demand_kind text, demand_ref text, line_ref text, variant_id bigint, position_id bigint,
        lot_id bigint, part int, quantity int, earmarked int, channel text, needed_on date,
        status text, expires_at timestamptz, at timestamptz, trigger text, kind text, actor text,
        cause text)
    ), r AS (
      INSERT INTO inventory_reservation (id, public_id, organization_id, demand_kind, demand_ref,
        line_ref, variant_id, position_id, lot_id, part, quantity, earmarked, channel, needed_on,
        extensions, status, expires_at, version, created_at)
      SELECT id, public_id, organization_id, demand_kind, demand_ref, line_ref, variant_id,
        position_id, lot_id, part, quantity, earmarked, channel, needed_on, 0, status, expires_at,
        0, at FROM d
    ), c AS (
      INSERT INTO inventory_reservationstatuschange (subject_id, trigger, from_status, to_status,
        actor, reason, at)
      SELECT id, trigger, '', status, actor, '', at FROM d
    )
    INSERT INTO inventory_stockmovement (position_id, kind, lot_id, serial_id, on_hand_delta,
      held_delta, allocated_delta, earmarked_delta, quarantined_delta, damaged_delta,
      returned_delta, reason, actor, cause, document_kind, document_ref, occurred_at)
    SELECT position_id, kind, lot_id, NULL, 0, CASE WHEN status = 'allocated' THEN 0 ELSE quantity END,
      CASE WHEN status = 'allocated' THEN quantity ELSE 0 END, -earmarked, 0, 0, 0, '', actor,
      cause, demand_kind, demand_ref, at FROM d;
  END IF;
  IF p_moved IS NOT NULL THEN
    INSERT INTO inventory_stockmovement (position_id, kind, lot_id, serial_id, on_hand_delta,
      held_delta, allocated_delta, earmarked_delta, quarantined_delta, damaged_delta,
      returned_delta, reason, actor, cause, document_kind, document_ref, occurred_at)
    SELECT position_id, kind, lot_id, serial_id, on_hand, held, allocated, earmarked, quarantined,
      damaged, returned, reason, actor, cause, document_kind, document_ref, at
    FROM json_to_recordset(p_moved) AS x(position_id bigint, kind text, lot_id bigint,
      serial_id bigint, on_hand int, held int, allocated int, earmarked int, quarantined int,
      damaged int, returned int, reason text, actor text, cause text, document_kind text,
      document_ref text, at timestamptz);
  END IF;
  IF p_lots IS NOT NULL THEN
    INSERT INTO inventory_lotbalance AS b (position_id, lot_id, on_hand, allocated, quarantined,
      damaged, returned)
    SELECT position_id, lot_id, 0, 0, 0, 0, 0
    FROM json_to_recordset(p_lots) AS x(position_id bigint, lot_id bigint)
    ORDER BY position_id, lot_id ON CONFLICT (position_id, lot_id) DO NOTHING;
    UPDATE inventory_lotbalance AS b SET on_hand = b.on_hand + d.on_hand,
      allocated = b.allocated + d.allocated, quarantined = b.quarantined + d.quarantined,
      damaged = b.damaged + d.damaged, returned = b.returned + d.returned
    FROM json_to_recordset(p_lots) AS d(position_id bigint, lot_id bigint, on_hand int,
      allocated int, quarantined int, damaged int, returned int)
    WHERE b.position_id = d.position_id AND b.lot_id = d.lot_id;
  END IF;
  IF p_allotments IS NOT NULL THEN
    INSERT INTO inventory_channelallotment AS a (position_id, channel, remaining)
    SELECT position_id, channel, 0
    FROM json_to_recordset(p_allotments) AS x(position_id bigint, channel text)
    ORDER BY position_id, channel ON CONFLICT (position_id, channel) DO NOTHING;
    UPDATE inventory_channelallotment AS a SET remaining = a.remaining + d.units
    FROM json_to_recordset(p_allotments) AS d(position_id bigint, channel text, units int)
    WHERE a.position_id = d.position_id AND a.channel = d.channel;
  END IF;
  IF p_facts IS NOT NULL THEN
    PERFORM outbox_append(p_facts);
  END IF;
END $$;
"""

UNDO_FUNCTIONS = """
DROP FUNCTION inventory_look(bigint[], bigint[], json);
DROP FUNCTION inventory_book(json, json, json, json, json, json);
"""

# Availability of many variants over many nodes in one call that reads one row a variant.
AVAILABLE = """
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

UNDO_AVAILABLE = """
DROP FUNCTION inventory_available(bigint, bigint[], text, date, timestamptz);
"""

# Takes a whole batch in one call where there is enough of everything for everybody.
# PLENTY is what is read of each place, and must be so under its lock.
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

UNDO_TAKE_PLENTY = """
DROP FUNCTION inventory_take_plenty(bigint[], bigint[], bigint[], bigint[], json,
  int[], int[], text[], text[], text[], text[], text[], date[], text[], timestamptz[],
  text, json);
"""


class Migration(migrations.Migration):
    replaces = [
        ("inventory", "0005_hot_paths"),
        ("inventory", "0006_availability"),
        ("inventory", "0013_take_plenty"),
    ]

    dependencies = [("inventory", "0001_tables"), ("outbox", "0002_append")]

    operations = [
        migrations.RunSQL(NO_LIKE, migrations.RunSQL.noop),
        migrations.RunSQL(SUMMARY, UNDO_SUMMARY),
        migrations.RunSQL(LOOK + BOOK, UNDO_FUNCTIONS),
        migrations.RunSQL(AVAILABLE, UNDO_AVAILABLE),
        migrations.RunSQL(TAKE_PLENTY, UNDO_TAKE_PLENTY),
    ]
