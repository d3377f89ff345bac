"""Brings facts to their consumers: receipt and effect in one transaction, so each effect is once.

A failure is narrowed to the event that causes it; that event, and what follows it in the same
aggregate for the same consumer, waits as a `Redelivery`. Everything else goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection

from oms.core import bulk, clock, logs, transactions
from oms.core.context import acting
from oms.core.errors import Conflict, OmsError
from oms.infra.outbox import selectors, subscriptions
from oms.infra.outbox.models import OutboxEvent, Receipt, Redelivery
from oms.infra.outbox.services.batching import Delivery, calls, chunks
from oms.infra.outbox.subscriptions import Delivered

logger = logging.getLogger(__name__)

#: Facts read at a time.
BATCH = 500
#: A chain of facts and effects longer than this is a loop.
MAX_HOPS = 16
#: Tries before a person must look; an anticipated error that repeats will not heal by waiting.
MAX_ATTEMPTS, MAX_ATTEMPTS_ANTICIPATED = 12, 3
_LONGEST_WAIT_S = 3600


class LoopDetected(Conflict):
    """Effects cause facts that cause the same effects."""

    code = "outbox.loop"


class ConsumerGone(Conflict):
    """A failed delivery names a consumer that no code subscribes any more."""

    code = "outbox.consumer_gone"


@dataclass(slots=True)
class Pass:
    """What one pass over the due work did; `blocked` aggregates wait, per consumer."""

    keep_going: Callable[[], bool]
    seen: int = 0
    delivered: int = 0
    is_interrupted: bool = False
    blocked: set[tuple[str, selectors.Aggregate]] = field(default_factory=set)


def run_pass(*, keep_going: Callable[[], bool]) -> Pass:
    """This function will deliver one batch of due retries and one of new facts.

    It asks `keep_going` before each transaction; what is left then is due again.
    """
    done = Pass(keep_going)
    _deliver_retries(done)
    _deliver_new(done)
    return done


def _deliver_retries(done: Pass) -> None:
    rows = selectors.list_due_redeliveries(limit=BATCH)
    done.seen += len(rows)
    _deliver_all(
        [
            Delivery(
                row.consumer,
                row.event,
                subscriptions.find(row.consumer, row.event.name),
                row.attempts,
                is_retry=True,
            )
            for row in rows
        ],
        done,
    )


def _deliver_new(done: Pass) -> None:
    facts = selectors.list_unrelayed(limit=BATCH)
    if not facts:
        return
    done.seen += len(facts)
    aggregates = {(fact.aggregate_kind, fact.aggregate_id) for fact in facts}
    done.blocked = selectors.list_blocked(aggregates=sorted(aggregates))
    _deliver_all(
        [
            Delivery(subscription.consumer, fact, subscription)
            for fact in facts
            for subscription in subscriptions.of(fact.name)
        ],
        done,
    )
    if not done.is_interrupted:
        ids = [fact.pk for fact in facts]
        OutboxEvent.objects.filter(pk__in=ids).update(relayed_at=clock.real_now())


def _deliver_all(deliveries: Iterable[Delivery], done: Pass) -> None:
    by_consumer: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        by_consumer.setdefault(delivery.consumer, []).append(delivery)
    for queue in by_consumer.values():
        for chunk in chunks(queue):
            _deliver(chunk, done)


def _deliver(deliveries: Sequence[Delivery], done: Pass) -> None:
    """Tries all at once; on a failure each half apart, down to the one that fails."""
    if done.is_interrupted or not done.keep_going():
        done.is_interrupted = True
        return
    free = [d for d in deliveries if (d.consumer, d.aggregate) not in done.blocked]
    _queue_behind([d for d in deliveries if (d.consumer, d.aggregate) in done.blocked])
    if not free:
        return
    try:
        done.delivered += _attempt(free)
    except Exception as error:
        if _lost_connection():
            raise
        if len(free) > 1:
            middle = len(free) // 2
            _deliver(free[:middle], done)
            _deliver(free[middle:], done)
        else:
            _record_failure(free[0], error)
            done.blocked.add((free[0].consumer, free[0].aggregate))


def _lost_connection() -> bool:
    # The database going away is nobody's failed attempt.
    return connection.connection is None or not connection.is_usable()


def _attempt(deliveries: Sequence[Delivery]) -> int:
    consumer = deliveries[0].consumer
    with transactions.consumer():
        fresh = _take_receipts(deliveries)
        for call in calls(fresh):
            _call(call)
        _forget_retries(deliveries)
    if fresh:
        logger.debug("%s took %d events", consumer, len(fresh))
    return len(fresh)


def _take_receipts(deliveries: Sequence[Delivery]) -> list[Delivery]:
    at = clock.real_now()
    taken = bulk.insert_rows(
        Receipt,
        [{"consumer": d.consumer, "event_id": d.event.pk, "at": at} for d in deliveries],
        on_conflict="ON CONFLICT (event_id, consumer) DO NOTHING",
        returning="event_id",
    )
    new = {row[0] for row in taken}
    return [d for d in deliveries if d.event.pk in new]


def _call(deliveries: Sequence[Delivery]) -> None:
    subscription = deliveries[0].subscription
    if subscription is None:
        raise ConsumerGone(f"Nothing subscribes as {deliveries[0].consumer}.")
    hops = max(d.event.hops for d in deliveries)
    if hops > MAX_HOPS:
        raise LoopDetected(f"A chain of more than {MAX_HOPS} facts.")
    only = deliveries[0].event if len(deliveries) == 1 else None
    with acting(
        actor=f"relay:{subscription.consumer}",
        causation_id=str(only.event_id) if only else "",
        correlation_id=only.correlation_id if only else "",
        # Of several, each effect follows the last one that is about the same.
        causes={
            d.event.correlation_id: str(d.event.event_id)
            for d in deliveries
            if d.event.correlation_id
        },
        hops=hops + 1,
    ):
        subscription.handler([unwrap(d) for d in deliveries])


def unwrap(delivery: Delivery) -> Delivered[object]:
    """This function will return the fact as its consumer gets it."""
    assert delivery.subscription is not None
    event = delivery.event
    return Delivered(
        event=delivery.subscription.decode(event.payload),
        name=event.name,
        event_id=event.event_id,
        sequence=event.pk,
        organization_id=event.organization_id,
        aggregate_id=event.aggregate_id,
        correlation_id=event.correlation_id,
        actor=event.actor,
        occurred_at=event.occurred_at,
        hops=event.hops,
        causation_id=event.causation_id,
    )


def _forget_retries(deliveries: Sequence[Delivery]) -> None:
    retried = [d.event.pk for d in deliveries if d.is_retry]
    if retried:
        consumer = deliveries[0].consumer
        Redelivery.objects.filter(consumer=consumer, event_id__in=retried).delete()


def _queue_behind(deliveries: Sequence[Delivery]) -> None:
    """Keeps the order of an aggregate: what follows a failure waits for it."""
    rows = [
        {"consumer": d.consumer, "event_id": d.event.pk, "available_at": clock.real_now()}
        | {"attempts": 0, "last_error": ""}
        for d in deliveries
        if not d.is_retry
    ]
    if not rows:
        return
    with transactions.unit():
        bulk.insert_rows(
            Redelivery, rows, on_conflict="ON CONFLICT (event_id, consumer) DO NOTHING"
        )


def _record_failure(delivery: Delivery, error: Exception) -> None:
    attempts, now = delivery.attempts + 1, clock.real_now()
    is_parked = attempts >= _most_attempts(error)
    row = {
        "consumer": delivery.consumer,
        "event_id": delivery.event.pk,
        "attempts": attempts,
        "available_at": now + timedelta(seconds=_wait_s(attempts)),
        "parked_at": now if is_parked else None,
        "last_error": _describe(error),
    }
    changes = ("attempts", "available_at", "parked_at", "last_error")
    with transactions.unit():
        bulk.insert_rows(
            Redelivery,
            [row],
            on_conflict="ON CONFLICT (event_id, consumer) DO UPDATE SET "
            + ", ".join(f"{name} = EXCLUDED.{name}" for name in changes),
        )
    logger.warning(
        "%s failed on %s %s, attempt %d%s",
        delivery.consumer,
        delivery.event.name,
        delivery.event.event_id,
        attempts,
        ": parked as a dead letter" if is_parked else "",
        exc_info=error,
    )


def _wait_s(attempts: int) -> int:
    return min(1 << min(attempts, 12), _LONGEST_WAIT_S)


def _most_attempts(error: Exception) -> int:
    if isinstance(error, LoopDetected | ConsumerGone):
        return 1
    if isinstance(error, OmsError) and not error.is_retryable:
        return MAX_ATTEMPTS_ANTICIPATED
    return MAX_ATTEMPTS


def _describe(error: Exception) -> str:
    # Type, code and place only: the text of a database error may repeat the row it refused.
    facts = logs.describe(error)
    where = facts["frames"][-1] if facts["frames"] else ""
    return " ".join(filter(None, [facts["type"], facts["code"], where]))[:400]
