"""The books of a large seller: a million places, five million movements, a million stale holds.

- ledger verified, seconds: one `ledger.verify`; and the most memory that this process and its
  database backend ever had, in megabytes.
- stale holds ended: holds per second of `reservations.expire_due` in batches, until none is left;
  the longest batch; and what single reservations at the same places take meanwhile.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

from django.db import connection

from inventory.services import ledger, reservations, selling
from inventory.types import Demand, Leg
from oms.cockpit.simulation.bench import promising, timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World, settle
from oms.core import clock
from oms.core.context import acting

BATCH = 1_000
PER_PLACE = 5
VERIFY_S = 120.0
#: Nobody waits longer for a place that a batch holds (lock timeout).
WAIT_MS = 3_000.0

_numbers = count(1)

#: Five movements a place, the last one bringing what is missing. Parameter: first place.
_MOVEMENTS = """
INSERT INTO inventory_stockmovement (position_id, kind, on_hand_delta, held_delta, allocated_delta,
  earmarked_delta, quarantined_delta, damaged_delta, returned_delta, reason, actor, cause,
  document_kind, document_ref, occurred_at)
SELECT p.id, 'received', CASE WHEN n < %s THEN 1 ELSE p.on_hand - %s + 1 END, 0, 0, 0, 0, 0, 0, '',
  'command:bench', '', 'bench', 'scale', %s
FROM inventory_stockposition p, generate_series(1, %s) AS n WHERE p.id >= %s
"""

#: Places of the first variants get units and as many holds of one unit that ran out.
_STOCK = """
UPDATE inventory_stockposition SET on_hand = on_hand + %s, held = held + %s WHERE id = ANY(%s)
"""
_BROUGHT = """
INSERT INTO inventory_stockmovement (position_id, kind, on_hand_delta, held_delta, allocated_delta,
  earmarked_delta, quarantined_delta, damaged_delta, returned_delta, reason, actor, cause,
  document_kind, document_ref, occurred_at)
SELECT id, 'received', %s, 0, 0, 0, 0, 0, 0, '', 'command:bench', '', 'bench', 'scale', %s
FROM unnest(%s::bigint[]) AS id
"""
_HOLDS = """
WITH made AS (
  INSERT INTO inventory_reservation (public_id, organization_id, demand_kind, demand_ref, line_ref,
    variant_id, position_id, part, quantity, earmarked, channel, extensions, status, expires_at,
    version, created_at)
  SELECT 'rsv_scale_' || p.id || '_' || n, %s, 'cart', 'scale_' || p.id || '_' || n, '1',
    p.variant_id, p.id, 0, 1, 0, '', 0, 'held', %s, 0, %s
  FROM inventory_stockposition p, generate_series(1, %s) AS n WHERE p.id = ANY(%s)
  RETURNING position_id, demand_ref
)
INSERT INTO inventory_stockmovement (position_id, kind, on_hand_delta, held_delta, allocated_delta,
  earmarked_delta, quarantined_delta, damaged_delta, returned_delta, reason, actor, cause,
  document_kind, document_ref, occurred_at)
SELECT position_id, 'held', 0, 1, 0, 0, 0, 0, 0, '', 'command:bench', '', 'cart', demand_ref, %s
FROM made
"""


_PLACE = "SELECT node_id, variant_id FROM inventory_stockposition WHERE id = %s"


class LedgerDiffers(RuntimeError):
    """The books do not add up."""


def measure(world: World, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figures of scale."""
    variants = promising.fill(world.organization_id, sizes.atp_variants)
    places = _write_books(variants)
    settle()
    yield from _verified(len(places))
    stale = places[: max(1, sizes.stale_holds // 100)]
    _hold(world, stale, sizes.stale_holds // len(stale))
    settle()
    yield from _swept(world, stale)
    if ledger.verify().count:
        raise LedgerDiffers("after the sweep")


def _write_books(variants: list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM inventory_stockposition WHERE variant_id = ANY(%s) ORDER BY id",
            [variants],
        )
        places = [row[0] for row in cursor.fetchall()]
        cursor.execute(_MOVEMENTS, [PER_PLACE, PER_PLACE, clock.now(), PER_PLACE, places[0]])
    return places


def _verified(places: int) -> Iterator[Figure]:
    started = clock.monotonic()
    report = ledger.verify()
    spent = clock.monotonic() - started
    if report.count:
        raise LedgerDiffers(f"{report.count} differences")
    name = f"ledger verified, {report.movements:,} movements, {places:,} places"
    yield Figure(name, spent, "s", most=VERIFY_S)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("ledger verified, most memory of the process", own, "MB")
    yield Figure("ledger verified, most memory of its backend", _backend_mb(), "MB")


def _backend_mb() -> float:
    """The high-water mark of this connection's database process; 0 where that is elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        status = Path(f"/proc/{cursor.fetchone()[0]}/status")
    if not status.exists():
        return 0.0
    [line] = [text for text in status.read_text().splitlines() if text.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _hold(world: World, places: list[int], each: int) -> None:
    past = clock.now() - timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute(_STOCK, [each, each, places])
        cursor.execute(_BROUGHT, [each, past, places])
        cursor.execute(_HOLDS, [world.organization_id, past, past, each, places, past])


def _swept(world: World, places: list[int]) -> Iterator[Figure]:
    over = threading.Event()
    waits: list[float] = []
    buyer = threading.Thread(target=_buy_until, args=(world, places[-1], over, waits))
    buyer.start()
    batches: list[float] = []
    started, ended = clock.monotonic(), 0
    while True:
        begun = clock.monotonic()
        done = reservations.expire_due(before=clock.now(), limit=BATCH)
        batches.append((clock.monotonic() - begun) * 1_000)
        ended += done
        if done < BATCH:
            break
    spent = clock.monotonic() - started
    over.set()
    buyer.join()
    name = f"{ended:,} stale holds ended"
    yield Figure(name, ended / spent, "holds/s")
    yield Figure(f"{name}, longest batch of {BATCH:,}", max(batches), "ms", most=WAIT_MS)
    p99 = timing.percentile(waits, 0.99)
    yield Figure(f"{name}, reserving meanwhile, p99", p99, "ms", most=WAIT_MS)


def _buy_until(world: World, place: int, over: threading.Event, waits: list[float]) -> None:
    """One unit after the other at the place whose holds are ended last."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [place])
        node_id, variant_id = cursor.fetchone()
    connection.close()
    with acting(actor="command:bench"):
        while not over.is_set():
            legs = (Leg("1", variant_id, node_id, 1),)
            demand = Demand(world.organization_id, "bench", f"during_{next(_numbers)}", legs)
            waits.append(timing.milliseconds(partial(selling.reserve_now, demand=demand)))
            over.wait(0.02)
    selling.stop()
