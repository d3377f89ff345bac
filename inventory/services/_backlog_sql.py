"""The statements the backlog rests on, each one for any number of variants.

Raw because who comes first is a running sum over the queue, which the database makes in one pass.
All run under the lock of their variants, except `WITH_BACKLOG` and `FREE_PLACES`.
"""

_OPEN = "b.quantity > b.filled + b.cancelled"
_QUEUE = "b.priority DESC, b.created_at, b.id"

#: Places that can send parcels for the owner of the variant.
_SERVES = """
JOIN nodes_node n ON n.id = {row}.node_id AND n.is_active AND n.can_ship
JOIN nodes_nodeallowance a ON a.node_id = n.id AND a.organization_id = v.organization_id
"""

#: Units that lie there and are nobody's: what may be oversold is not there, and what may not be
#: sold today (expired or blocked lots) serves nobody. Parameter of the second half: today.
_FREE = """
(p.on_hand - p.held - p.allocated - p.earmarked - p.safety_stock - CASE WHEN v.tracking = 'none'
 THEN 0 ELSE coalesce((
  SELECT sum(l.on_hand - l.allocated) FROM inventory_lotbalance l
  JOIN inventory_lot t ON t.id = l.lot_id
  WHERE l.position_id = p.id
    AND (t.block <> '' OR coalesce(t.removal_on, t.expires_on) <= %(today)s)
 ), 0) END)
"""

#: Of the variants, those that somebody waits for; by the index of open backorders.
WITH_BACKLOG = f"""
SELECT d.id FROM unnest(%(variants)s::bigint[]) AS d(id)
WHERE EXISTS (SELECT 1 FROM inventory_backorder b WHERE b.variant_id = d.id AND {_OPEN})
"""

#: Positions with free units of the variants at places that serve.
FREE_PLACES = f"""
SELECT p.id FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
{_SERVES.format(row="p")}
WHERE p.variant_id = ANY(%(variants)s::bigint[]) AND {_FREE} > 0
"""

#: Rows of the summary, locked by variant: whoever books later already holds them.
LOCK_SUMMARIES = """
SELECT 1 FROM inventory_stocksummary
WHERE variant_id = ANY(%s::bigint[]) ORDER BY variant_id FOR NO KEY UPDATE
"""

#: Who gets what of the free units at locked positions: the queue and the units are laid side by
#: side, and each overlap is one fill. No more of a long queue is read than units can serve. `part`
#: tells a fill apart from what the line holds at the place already.
MATCH = f"""
WITH room AS (
  SELECT p.id, p.node_id, p.variant_id, {_FREE} AS units
  FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
  {_SERVES.format(row="p")}
  WHERE p.id = ANY(%(positions)s::bigint[]) AND p.variant_id = ANY(%(variants)s::bigint[])
), shelf AS (
  SELECT id, node_id, variant_id, units,
         sum(units) OVER (PARTITION BY variant_id ORDER BY node_id) AS upto
  FROM room WHERE units > 0
), queue AS (
  SELECT w.*, sum(w.units) OVER (
    PARTITION BY w.variant_id ORDER BY w.priority DESC, w.created_at, w.id) AS upto
  FROM (SELECT variant_id, sum(units) AS units FROM shelf GROUP BY variant_id) t
  CROSS JOIN LATERAL (
    SELECT b.id, b.organization_id, b.demand_kind, b.demand_ref, b.line_ref, b.variant_id,
           b.channel, b.priority, b.created_at, b.quantity - b.filled - b.cancelled AS units
    FROM inventory_backorder b WHERE b.variant_id = t.variant_id AND {_OPEN}
    ORDER BY {_QUEUE} LIMIT t.units
  ) w
)
SELECT q.id, q.organization_id, q.demand_kind, q.demand_ref, q.line_ref, q.variant_id, q.channel,
       s.id, s.node_id,
       (least(q.upto, s.upto) - greatest(q.upto - q.units, s.upto - s.units))::int,
       coalesce((
         SELECT max(r.part) + 1 FROM inventory_reservation r
         WHERE r.demand_kind = q.demand_kind AND r.demand_ref = q.demand_ref
           AND r.line_ref = q.line_ref AND r.position_id = s.id AND r.lot_id IS NULL
           AND r.status IN ('held', 'confirmed', 'allocated', 'picked')), 0)
FROM queue q JOIN shelf s ON s.variant_id = q.variant_id
  AND least(q.upto, s.upto) > greatest(q.upto - q.units, s.upto - s.units)
ORDER BY q.variant_id, q.upto, s.upto
"""

#: Parameters: backorders, units.
COUNT_FILLED = """
UPDATE inventory_backorder AS b SET filled = b.filled + d.units, version = b.version + 1
FROM unnest(%s::bigint[], %s::int[]) AS d(id, units) WHERE b.id = d.id
"""

_COMING = f"""
SELECT s.id, s.variant_id, s.expected_on, s.promised, s.quantity - s.received - s.lost AS units,
       sum(s.quantity - s.received - s.lost) OVER (
         PARTITION BY s.variant_id ORDER BY s.expected_on, s.id) AS upto
FROM inventory_inboundsupply s JOIN catalog_variant v ON v.id = s.variant_id
{_SERVES.format(row="s")}
WHERE s.variant_id = ANY(%(variants)s::bigint[]) AND s.quantity > s.received + s.lost
"""

