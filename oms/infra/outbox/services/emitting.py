"""Writes facts into the outbox in the transaction of the change: both, or neither."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from django.db import connection

from oms.core import clock, ids
from oms.core.context import Context, current
from oms.core.events import Event
from oms.core.transactions import needs_transaction
from oms.infra.outbox import _sql


@needs_transaction
def emit(*events: Event) -> None:
    """This function will store the events, in order, in one statement."""
    emit_many(events)


@needs_transaction
def emit_many(events: Sequence[Event]) -> None:
    """This function will store the events, in order, in one statement, and wake the relay."""
    facts = facts_of(events)
    if facts is not None:
        with connection.cursor() as cursor:
            cursor.execute(_sql.APPEND, [facts])


def facts_of(events: Sequence[Event]) -> str | None:
    """This function will return the events as `outbox_append` takes them, for a service that writes
    them in one call with their cause; None where there are none.

    Context gives actor, causation (an event, else the request), hops; an event's own correlation
    field wins over the context's.
    """
    if not events:
        return None
    context = current()
    now, real_now = clock.now(), clock.real_now()
    facts = [
        {
            "event_id": ids.event_id(),
            "name": event.NAME,
            "organization_id": event.organization_id,
            "aggregate_kind": event.AGGREGATE,
            "aggregate_id": event.aggregate_id,
            "correlation_id": event.correlation_id or context.correlation_id,
            "causation_id": _cause_of(event, context),
            "actor": context.actor,
            "hops": context.hops,
            "payload": event.payload(),
            "occurred_at": getattr(event, "occurred_at", None) or now,
            "recorded_at": real_now,
        }
        for event in events
    ]
    return orjson.dumps(facts).decode()


def _cause_of(event: Event, context: Context) -> str:
    one_of_many = context.causes.get(event.correlation_id, "")
    # A caller's own request id may be longer than the column.
    return (context.causation_id or one_of_many or context.request_id)[:60]
