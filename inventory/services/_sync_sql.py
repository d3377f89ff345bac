"""The statements of stock feeds, each one for any number of messages.

Raw because each must see one moment: what is compared, and the movement it was last changed by.
"""

#: The waiting messages that follow the applied one without a gap, in order. Parameters: source,
#: applied sequence.
RUN = """
SELECT x.* FROM (
  SELECT m.*, row_number() OVER (ORDER BY m.sequence) AS place
  FROM inventory_syncmessage m
  WHERE m.source_id = %(source)s AND m.applied_at IS NULL
) x
WHERE x.sequence = %(applied)s + x.place
ORDER BY x.sequence
"""

#: Places that messages of a source name while they wait. Parameter: source.
WAITING_LINES = """
SELECT coalesce(sum(jsonb_array_length(m.body->'lines')), 0)
FROM inventory_syncmessage m WHERE m.source_id = %s AND m.applied_at IS NULL
"""

#: On hand and the last movement of the named places, and of all places at the complete nodes where
#: the organization has something. One statement, so both are of one moment. Parameters: nodes,
#: variants, complete nodes, organization.
COMPARED = """
SELECT p.id, p.node_id, p.variant_id, p.on_hand,
  (SELECT m.id FROM inventory_stockmovement m WHERE m.position_id = p.id
   ORDER BY m.id DESC LIMIT 1)
FROM inventory_stockposition p
WHERE p.id IN (
  SELECT q.id FROM unnest(%s::bigint[], %s::bigint[]) AS d(node_id, variant_id)
  JOIN inventory_stockposition q ON q.node_id = d.node_id AND q.variant_id = d.variant_id
  UNION
  SELECT q.id FROM inventory_stockposition q JOIN catalog_variant v ON v.id = q.variant_id
  WHERE q.node_id = ANY(%s::bigint[]) AND q.on_hand <> 0 AND v.organization_id = %s
)
"""

#: The last movement of locked positions before the newest `later` ones. Parameters: positions,
#: later.
LAST_MOVEMENTS = """
SELECT d.position_id, d.later, m.id
FROM unnest(%s::bigint[], %s::int[]) AS d(position_id, later)
CROSS JOIN LATERAL (
  SELECT x.id FROM inventory_stockmovement x WHERE x.position_id = d.position_id
  ORDER BY x.id DESC OFFSET d.later LIMIT 1
) m
"""

#: Ends the open drifts of a source that a newer comparison answers, locked in one order.
#: Parameters: source, positions, reports (the newest that compared the position), now.
SUPERSEDE = """
WITH answered AS (
  SELECT d.id
  FROM unnest(%(positions)s::bigint[], %(reports)s::bigint[]) AS n(position_id, report_id)
  JOIN inventory_drift d ON d.position_id = n.position_id AND d.report_id < n.report_id
  JOIN inventory_driftreport r ON r.id = d.report_id AND r.source_id = %(source)s
  WHERE d.accepted_at IS NULL AND d.superseded_at IS NULL
  ORDER BY d.id FOR UPDATE OF d
)
UPDATE inventory_drift d SET superseded_at = %(now)s FROM answered a WHERE d.id = a.id
"""

#: Drifts to take over, and all open ones of the same places, locked in one order: the position,
#: what was seen, and what moved since. Parameters: positions, drifts.
LOCK_DRIFTS = """
SELECT d.id, d.position_id, d.ours, d.theirs, d.accepted_at, d.superseded_at, m.kind, m.sequence,
  s.code,
  (SELECT coalesce(sum(x.on_hand_delta), 0) FROM inventory_stockmovement x
   WHERE x.position_id = d.position_id AND x.id > coalesce(d.last_movement_id, 0))
FROM inventory_drift d
JOIN inventory_driftreport r ON r.id = d.report_id
JOIN inventory_syncmessage m ON m.id = r.message_id
JOIN inventory_syncsource s ON s.id = r.source_id
WHERE d.position_id = ANY(%s::bigint[])
  AND (d.id = ANY(%s::bigint[]) OR (d.accepted_at IS NULL AND d.superseded_at IS NULL))
ORDER BY d.id FOR UPDATE OF d
"""
