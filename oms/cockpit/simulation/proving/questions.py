"""What the database itself says about promises, units and locks."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection

#: At this moment, by the balances.
_OVERSOLD_NOW = """
SELECT coalesce(sum(held + allocated + earmarked - on_hand - oversell_limit), 0)
FROM inventory_stockposition WHERE held + allocated + earmarked > on_hand + oversell_limit
"""

#: At any moment of any position's story, by its movements: a unit that was sold twice and given
#: back once shows here, too.
_OVERSOLD_EVER = """
SELECT coalesce(sum(w.worst), 0) FROM (
  SELECT max(s.promised - s.on_hand - p.oversell_limit) AS worst
  FROM (
    SELECT m.position_id,
      sum(m.held_delta + m.allocated_delta + m.earmarked_delta) OVER story AS promised,
      sum(m.on_hand_delta) OVER story AS on_hand
    FROM inventory_stockmovement m WINDOW story AS (PARTITION BY m.position_id ORDER BY m.id)
  ) s JOIN inventory_stockposition p ON p.id = s.position_id
  GROUP BY s.position_id
) w WHERE w.worst > 0
"""

#: Units that can still be sold.
_UNSOLD = """
SELECT coalesce(sum(on_hand - held - allocated - earmarked - safety_stock + oversell_limit), 0)
FROM inventory_stockposition
WHERE on_hand - held - allocated - earmarked - safety_stock + oversell_limit > 0
"""

#: Live reservations against the balances they stand behind; the ledger compares each position.
_UNBACKED = """
SELECT abs((SELECT coalesce(sum(held + allocated), 0) FROM inventory_stockposition)
         - (SELECT coalesce(sum(quantity), 0) FROM inventory_reservation
            WHERE status IN ('held', 'confirmed', 'allocated', 'picked')
              AND position_id IS NOT NULL))
"""

#: Reservations that ended twice.
_ENDED_TWICE = """
SELECT count(*) FROM (
  SELECT subject_id FROM inventory_reservationstatuschange
  WHERE to_status IN ('consumed', 'released', 'expired')
  GROUP BY subject_id HAVING count(*) > 1
) x
"""

_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


#: Seconds that somebody waits for a lock at this moment, at most.
_LOCK_WAIT = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.datname = current_database()
WHERE NOT l.granted
"""


def units_oversold_now() -> int:
    """This function will return how many units are promised and not there."""
    return _number(_OVERSOLD_NOW)


def units_oversold_ever() -> int:
    """This function will return the most that each position was oversold by, added up."""
    return _number(_OVERSOLD_EVER)


def units_unsold() -> int:
    """This function will return the units that nobody has."""
    return _number(_UNSOLD)


def units_unbacked() -> int:
    """This function will return by how many units balances and live reservations differ."""
    return _number(_UNBACKED)


def reservations_ended_twice() -> int:
    """This function will count reservations that were shipped, given back or expired twice."""
    return _number(_ENDED_TWICE)


def deadlocks() -> int:
    """This function will count the deadlocks that the server broke up in this database."""
    return _number(_DEADLOCKS)


def longest_lock_wait() -> float:
    """This function will return for how many seconds the most patient session waits now."""
    return float(_value(_LOCK_WAIT))


def _number(statement: str) -> int:
    return int(_value(statement))


def _value(statement: str) -> Decimal:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return Decimal(cursor.fetchone()[0])
