"""Cuts a batch into handler calls: as few as possible, order kept within an aggregate and within
everything that one correlation id ties together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.subscriptions import Subscription

#: Above this many hops a call takes events of one hop count only: what a batch emits carries its
#: highest count, and mixing must not let innocent chains climb to the limit.
EXACT_HOPS = 8

_CallKind = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one consumer; `attempts` is how often it failed, `is_retry` that it did.

    `subscription` is None where the code no longer has the consumer that once failed.
    """

    consumer: str
    event: OutboxEvent
    subscription: Subscription | None
    attempts: int = 0
    is_retry: bool = False

    @property
    def aggregate(self) -> tuple[str, str]:
        return self.event.aggregate_kind, self.event.aggregate_id


def calls(deliveries: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    """This function will yield one consumer's deliveries as handler calls, in a safe order.

    Each delivery goes to the earliest round that comes after all it must follow; within a round
    the calls share neither an aggregate nor a correlation id.
    """
    placed: dict[tuple[int, _CallKind], list[Delivery]] = {}
    latest: dict[tuple[str, str], tuple[int, _CallKind]] = {}
    for delivery in deliveries:
        kind = _call_kind(delivery)
        keys = _order_keys(delivery)
        before = [latest[key] for key in keys if key in latest]
        level = max((at if same == kind else at + 1 for at, same in before), default=0)
        for key in keys:
            latest[key] = (level, kind)
        placed.setdefault((level, kind), []).append(delivery)
    for (_level, _kind), call in sorted(placed.items(), key=lambda entry: entry[0][0]):
        yield call


def chunks(deliveries: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    """This function will yield pieces no longer than the consumer's smallest batch size."""
    sizes = [d.subscription.batch_size for d in deliveries if d.subscription]
    size = max(1, min(sizes, default=len(deliveries)))
    for start in range(0, len(deliveries), size):
        yield deliveries[start : start + size]


def _call_kind(delivery: Delivery) -> _CallKind:
    hops = delivery.event.hops
    handler = delivery.subscription.handler if delivery.subscription else None
    return id(handler), hops if hops > EXACT_HOPS else -1


def _order_keys(delivery: Delivery) -> list[tuple[str, str]]:
    keys = [delivery.aggregate]
    if delivery.event.correlation_id:
        keys.append(("", delivery.event.correlation_id))
    return keys
