"""Scans come in time order, tell the ordered fate, and never before the hand-over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carriers.adapters.base import TrackingStatus
from carriers.adapters.sandbox import testing
from carriers.adapters.sandbox.simulator import journeys, world
from carriers.adapters.sandbox.simulator.config import ScanTimes
from carriers.adapters.sandbox.simulator.journeys import Route
from carriers.adapters.sandbox.simulator.outcomes import Outcome, decide
from carriers.adapters.sandbox.simulator.world import Place
from carriers.adapters.sandbox.testing import label_request
from oms.core import clock

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MEMPHIS = Place("Memphis", "TN", "US", 35.1, -90.0)
SEATTLE = Place("Seattle", "WA", "US", 47.6, -122.3)
BERLIN = Place("Berlin", "", "DE", 52.5, 13.4)
TRACKED = [outcome for outcome in Outcome if outcome not in {Outcome.REJECT, Outcome.BUSY}]


def route(outcome: Outcome, *, days: int = 3, seed: int = 7, to: Place = SEATTLE) -> Route:
    km = world.distance_km(MEMPHIS, to)
    return Route(MEMPHIS, to, km, days, outcome, seed)


@pytest.mark.parametrize("outcome", TRACKED)
@pytest.mark.parametrize("days", [0, 1, 3, 9])
@pytest.mark.parametrize("hour", [0, 6, 12, 18, 23])
def test_plan_is_in_time_order_and_starts_after_the_hand_over(outcome, days, hour):
    for seed in range(0, 2000, 37):
        start = AT.replace(hour=hour, minute=59)
        scans = journeys.plan(route(outcome, days=days, seed=seed), handed_over_at=start)

        times = [scan.at for scan in scans]
        assert times == sorted(times)
        assert len(set(times)) == len(times)
        assert times[0] > start


@pytest.mark.parametrize(
    ("outcome", "codes"),
    [
        (Outcome.NORMAL, "PU DP AR DP AR DP AR OD DL"),
        (Outcome.ATTEMPT, "PU DP AR DP AR DP AR OD DA OD DL"),
        (Outcome.EXCEPTION, "PU DP AR EX DP AR DP AR OD DL"),
        (Outcome.PICKUP, "PU DP AR DP AR DP AR AP DL"),
        (Outcome.RETURN, "PU DP AR DP AR DP AR OD DA RS RD"),
        (Outcome.LOST, "PU DP AR DP AR DP LO"),
    ],
)
def test_plan_tells_the_fate(outcome, codes):
    scans = journeys.plan(route(outcome), handed_over_at=AT)

    assert " ".join(scan.code for scan in scans) == codes


def test_plan_passes_hubs_between_and_arrives_by_day():
    scans = journeys.plan(route(Outcome.NORMAL), handed_over_at=AT)

    towns = list(dict.fromkeys(scan.place.city for scan in scans))
    assert towns == ["Memphis", "Denver", "Portland", "Seattle"]
    # 15:00 UTC plus three days, 9:07 by Seattle's sun (UTC-8).
    assert scans[-1].at == datetime(2026, 3, 5, 17, 7, tzinfo=UTC)


def test_a_country_without_hubs_still_gets_its_parcel():
    scans = journeys.plan(route(Outcome.NORMAL, to=Place("Oslo", "", "NO")), handed_over_at=AT)

    assert scans[-1].place.city == "Oslo"
    assert scans[-1].code == "DL"


@pytest.mark.parametrize(
    ("city", "status"),
    [
        ("Denver", TrackingStatus.DELIVERED),
        ("SANDBOX LOST", TrackingStatus.LOST),
        ("SANDBOX RETURN", TrackingStatus.RETURNED),
        ("SANDBOX ATTEMPT", TrackingStatus.DELIVERED),
    ],
)
def test_track_ends_in_the_ordered_status(adapter, city, status):
    label = adapter.buy(label_request(city=city))
    adapter.hand_over([label.tracking_number], at=AT)

    scans = adapter.track([label.tracking_number])

    assert scans[0].status == TrackingStatus.ACCEPTED
    assert scans[-1].status == status
    assert len({scan.event_key for scan in scans}) == len(scans)
    assert all(scan.occurred_at.utcoffset() == timedelta(0) for scan in scans)


def test_nothing_is_scanned_before_the_hand_over(adapter):
    label = adapter.buy(label_request())

    assert adapter.track([label.tracking_number]) == []


def test_hand_over_twice_adds_no_scan_and_refuses_strangers_and_void_labels(adapter):
    first, voided = (adapter.buy(label_request(f"shp_{number}:1")) for number in (1, 2))
    adapter.void(voided.tracking_number)
    numbers = [first.tracking_number, voided.tracking_number, "SBX0"]

    one = adapter.hand_over(numbers, at=AT)
    scans = adapter.track([first.tracking_number])
    two = adapter.hand_over(numbers, at=AT)

    assert one == two
    assert one.accepted == (first.tracking_number,)
    assert one.refused == (voided.tracking_number, "SBX0")
    assert adapter.track([first.tracking_number]) == scans


def test_scans_become_visible_with_their_time_unless_instant(tmp_path: Path):
    with testing.running(tmp_path, speed=3600.0) as carrier:
        adapter = testing.adapter(carrier.url)
        slow = adapter.buy(label_request("shp_1:1")).tracking_number
        instant = adapter.buy(label_request("shp_2:1", is_instant=True)).tracking_number
        adapter.hand_over([slow, instant], at=AT)

        scans = adapter.track([slow, instant])

        # An hour a second: even the pickup, ten minutes after hand-over, lies ahead.
        assert {scan.tracking_number for scan in scans} == {instant}
        due = carrier.store.rows(
            "SELECT max(due_at) - label.bought_at AS s FROM scan JOIN label USING "
            "(tracking_number) WHERE tracking_number = ?",
            (slow,),
        )
        planned_s = (scans[-1].occurred_at - AT).total_seconds()
        assert 24 < due[0]["s"] < 60
        assert planned_s > 24 * 3600


def test_visible_scan_times_are_the_wall_clocks(tmp_path: Path):
    visible = {"speed": 1_000_000.0, "scan_times": ScanTimes.VISIBLE}
    with testing.running(tmp_path, **visible) as carrier:
        adapter = testing.adapter(carrier.url)
        label = adapter.buy(label_request())
        adapter.hand_over([label.tracking_number], at=AT)
        carrier.stopped.wait(0.5)

        scans = adapter.track([label.tracking_number])

        assert scans[-1].status == TrackingStatus.DELIVERED
        assert abs((clock.real_now() - scans[-1].occurred_at).total_seconds()) < 60
        assert sorted(scans, key=lambda scan: scan.occurred_at) == scans


def test_track_takes_at_most_a_hundred(adapter):
    with pytest.raises(ValueError, match="at most 100"):
        adapter.track([f"SBX{number}" for number in range(101)])


def test_incidents_follow_their_rate_and_the_reference():
    fates = [
        decide(city="Denver", reference=f"shp_{number}:1", incident_rate=0.05)
        for number in range(20_000)
    ]
    again = decide(city="Denver", reference="shp_77:1", incident_rate=0.05)

    assert 900 < sum(fate is not Outcome.NORMAL for fate in fates) < 1100
    assert {Outcome.ATTEMPT, Outcome.EXCEPTION, Outcome.RETURN, Outcome.LOST} < set(fates)
    assert again is fates[77]
    assert decide(city="Denver", reference="shp_77:1", incident_rate=0.0) is Outcome.NORMAL
