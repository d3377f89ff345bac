"""Small facts of our own and consumers that exist for one test only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest

from oms.core import transactions
from oms.core.events import Event
from oms.infra.accounts.models import Organization
from oms.infra.outbox import subscriptions
from oms.infra.outbox.models import OutboxEvent, Redelivery
from oms.infra.outbox.services import emitting


@dataclass(frozen=True, kw_only=True)
class _ThingEvent(Event):
    AGGREGATE: ClassVar[str] = "thing"
    AGGREGATE_FIELD: ClassVar[str] = "thing"

    thing: str
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class Moved(_ThingEvent):
    NAME: ClassVar[str] = "test.thing.moved.v1"


@dataclass(frozen=True, kw_only=True)
class Painted(_ThingEvent):
    NAME: ClassVar[str] = "test.thing.painted.v1"
    CORRELATION_FIELD: ClassVar[str] = "story"

    story: str = ""


@dataclass(frozen=True, kw_only=True)
class Echoed(_ThingEvent):
    """The effect of a consumer: a row that commits or rolls back with its receipt."""

    NAME: ClassVar[str] = "test.thing.echoed.v1"


@pytest.fixture(autouse=True)
def own_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "_subscriptions", {})


def emit(*events: Event) -> None:
    with transactions.unit():
        emitting.emit_many(events)


def moved(thing: str, step: int = 0) -> Moved:
    return Moved(organization_id=organization_id(), thing=thing, step=step)


def painted(thing: str, story: str, step: int = 0) -> Painted:
    return Painted(organization_id=organization_id(), thing=thing, story=story, step=step)


def echo(delivered: subscriptions.Delivered[Moved]) -> None:
    fact = delivered.event
    emitting.emit_many([Echoed(organization_id=1, thing=fact.thing, step=fact.step)])


def organization_id() -> int:
    Organization.objects.get_or_create(pk=1, defaults={"code": "test", "name": "Test"})
    return 1


def echoes() -> list[tuple[str, int]]:
    rows = OutboxEvent.objects.filter(name=Echoed.NAME).order_by("id")
    return [(row.payload["thing"], row.payload["step"]) for row in rows]


def let_time_pass() -> None:
    """Makes every waiting redelivery due."""
    for row in Redelivery.objects.all():
        row.available_at -= timedelta(hours=2)
        row.save(update_fields=["available_at"])
