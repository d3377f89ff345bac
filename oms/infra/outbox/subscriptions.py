"""Who listens to what. Filled when apps load; read by the relay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from oms.core.events import Event

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delivered(Generic[T]):
    """One event as a consumer sees it: the fact, and the envelope it came in."""

    event: T
    name: str
    event_id: UUID
    sequence: int
    organization_id: int
    aggregate_id: str
    correlation_id: str
    actor: str
    occurred_at: datetime
    hops: int
    #: The event or the request that led to it.
    causation_id: str = ""


Handler = Callable[[Sequence[Delivered[Any]]], None]


class DuplicateSubscription(RuntimeError):
    """One consumer subscribed twice to one event: its receipt could not tell the two apart."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`consumer` takes events called `name` as `payload_type`; the type's fields are a subset."""

    consumer: str
    name: str
    payload_type: type[Any]
    handler: Handler
    batch_size: int

    def decode(self, payload: dict[str, Any]) -> Any:
        return msgspec.convert(payload, self.payload_type, strict=False)


_subscriptions: dict[str, list[Subscription]] = {}


def subscribe(
    *events: type[Event] | tuple[str, type[Any]], consumer: str, batch_size: int = 200
) -> Callable[[Handler], Handler]:
    """This function will register a handler of one consumer for some events.

    To a publisher below: its event class. To one above: `(name, own payload dataclass)` holding
    only the fields used. The handler gets a list in the order of the facts, inside one transaction
    that also holds the receipts: it may be called again with the same events only if that
    transaction did not commit.

    :raises DuplicateSubscription: the consumer already takes one of the events.
    """

    def register(handler: Handler) -> Handler:
        for event in events:
            name, payload = event if isinstance(event, tuple) else (event.NAME, event)
            if find(consumer, name):
                raise DuplicateSubscription(f"{consumer} already takes {name}")
            _subscriptions.setdefault(name, []).append(
                Subscription(consumer, name, payload, handler, batch_size)
            )
        return handler

    return register


def of(name: str) -> list[Subscription]:
    """This function will return the subscriptions to an event name."""
    return _subscriptions.get(name, [])


def find(consumer: str, name: str) -> Subscription | None:
    """This function will return a consumer's subscription to an event name, or None."""
    return next((s for s in of(name) if s.consumer == consumer), None)


def every() -> list[Subscription]:
    """This function will return all subscriptions."""
    return [s for group in _subscriptions.values() for s in group]
