"""The only clock. It can be virtual, per process and context, so that imports and simulations run
the real services at the recorded time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_virtual: ContextVar[datetime | None] = ContextVar("oms_virtual_now", default=None)


def now() -> datetime:
    """This function will return the current time in UTC: the virtual time where one is set."""
    return _virtual.get() or datetime.now(tz=UTC)


def real_now() -> datetime:
    """This function will return wall time, for leases, retries and other machinery."""
    return datetime.now(tz=UTC)


def monotonic() -> float:
    """This function will return seconds that only grow, for measuring durations."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """This function will block the calling thread."""
    time.sleep(seconds)


def today(zone: str) -> date:
    """This function will return the calendar day in a time zone."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def virtual(at: datetime) -> Iterator[None]:
    """This function will make `now()` answer `at` within the block.

    :raises ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("virtual time needs a time zone")
    token = _virtual.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _virtual.reset(token)


def advance(by: timedelta) -> None:
    """This function will move the virtual clock of this context.

    :raises ValueError: no virtual time is set.
    """
    current = _virtual.get()
    if current is None:
        raise ValueError("no virtual time is set")
    _virtual.set(current + by)