#: Backorders whose arrival or day is another one now: queue and arrivals are laid side by side,
#: and each backorder hangs on the arrival that brings its last unit.
CHANGED_PROMISES = f"""
WITH queue AS (
  SELECT b.id, b.demand_kind, b.demand_ref, b.variant_id, b.supply_id, b.promised_on, b.ships_on,
         sum(b.quantity - b.filled - b.cancelled) OVER (
           PARTITION BY b.variant_id ORDER BY {_QUEUE}) AS upto
  FROM inventory_backorder b WHERE b.variant_id = ANY(%(variants)s::bigint[]) AND {_OPEN}
), coming AS ({_COMING})
SELECT q.id, q.demand_kind, q.demand_ref, c.id, greatest(c.expected_on, q.ships_on)
FROM queue q LEFT JOIN coming c ON c.variant_id = q.variant_id
  AND q.upto > c.upto - c.units AND q.upto <= c.upto
WHERE (q.supply_id, q.promised_on)
  IS DISTINCT FROM (c.id, greatest(c.expected_on, q.ships_on))
"""

#: What of each arrival the queue takes.
COUNT_PROMISED = f"""
WITH waiting AS (
  SELECT b.variant_id, sum(b.quantity - b.filled - b.cancelled) AS units
  FROM inventory_backorder b WHERE b.variant_id = ANY(%(variants)s::bigint[]) AND {_OPEN}
  GROUP BY b.variant_id
), coming AS ({_COMING})
UPDATE inventory_inboundsupply AS s SET promised = d.promised, version = s.version + 1
FROM (
  SELECT x.id, CASE WHEN c.id IS NULL THEN 0 ELSE
    greatest(0, least(c.units, coalesce(w.units, 0) - (c.upto - c.units))) END AS promised
  FROM inventory_inboundsupply x
  LEFT JOIN coming c ON c.id = x.id LEFT JOIN waiting w ON w.variant_id = x.variant_id
  WHERE x.variant_id = ANY(%(variants)s::bigint[]) AND x.quantity > x.received + x.lost
) d
WHERE s.id = d.id AND s.promised <> d.promised
"""

#: All open backorders of the demands that have one of these. Parameter: backorders.
OF_SAME_DEMANDS = f"""
SELECT b.id, b.organization_id, b.demand_kind, b.demand_ref, b.promised_on
FROM inventory_backorder b
JOIN (SELECT DISTINCT demand_kind, demand_ref FROM inventory_backorder WHERE id = ANY(%s::bigint[]))
  AS d ON d.demand_kind = b.demand_kind AND d.demand_ref = b.demand_ref
WHERE {_OPEN} ORDER BY b.id
"""

#: Owner of each variant and what waits for it, by channel and kind. Parameter: variants.
STANDING = f"""
SELECT v.id, v.organization_id, b.channel, b.kind,
       coalesce(sum(b.quantity - b.filled - b.cancelled), 0)::bigint
FROM catalog_variant v LEFT JOIN inventory_backorder b ON b.variant_id = v.id AND {_OPEN}
WHERE v.id = ANY(%s::bigint[]) GROUP BY v.id, b.channel, b.kind
"""

#: Selling rules about the variants, or about all. Parameters: organizations, variants.
RULES = """
SELECT r.organization_id, r.variant_id, r.channel, r.backorder_limit, r.preorder_limit,
       r.preorder_ships_on
FROM inventory_sellingrule r
WHERE r.organization_id = ANY(%s::bigint[])
  AND (r.variant_id IS NULL OR r.variant_id = ANY(%s::bigint[]))
"""

#: Nobody waits any more. Parameters: kinds, refs.
CANCEL = f"""
UPDATE inventory_backorder AS b
SET cancelled = b.quantity - b.filled, version = b.version + 1
FROM (
  SELECT b.id, b.quantity - b.filled - b.cancelled AS units
  FROM unnest(%s::text[], %s::text[]) AS d(kind, ref)
  JOIN inventory_backorder b ON b.demand_kind = d.kind AND b.demand_ref = d.ref WHERE {_OPEN}
) AS d
WHERE b.id = d.id RETURNING d.units
"""

#: Open units of lines, and how many of them are to leave.
_OPEN_LINES = f"""
SELECT b.id, b.demand_kind, b.demand_ref, b.line_ref, b.variant_id,
       b.quantity - b.filled - b.cancelled AS units, d.leaving
FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[]) AS d(kind, ref, line, leaving)
JOIN inventory_backorder b
  ON b.demand_kind = d.kind AND b.demand_ref = d.ref AND b.line_ref = d.line
WHERE {_OPEN}
"""

#: Of lines, so many units are wanted no more; answers how many each still waits for.
#: Parameters: kinds, refs, lines, units.
SHORTEN = f"""
WITH d AS ({_OPEN_LINES})
UPDATE inventory_backorder AS b
SET cancelled = b.cancelled + least(d.units, d.leaving), version = b.version + 1
FROM d WHERE b.id = d.id
RETURNING d.demand_kind, d.demand_ref, d.line_ref, d.units - least(d.units, d.leaving)
"""
