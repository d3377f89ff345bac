"""The outbox relay.

- relay, one trivial consumer: deliveries per second of `outbox.services.relaying.drain` with a
  batch handler that only counts; raw is the cheapest relay that commits each event by itself: one
  prepared statement per event (receipt and mark), one connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg
from django.db import connection

from oms.cockpit.simulation.bench import timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.raw_placing import connect_options
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.core.events import Event
from oms.core.transactions import unit
from oms.infra.outbox.services import emitting, relaying
from oms.infra.outbox.subscriptions import Delivered, subscribe

CONSUMER = "simulation.bench"
_PER_EMIT = 500

_OLDEST = "SELECT id FROM outbox_outboxevent WHERE relayed_at IS NULL ORDER BY id"
_ONE_COMMIT = """
WITH receipt AS (
  INSERT INTO outbox_receipt (consumer, event_id, at) VALUES ('simulation.bench.raw', %s, now())
  RETURNING event_id
)
UPDATE outbox_outboxevent SET relayed_at = now() FROM receipt WHERE id = receipt.event_id
"""


class Undelivered(RuntimeError):
    """The relay delivered another number of events than there were."""


@dataclass(frozen=True, kw_only=True)
class Ticked(Event):
    """Nothing happened; every tick is its own aggregate."""

    NAME: ClassVar[str] = "simulation.bench.ticked.v1"
    AGGREGATE: ClassVar[str] = "tick"
    AGGREGATE_FIELD: ClassVar[str] = "tick_ref"

    tick_ref: str


@subscribe(Ticked, consumer=CONSUMER, batch_size=500)
def on_ticked(facts: Sequence[Delivered[Ticked]]) -> None:
    """Does nothing: what is measured is the way here."""


def measure(organization_id: int, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figure of the relay; nothing else may wait in the outbox."""
    relaying.drain()
    ours, limit = timing.in_turns(
        sizes.rounds,
        lambda: _drained(organization_id, sizes.deliveries),
        lambda: _committed_one_by_one(organization_id, sizes.commits),
    )
    yield Figure("relay, one trivial consumer", ours, "deliveries/s", raw=limit)


def _drained(organization_id: int, count: int) -> float:
    _emit(organization_id, count)
    return timing.rate(lambda: _drain(count))


def _drain(count: int) -> int:
    delivered = relaying.drain()
    if delivered != count:
        raise Undelivered(f"{delivered} deliveries of {count}")
    return delivered


def _committed_one_by_one(organization_id: int, count: int) -> float:
    _emit(organization_id, count)
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        keys = [row[0] for row in cursor.fetchall()]
    with psycopg.connect(**connect_options(), autocommit=True, prepare_threshold=0) as session:
        return timing.rate(lambda: _commit_each(session, keys))


def _commit_each(session: psycopg.Connection[tuple[Any, ...]], keys: Sequence[int]) -> int:
    for key in keys:
        session.execute(_ONE_COMMIT, [key])
    return len(keys)


def _emit(organization_id: int, count: int) -> None:
    for start in range(0, count, _PER_EMIT):
        with unit():
            emitting.emit_many(
                [
                    Ticked(organization_id=organization_id, tick_ref=f"tick_{number}")
                    for number in range(start, min(start + _PER_EMIT, count))
                ]
            )
