"""Ship days and promises, also on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from routing.promise import Calendar, promised_on

WORKWEEK = 0b0011111
MONDAY_TO_SATURDAY = 0b0111111
NEW_YORK = Calendar("America/New_York", time(14, 0), 120, WORKWEEK)
ALWAYS_OPEN = Calendar("America/New_York", time(14, 0), 120, 0b1111111)


def utc(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("placed", "leaves"),
    [
        # Wednesday, 12:00 in New York: ready exactly at the cut-off.
        (utc(2026, 11, 18, 17, 0), date(2026, 11, 18)),
        # One second later it is too late for that day.
        (utc(2026, 11, 18, 17, 0, 1), date(2026, 11, 19)),
        # Friday afternoon waits for Monday, as do Saturday and Sunday.
        (utc(2026, 11, 20, 20, 0), date(2026, 11, 23)),
        (utc(2026, 11, 21, 15, 0), date(2026, 11, 23)),
        (utc(2026, 11, 22, 15, 0), date(2026, 11, 23)),
        # Wednesday 23:00 in New York is Thursday in UTC and still leaves on Thursday there.
        (utc(2026, 11, 19, 4, 0), date(2026, 11, 19)),
    ],
)
def test_an_order_leaves_on_the_first_working_day_whose_cutoff_it_makes(placed, leaves):
    assert NEW_YORK.ship_day(placed) == leaves


@pytest.mark.parametrize(
    ("placed", "leaves"),
    [
        # March 8, 2026: 02:00 EST becomes 03:00 EDT, so 12:00 local is 16:00 UTC.
        (utc(2026, 3, 8, 16, 0), date(2026, 3, 8)),
        (utc(2026, 3, 8, 16, 0, 1), date(2026, 3, 9)),
        # The day before, 12:00 local is 17:00 UTC.
        (utc(2026, 3, 7, 17, 0), date(2026, 3, 7)),
        (utc(2026, 3, 7, 17, 0, 1), date(2026, 3, 8)),
        # November 1, 2026: back to EST, so 12:00 local is 17:00 UTC again.
        (utc(2026, 11, 1, 17, 0), date(2026, 11, 1)),
        (utc(2026, 11, 1, 17, 0, 1), date(2026, 11, 2)),
        (utc(2026, 10, 31, 16, 0), date(2026, 10, 31)),
        (utc(2026, 10, 31, 16, 0, 1), date(2026, 11, 1)),
    ],
)
def test_the_cutoff_keeps_its_local_time_when_clocks_change(placed, leaves):
    assert ALWAYS_OPEN.ship_day(placed) == leaves


def test_processing_takes_real_minutes_across_the_skipped_hour():
    # 01:30 EST plus two hours is 04:30 EDT: past a cut-off at 04:00, though clocks say three hours.
    early = Calendar("America/New_York", time(4, 0), 120, 0b1111111)

    assert early.ship_day(utc(2026, 3, 8, 6, 30)) == date(2026, 3, 9)
    assert early.ship_day(utc(2026, 3, 8, 6, 0)) == date(2026, 3, 8)


@pytest.mark.parametrize(
    ("cutoff", "day", "expected"),
    [
        (time(14, 0), date(2026, 3, 7), utc(2026, 3, 7, 19, 0)),
        (time(14, 0), date(2026, 3, 8), utc(2026, 3, 8, 18, 0)),
        (time(14, 0), date(2026, 11, 1), utc(2026, 11, 1, 19, 0)),
        # Skipped: 02:30 does not exist and counts as 03:30 EDT.
        (time(2, 30), date(2026, 3, 8), utc(2026, 3, 8, 7, 30)),
        # Doubled: the first 01:30 counts.
        (time(1, 30), date(2026, 11, 1), utc(2026, 11, 1, 5, 30)),
    ],
)
def test_the_cutoff_is_one_instant_in_utc(cutoff, day, expected):
    calendar = Calendar("America/New_York", cutoff, 120, WORKWEEK)

    assert calendar.cutoff_at(day) == expected


#: Clocks go on in October and back in April.
SYDNEY = Calendar("Australia/Sydney", time(14, 0), 120, 0b1111111)


@pytest.mark.parametrize(
    ("placed", "leaves"),
    [
        # October 4, 2026: 02:00 AEST becomes 03:00 AEDT, so 12:00 local is 01:00 UTC.
        (utc(2026, 10, 4, 1, 0), date(2026, 10, 4)),
        (utc(2026, 10, 4, 1, 0, 1), date(2026, 10, 5)),
        # The day before, 12:00 local is 02:00 UTC.
        (utc(2026, 10, 3, 2, 0), date(2026, 10, 3)),
        (utc(2026, 10, 3, 2, 0, 1), date(2026, 10, 4)),
        # April 5, 2026: back to AEST, so 12:00 local is 02:00 UTC again.
        (utc(2026, 4, 5, 2, 0), date(2026, 4, 5)),
        (utc(2026, 4, 5, 2, 0, 1), date(2026, 4, 6)),
        (utc(2026, 4, 4, 1, 0), date(2026, 4, 4)),
        (utc(2026, 4, 4, 1, 0, 1), date(2026, 4, 5)),
    ],
)
def test_the_cutoff_keeps_its_local_time_south_of_the_equator_too(placed, leaves):
    assert SYDNEY.ship_day(placed) == leaves


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 10, 3), utc(2026, 10, 3, 4, 0)),
        (date(2026, 10, 4), utc(2026, 10, 4, 3, 0)),
        (date(2026, 4, 4), utc(2026, 4, 4, 3, 0)),
        (date(2026, 4, 5), utc(2026, 4, 5, 4, 0)),
    ],
)
def test_the_last_moment_to_ship_moves_with_the_clocks_of_the_node(day, expected):
    assert SYDNEY.cutoff_at(day) == expected


@pytest.mark.parametrize(
    ("ship_day", "transit", "delivery_days", "arrives"),
    [
        (date(2026, 11, 18), 2, WORKWEEK, date(2026, 11, 20)),
        # Thursday plus two: Friday, then the weekend, Monday.
        (date(2026, 11, 19), 2, WORKWEEK, date(2026, 11, 23)),
        (date(2026, 11, 19), 2, MONDAY_TO_SATURDAY, date(2026, 11, 21)),
        (date(2026, 11, 19), 0, WORKWEEK, date(2026, 11, 19)),
        # Shipped on a Sunday and delivered the same day only where Sunday counts.
        (date(2026, 11, 22), 0, WORKWEEK, date(2026, 11, 23)),
        (date(2026, 11, 20), 6, WORKWEEK, date(2026, 11, 30)),
        # A service with no day at all is taken as one that delivers every day.
        (date(2026, 11, 20), 2, 0, date(2026, 11, 22)),
    ],
)
def test_transit_counts_the_days_on_which_the_service_delivers(
    ship_day, transit, delivery_days, arrives
):
    assert promised_on(ship_day, transit_days=transit, delivery_days=delivery_days) == arrives
