"""Background work of inventory."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from inventory.services import reservations
from oms.core import clock
from oms.core.tasks import BaseTask

#: One transaction ends at most this many holds, so that nobody waits long for a place.
_BATCH = 1_000
#: One tick ends at most so many batches; the next tick takes the rest.
_BATCHES = 60


@shared_task(name="inventory.expire_reservations", base=BaseTask, queue="default")
def expire_reservations(**_: Any) -> int:
    """Tidies holds that ran out; they could be sold again from the moment they did."""
    ended = 0
    for _batch in range(_BATCHES):
        done = reservations.expire_due(before=clock.now(), limit=_BATCH)
        ended += done
        if done < _BATCH:
            break
    return ended
