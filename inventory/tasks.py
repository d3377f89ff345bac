"""Background work of inventory."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from inventory.services import reservations
from oms.core import clock
from oms.core.tasks import BaseTask

#: One tick ends at most this many holds; the next tick takes the rest.
_BATCH = 1_000


@shared_task(name="inventory.expire_reservations", base=BaseTask, queue="default")
def expire_reservations(**_: Any) -> int:
    """Tidies holds that ran out; they could be sold again from the moment they did."""
    return reservations.expire_due(before=clock.now(), limit=_BATCH)
