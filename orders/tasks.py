"""Background work of orders: each task looks for rows that are due, a bounded batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import shared_task

from oms.core import clock, waking
from oms.core.tasks import BaseTask
from orders.importing import uploads
from orders.services import approvals, bulk_holds, expiring, hold_clock, reassigning, risks

#: Seconds after which the queue gets its worker back; the import goes on in its turn.
SLICE_S = 60.0

#: Orders locked at a time.
_BATCH = 200
#: Flags set or taken back at a time.
_FLAGS = 1_000
#: Then a task leaves the rest to the next tick.
_PATIENCE_S = 60.0


def _until_done(step: Callable[[], int]) -> int:
    ends_at = clock.monotonic() + _PATIENCE_S
    done = 0
    while clock.monotonic() < ends_at and (count := step()):
        done += count
    return done


@shared_task(name="orders.expire_unpaid", base=BaseTask, queue="default")
def expire_unpaid(**_: Any) -> None:
    """Ends orders that nobody paid in time."""
    while expiring.expire_unpaid():
        pass


@shared_task(name="orders.release_due_holds", base=BaseTask, queue="default")
def release_due_holds(**_: Any) -> int:
    """Ends holds whose time is over."""
    return _until_done(lambda: hold_clock.release_due(limit=_BATCH))


@shared_task(name="orders.escalate_late_holds", base=BaseTask, queue="default")
def escalate_late_holds(**_: Any) -> int:
    """Tells, once, of holds whose answer is late."""
    return _until_done(lambda: hold_clock.escalate_due(limit=_BATCH))


@shared_task(name="orders.run_imports", base=BaseTask, queue="default")
def run_imports(**_: Any) -> None:
    """Checks and imports the files that wait, in slices."""
    if uploads.work_on(seconds=SLICE_S):
        waking.wake(run_imports)


@shared_task(name="orders.purge_imports", base=BaseTask, queue="default")
def purge_imports(**_: Any) -> None:
    """Deletes uploaded files and files of refused rows after their days."""
    uploads.purge()


@shared_task(name="orders.expire_approvals", base=BaseTask, queue="default")
def expire_approvals(**_: Any) -> int:
    """Asks for approvals anew that nobody decided in time."""
    return _until_done(lambda: approvals.expire_due(limit=_BATCH))


@shared_task(name="orders.change_holds", base=BaseTask, queue="default")
def change_holds(**_: Any) -> int:
    """Places and lifts the holds of many orders that people asked for in one go."""
    return bulk_holds.run_due()


@shared_task(name="orders.expire_unanswered_work", base=BaseTask, queue="default")
def expire_unanswered_work(**_: Any) -> int:
    """Routes work elsewhere that nodes did not take on in time."""
    return reassigning.expire_unanswered(limit=_BATCH)


@shared_task(name="orders.flag_at_risk", base=BaseTask, queue="default")
def flag_at_risk(**_: Any) -> int:
    """Flags orders that will miss their last moment to ship, and takes flags back."""
    now = clock.now()
    return _until_done(lambda: risks.flag(now=now, limit=_FLAGS))
