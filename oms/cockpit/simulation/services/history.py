"""Business times of floor work on orders of the past: each step some minutes after the last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from inventory.warehouse import selectors as warehouse
from inventory.warehouse.types import WorkFacts
from oms.core import clock

#: Minutes from release to pick, pick to pack; the carrier comes at the ship-by time.
_UNTIL_PICKED, _UNTIL_PACKED = timedelta(minutes=40), timedelta(minutes=15)


def times_for(work_refs: Sequence[str]) -> dict[str, datetime]:
    """This function will return the time of each work order's next step.

    Work that was released just now is done now.
    """
    now = clock.real_now()
    return {
        work.work_ref: min(now, _next(work))
        for work in warehouse.facts_by_refs(work_refs=work_refs)
    }


def _next(work: WorkFacts) -> datetime:
    if work.packed_at is not None:
        return max(work.due_at, work.packed_at)
    if work.picked_at is not None:
        return work.picked_at + _UNTIL_PACKED
    return work.created_at + _UNTIL_PICKED
