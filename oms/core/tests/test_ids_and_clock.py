"""Identifiers sort by time and never repeat; the clock is virtual only where it was set."""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import RFC_4122

import pytest

from oms.core import clock, ids

NOON = datetime(2018, 3, 4, 12, tzinfo=UTC)


def test_an_identifier_is_a_prefix_and_26_characters() -> None:
    assert re.fullmatch(r"ord_[0-9A-HJKMNP-TV-Z]{26}", ids.public_id("ord"))


def test_identifiers_sort_by_their_time() -> None:
    times = [NOON + timedelta(milliseconds=step) for step in (0, 1, 2, 1000, 10**10)]
    made = [ids.public_id("ord", at=at) for at in times]
    assert made == sorted(made)
    assert made[0].startswith("ord_01C7RE41G0")


def test_identifiers_follow_the_virtual_clock() -> None:
    with clock.virtual(NOON):
        assert ids.public_id("ord")[:14] == ids.public_id("ord", at=NOON)[:14]


def test_many_identifiers_are_distinct_and_ascending() -> None:
    made = ids.public_ids("ord", 5000)
    assert len(set(made)) == 5000
    assert made == sorted(made)
    assert ids.public_ids("ord", 0) == []


def test_ids_of_events_are_distinct_uuids_of_version_7_in_the_order_of_real_time() -> None:
    before = int(datetime.now(tz=UTC).timestamp() * 1000)
    with clock.virtual(NOON):
        made = [ids.event_id() for _ in range(2000)]
    assert {(found.version, found.variant) for found in made} == {(7, RFC_4122)}
    assert len(set(made)) == 2000
    times = [found.int >> 80 for found in made]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= datetime.now(tz=UTC).timestamp() * 1000


def test_virtual_time_holds_within_its_block_only() -> None:
    with clock.virtual(NOON):
        assert clock.now() == NOON
        with clock.virtual(NOON + timedelta(days=1)):
            assert clock.now() == NOON + timedelta(days=1)
        assert clock.now() == NOON
        assert clock.real_now().year > 2018
    assert abs(clock.now() - datetime.now(tz=UTC)) < timedelta(seconds=5)


def test_virtual_time_ends_with_an_error() -> None:
    with pytest.raises(KeyError), clock.virtual(NOON):
        raise KeyError
    assert clock.now() > NOON


def test_virtual_time_stays_in_its_thread() -> None:
    seen: list[datetime] = []
    with clock.virtual(NOON):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] > NOON


def test_virtual_time_can_be_moved() -> None:
    with clock.virtual(NOON):
        clock.advance(timedelta(hours=1))
        assert clock.now() == NOON + timedelta(hours=1)
    with pytest.raises(ValueError, match="no virtual time"):
        clock.advance(timedelta(hours=1))


def test_virtual_time_is_kept_in_utc_and_needs_a_zone() -> None:
    with clock.virtual(datetime(2018, 3, 4, 9, tzinfo=timezone(timedelta(hours=-3)))):
        assert (clock.now(), clock.now().tzinfo) == (NOON, UTC)
    with pytest.raises(ValueError, match="time zone"), clock.virtual(datetime(2018, 3, 4)):  # noqa: DTZ001
        pass


def test_today_is_the_day_of_the_place() -> None:
    with clock.virtual(datetime(2018, 3, 4, 2, tzinfo=UTC)):
        assert clock.today("America/New_York") == date(2018, 3, 3)
        assert clock.today("Asia/Tokyo") == date(2018, 3, 4)
