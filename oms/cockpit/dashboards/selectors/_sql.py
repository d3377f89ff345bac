"""The board's statements: a constant number whatever the number of orders, each by an index.

`nodes` is NULL for everybody who sees all nodes.
"""

from __future__ import annotations

_SCOPE = "(%(nodes)s::text[] IS NULL OR node_code = ANY(%(nodes)s))"
_ACTIVE = "stage NOT IN ('done', 'cancelled')"

#: Late: the carrier came or comes within the hour and the parcel is here, or the promise passed.
_AT_RISK = """(stage <> 'in_transit' AND latest_ship_at <= %(soon)s) OR promised_on < %(today)s"""

FLOW = f"""
SELECT CASE WHEN held_since IS NOT NULL AND stage <> 'in_transit' THEN 'hold' ELSE stage END,
       count(*), min(coalesce(held_since, stage_since)), count(*) FILTER (WHERE {_AT_RISK}),
       min(latest_ship_at) FILTER (WHERE stage <> 'in_transit')
FROM dashboards_ordercard WHERE {_ACTIVE} AND {_SCOPE} GROUP BY 1
"""

LANES = f"""
SELECT node_code, latitude, longitude, count(*), count(*) FILTER (WHERE {_AT_RISK})
FROM dashboards_ordercard
WHERE stage = 'in_transit' AND {_ACTIVE} AND latitude IS NOT NULL AND node_code <> '' AND {_SCOPE}
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT %(limit)s
"""

LATEST = f"""
SELECT order_ref, number, place, stage, stage_since, on_time FROM dashboards_ordercard
WHERE stage IN ('label', 'hand_over', 'in_transit', 'done') AND number <> '' AND {_SCOPE}
ORDER BY stage_since DESC LIMIT %(limit)s
"""

#: Days in UTC, as everything on the board.
DAYS = f"""
SELECT (placed_at AT TIME ZONE 'UTC')::date, count(*), 0, 0, 0, 0 FROM dashboards_ordercard
WHERE placed_at >= %(since)s AND placed_at < %(until)s AND {_SCOPE} GROUP BY 1
UNION ALL
SELECT (delivered_at AT TIME ZONE 'UTC')::date, 0, count(*), count(*) FILTER (WHERE on_time),
       count(*) FILTER (WHERE NOT needed_person), sum(ship_cost) FROM dashboards_ordercard
WHERE delivered_at >= %(since)s AND delivered_at < %(until)s AND {_SCOPE} GROUP BY 1
"""

NODES_OF = """
SELECT order_ref, node_code FROM dashboards_ordercard WHERE order_ref = ANY(%(refs)s)
"""
