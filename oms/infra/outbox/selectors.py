"""What waits, what failed and whether the relay lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from oms.core import clock
from oms.infra.outbox import _sql
from oms.infra.outbox.models import OutboxEvent, Redelivery

Aggregate = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OutboxHealth:
    """`pending` counts facts not yet relayed and failed deliveries that will be tried again;
    `relay_age_s` is None where no relay ever ran."""

    pending: int
    oldest_s: float
    dead_letters: int
    relay_age_s: float | None


def get_health() -> OutboxHealth:
    """This function will return the state of the outbox from one statement."""
    now = clock.real_now()
    with connection.cursor() as cursor:
        cursor.execute(_sql.HEALTH)
        pending, oldest, dead_letters, beat = cursor.fetchone()
    return OutboxHealth(
        pending=pending,
        oldest_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        dead_letters=dead_letters,
        relay_age_s=max(0.0, (now - beat).total_seconds()) if beat else None,
    )


def events_per_minute() -> float:
    """This function will return how many facts a minute are written now, from the newest ones: an
    exact count when it is quiet, their pace when it is not."""
    now = clock.real_now()
    with connection.cursor() as cursor:
        cursor.execute(_sql.PACE, {"since": now - timedelta(minutes=1)})
        recent, oldest, is_cut = cursor.fetchone()
    return recent * 60 / max((now - oldest).total_seconds(), 1.0) if is_cut else float(recent)


def list_unrelayed(*, limit: int) -> list[OutboxEvent]:
    """This function will return the next facts to deliver, in order.

    By mark, never by "higher than the last id": an id is given before its transaction commits, so
    a lower one may show up after a higher one.
    """
    return list(OutboxEvent.objects.filter(relayed_at=None).order_by("id")[:limit])


def list_due_redeliveries(*, limit: int) -> list[Redelivery]:
    """This function will return failed deliveries to try now, none before one it must follow."""
    query = Redelivery.objects.raw(_sql.DUE_REDELIVERIES, {"now": clock.real_now(), "limit": limit})
    return list(query.prefetch_related("event"))


def has_due() -> bool:
    """This function will tell whether a relay has anything to do now."""
    unrelayed = OutboxEvent.objects.filter(relayed_at=None)
    return unrelayed.exists() or bool(list_due_redeliveries(limit=1))


def list_blocked(*, aggregates: Sequence[Aggregate]) -> set[tuple[str, Aggregate]]:
    """This function will return the (consumer, aggregate) pairs that wait behind a failure."""
    if not aggregates:
        return set()
    kinds, ids = zip(*aggregates, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_sql.BLOCKED, {"kinds": list(kinds), "ids": list(ids)})
        return {(consumer, (kind, id_)) for consumer, kind, id_ in cursor.fetchall()}


def list_dead_letters(
    *, consumer: str | None = None, event_id: UUID | None = None
) -> QuerySet[Redelivery]:
    """This function will return deliveries given up and left to a person, oldest fact first."""
    chosen = Q(parked_at__isnull=False)
    if consumer is not None:
        chosen &= Q(consumer=consumer)
    if event_id is not None:
        chosen &= Q(event__event_id=event_id)
    return Redelivery.objects.filter(chosen).select_related("event").order_by("event_id", "id")
