"""Gives deliveries that were given up another chance."""

from __future__ import annotations

from uuid import UUID

from oms.core import bulk, clock
from oms.core.transactions import use_case
from oms.infra.outbox import selectors
from oms.infra.outbox.models import Redelivery


@use_case
def retry(*, consumer: str | None = None, event_id: UUID | None = None) -> int:
    """This function will make the chosen dead letters due again; all of them without a choice.

    An effect that happened does not happen again: its receipt stands. A letter that is already due
    is not chosen, so that asking twice changes nothing.

    :returns: how many were made due.
    """
    chosen = selectors.list_dead_letters(consumer=consumer, event_id=event_id)
    locked = chosen.select_for_update(of=("self",)).values_list("pk", flat=True)
    count = Redelivery.objects.filter(pk__in=list(locked)).update(
        parked_at=None, attempts=0, available_at=clock.real_now()
    )
    if count:
        bulk.notify("outbox")
    return count
