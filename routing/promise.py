"""When a parcel leaves and arrives: pure calendar arithmetic, exact across clock changes.

An order is ready when its processing minutes have passed. It leaves on the first working day of
the node whose cut-off, in the node's local time, is not before that. From there a service counts
its own delivery days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

_WEEK = 7
_EVERY_DAY = 0b1111111


@dataclass(frozen=True, slots=True)
class Calendar:
    """A node's hours. `working_days` are bits, Monday first; none at all means every day."""

    timezone: str
    cutoff: time
    processing_minutes: int
    working_days: int

    def local_day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.timezone)).date()

    def cutoff_at(self, day: date) -> datetime:
        """The cut-off of a day in UTC; of a doubled hour the first, a skipped hour moves on."""
        return datetime.combine(day, self.cutoff, ZoneInfo(self.timezone)).astimezone(UTC)

    def ship_day(self, at: datetime) -> date:
        """The local day on which an order placed at `at` leaves."""
        ready = at.astimezone(UTC) + timedelta(minutes=self.processing_minutes)
        day = self.local_day(ready)
        if ready > self.cutoff_at(day):
            day += timedelta(days=1)
        return day + timedelta(days=_days_until_open(self.working_days, day.weekday()))

    def kept_day(self, day: date, *, today: date) -> date:
        """The working day on which what was to leave on `day` leaves: the last one up to then, from
        `today` on; without any, the first one after. A day that has passed stays."""
        if day < today:
            return day
        for back in range(min(_WEEK, (day - today).days + 1)):
            earlier = day - timedelta(days=back)
            if not _days_until_open(self.working_days, earlier.weekday()):
                return earlier
        return day + timedelta(days=_days_until_open(self.working_days, day.weekday()))


@lru_cache(maxsize=1024)
def _days_until_open(days: int, weekday: int) -> int:
    days = days & _EVERY_DAY or _EVERY_DAY
    return next(wait for wait in range(_WEEK) if days >> (weekday + wait) % _WEEK & 1)


@lru_cache(maxsize=1024)
def arrival_offsets(delivery_days: int, longest: int) -> NDArray[np.int64]:
    """This function will return `[weekday of shipping, transit days]` → calendar days to arrival.

    Each transit day is one on which the service delivers; none means the day of shipping, or the
    first day after it on which the service delivers.
    """
    table = np.zeros((_WEEK, longest + 1), dtype=np.int64)
    for weekday in range(_WEEK):
        passed = _days_until_open(delivery_days, weekday)
        table[weekday, 0] = passed
        passed = 0
        for transit in range(1, longest + 1):
            passed += 1
            passed += _days_until_open(delivery_days, (weekday + passed) % _WEEK)
            table[weekday, transit] = passed
    table.flags.writeable = False
    return table


def promised_on(ship_day: date, *, transit_days: int, delivery_days: int) -> date:
    """This function will return the day of arrival, a date of the destination's calendar."""
    table = arrival_offsets(delivery_days, transit_days)
    return ship_day + timedelta(days=int(table[ship_day.weekday(), transit_days]))
