"""Background work of carriers: each task looks for rows that are due and goes on until none is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import shared_task

from carriers.services import labels, notices, tracking, webhooks
from oms.core import clock
from oms.core.tasks import BaseTask

#: Then a task leaves the rest to the next one: no task may come near Celery's time limit.
_PATIENCE_S = 60.0


def _until_done(step: Callable[[], int]) -> int:
    ends_at = clock.monotonic() + _PATIENCE_S
    done = 0
    while clock.monotonic() < ends_at and (count := step()):
        done += count
    return done


@shared_task(name="carriers.buy_labels", base=BaseTask, queue="carriers")
def buy_labels(**_: Any) -> int:
    """Buys the labels that are due."""
    return _until_done(lambda: labels.buy_due(limit=128))


@shared_task(name="carriers.resolve_labels", base=BaseTask, queue="carriers")
def resolve_labels(**_: Any) -> int:
    """Looks up labels in doubt, among them those whose buyer died."""
    return _until_done(lambda: labels.resolve_in_doubt(limit=64))


@shared_task(name="carriers.announce_hand_over", base=BaseTask, queue="carriers")
def announce_hand_over(**_: Any) -> int:
    """Tells carriers which parcels left and which labels they get back."""
    return _until_done(lambda: notices.tell_due(limit=1000))


@shared_task(name="carriers.poll_tracking", base=BaseTask, queue="carriers")
def poll_tracking(**_: Any) -> int:
    """Asks about parcels that were silent too long."""
    return _until_done(lambda: tracking.poll_due(limit=1000))


@shared_task(name="carriers.process_webhooks", base=BaseTask, queue="carriers")
def process_webhooks(**_: Any) -> int:
    """Reads messages that were kept as they came."""
    return _until_done(lambda: webhooks.process_due(limit=50))
