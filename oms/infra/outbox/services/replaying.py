"""Reads the stored facts again, for read models made anew; nothing is marked or delivered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oms.infra.outbox import subscriptions
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services.batching import Delivery
from oms.infra.outbox.services.delivering import unwrap
from oms.infra.outbox.subscriptions import Delivered


def replay(*, consumer: str, names: Sequence[str], chunk: int) -> Iterator[list[Delivered[object]]]:
    """This function will yield the facts with these names as the consumer gets them, oldest first,
    in lists of at most `chunk`."""
    after = 0
    while rows := _next(names, after, chunk):
        yield [
            unwrap(Delivery(consumer, row, subscriptions.find(consumer, row.name))) for row in rows
        ]
        after = rows[-1].pk


def _next(names: Sequence[str], after: int, chunk: int) -> list[OutboxEvent]:
    facts = OutboxEvent.objects.filter(name__in=names, id__gt=after)
    return list(facts.order_by("id")[:chunk])
