"""The outbox's set-based statements, one constant each."""

from __future__ import annotations

#: One round trip for readiness probes, which ask often.
HEALTH = """
WITH waiting AS (
    SELECT recorded_at FROM outbox_outboxevent WHERE relayed_at IS NULL
    UNION ALL
    SELECT e.recorded_at FROM outbox_redelivery r JOIN outbox_outboxevent e ON e.id = r.event_id
    WHERE r.parked_at IS NULL
)
SELECT (SELECT count(*) FROM waiting),
       (SELECT min(recorded_at) FROM waiting),
       (SELECT count(*) FROM outbox_redelivery WHERE parked_at IS NOT NULL),
       (SELECT max(at) FROM outbox_relayheartbeat)
"""

#: A delivery is due when its own time has come and nothing before it, of the same aggregate and
#: for the same consumer, is parked or still waits for its time.
DUE_REDELIVERIES = """
SELECT r.* FROM outbox_redelivery r JOIN outbox_outboxevent e ON e.id = r.event_id
WHERE r.parked_at IS NULL AND r.available_at <= %(now)s
  AND NOT EXISTS (
    SELECT 1 FROM outbox_redelivery b JOIN outbox_outboxevent f ON f.id = b.event_id
    WHERE b.consumer = r.consumer AND b.event_id < r.event_id
      AND f.aggregate_kind = e.aggregate_kind AND f.aggregate_id = e.aggregate_id
      AND (b.parked_at IS NOT NULL OR b.available_at > %(now)s))
ORDER BY r.event_id, r.consumer
LIMIT %(limit)s
"""

BLOCKED = """
SELECT DISTINCT r.consumer, e.aggregate_kind, e.aggregate_id
FROM outbox_redelivery r JOIN outbox_outboxevent e ON e.id = r.event_id
JOIN unnest(%(kinds)s::text[], %(ids)s::text[]) AS a(kind, id)
  ON a.kind = e.aggregate_kind AND a.id = e.aggregate_id
"""

HEARTBEAT = """
INSERT INTO outbox_relayheartbeat (name, at, delivered) VALUES (%(name)s, %(at)s, %(delivered)s)
ON CONFLICT (name) DO UPDATE
SET at = EXCLUDED.at, delivered = outbox_relayheartbeat.delivered + EXCLUDED.delivered
"""

#: By the primary key from its end: the cost does not grow with the table or the pace.
PACE = """
SELECT count(*) FILTER (WHERE recorded_at >= %(since)s),
       min(recorded_at),
       count(*) = 1000 AND min(recorded_at) >= %(since)s
FROM (SELECT recorded_at FROM outbox_outboxevent ORDER BY id DESC LIMIT 1000) AS newest
"""

#: Writes facts in order and wakes the relay: a function of the database (migrations/0002), which
#: keeps its plan. Parameter: the facts as JSON.
APPEND = "SELECT outbox_append(%s::json)"
