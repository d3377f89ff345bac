"""Statements of the milestone clock: each one for any number of orders."""

#: A milestone is reached when the last unit that was not cancelled got there; what is routed anew
#: later takes it back. Times are those of the last work, else of the fact that completed it.
MARK = """
UPDATE orders_order AS o
SET picked_at = CASE WHEN s.is_picked THEN coalesce(o.picked_at, s.at) END,
    packed_at = CASE WHEN s.is_packed THEN coalesce(o.packed_at, s.packed_at, s.at) END,
    shipped_at = CASE WHEN s.is_shipped THEN coalesce(o.shipped_at, s.closed_at, s.at) END,
    at_risk_of = CASE WHEN s.is_shipped THEN '' ELSE o.at_risk_of END,
    at_risk_at = CASE WHEN s.is_shipped THEN NULL ELSE o.at_risk_at END
FROM (
    SELECT d.order_id, d.at, w.packed_at, w.closed_at,
           l.is_routed AND w.unpicked = 0 AS is_picked,
           l.is_routed AND w.unpacked = 0 AS is_packed,
           l.is_shipped
    FROM json_to_recordset(%s::json) AS d(order_id bigint, at timestamptz)
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE status IN ('proposed', 'open', 'scheduled')) AS unpicked,
               count(*) FILTER (WHERE status NOT IN ('packed', 'closed')) AS unpacked,
               max(packed_at) AS packed_at, max(closed_at) AS closed_at
        FROM orders_fulfillmentorder
        WHERE order_id = d.order_id AND status <> 'cancelled'
    ) AS w
    CROSS JOIN LATERAL (
        SELECT sum(ordered - cancelled) > 0 AND sum(unallocated + backordered) = 0 AS is_routed,
               sum(ordered - cancelled) > 0 AND sum(ordered - cancelled - shipped) = 0 AS is_shipped
        FROM orders_orderline WHERE order_id = d.order_id
    ) AS l
) AS s
WHERE o.id = s.order_id
"""

#: Who is at risk of what now, and who is not any more. Rows that somebody holds are looked at the
#: next time. `at_risk_at` keeps the first sight.
FLAG = """
WITH seen AS (
    SELECT o.id, o.at_risk_of AS was, o.status, o.shipped_at, o.latest_ship_at,
           o.released_at, o.picked_at, o.packed_at,
           least(1, greatest(0, extract(epoch FROM o.latest_ship_at - o.placed_at)
               / %(longest)s)) AS share
    FROM orders_order AS o
    WHERE o.id IN (
        SELECT id FROM orders_order
        WHERE status IN ('confirmed', 'released') AND shipped_at IS NULL
          AND latest_ship_at BETWEEN %(oldest)s AND %(horizon)s
        UNION
        SELECT id FROM orders_order WHERE at_risk_of <> ''
    )
), judged AS (
    SELECT id, was, CASE
        WHEN status NOT IN ('confirmed', 'released') OR shipped_at IS NOT NULL
          OR latest_ship_at IS NULL THEN ''
        WHEN released_at IS NULL
          AND latest_ship_at - make_interval(secs => %(released)s * share) <= %(now)s
          THEN 'released'
        WHEN picked_at IS NULL
          AND latest_ship_at - make_interval(secs => %(picked)s * share) <= %(now)s
          THEN 'picked'
        WHEN packed_at IS NULL
          AND latest_ship_at - make_interval(secs => %(packed)s * share) <= %(now)s
          THEN 'packed'
        WHEN latest_ship_at - make_interval(secs => %(warning)s) <= %(now)s THEN 'shipped'
        ELSE '' END AS of
    FROM seen
), free AS (
    SELECT o.id, j.was, j.of FROM judged AS j JOIN orders_order AS o ON o.id = j.id
    WHERE j.was <> j.of AND o.at_risk_of = j.was
    ORDER BY o.id LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
)
UPDATE orders_order AS o
SET at_risk_of = f.of,
    at_risk_at = CASE WHEN f.of <> '' THEN coalesce(o.at_risk_at, %(now)s) END
FROM free AS f WHERE o.id = f.id
RETURNING o.id, f.was, f.of
"""
