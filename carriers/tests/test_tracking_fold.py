"""The standing of a parcel depends on the set of its scans and on nothing else."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django_fsm import can_proceed
from hypothesis import given
from hypothesis import strategies as st

from carriers.adapters.base import TrackingStatus
from carriers.models import Shipment
from carriers.tracking_fold import NOWHERE, TARGETS, TRIGGERS, Seen, fold

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def seen(status: str, hour: int, key: str = "") -> Seen:
    return Seen(key or f"{status}-{hour}", status, START + timedelta(hours=hour), city=f"c{hour}")


#: Few hours, so that scans of the same instant are common.
SCANS = st.lists(
    st.builds(seen, st.sampled_from([str(s) for s in TrackingStatus]), st.integers(0, 5)),
    max_size=8,
)


def test_nothing_seen_is_nowhere():
    assert fold([]) == NOWHERE


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["pre_transit"], ""),
        (["pre_transit", "accepted"], "in_transit"),
        (["accepted", "in_transit", "out_for_delivery"], "out_for_delivery"),
        (["in_transit", "exception", "in_transit"], "in_transit"),
        (["out_for_delivery", "delivery_attempted"], "delivery_attempted"),
        (["delivered", "in_transit"], "delivered"),
        (["delivered", "exception"], "delivered"),
        (["delivered", "lost"], "delivered"),
        (["delivered", "returning"], "returning"),
        (["delivered", "returning", "in_transit"], "returning"),
        (["delivery_attempted", "returning", "returned"], "returned_to_sender"),
        (["returned", "delivered"], "returned_to_sender"),
        (["lost", "in_transit"], "lost"),
        (["lost", "delivered"], "delivered"),
        (["in_transit", "unknown"], "in_transit"),
    ],
)
def test_the_last_scan_that_counts_decides(statuses: list[str], expected: str):
    assert fold([seen(status, hour) for hour, status in enumerate(statuses)]).status == expected


def test_an_older_scan_that_comes_later_changes_nothing():
    known = [seen("accepted", 0), seen("out_for_delivery", 5)]

    assert fold([*known, seen("in_transit", 3)]) == fold(known)


def test_the_standing_names_time_and_place_of_the_scan_that_decided():
    standing = fold([seen("accepted", 0), seen("delivered", 4), seen("in_transit", 5)])

    assert (standing.status, standing.city) == ("delivered", "c4")
    assert standing.at == standing.delivered_at == START + timedelta(hours=4)
    assert standing.last_scan_at == START + timedelta(hours=5)


def test_at_one_instant_the_later_step_of_life_wins():
    assert fold([seen("delivered", 1), seen("out_for_delivery", 1)]).status == "delivered"


@given(scans=SCANS, seed=st.integers(0, 2**16), repeats=st.integers(0, 3))
def test_order_and_repeats_change_nothing(scans: list[Seen], seed: int, repeats: int):
    rng = random.Random(seed)
    distinct = list({scan.event_key: scan for scan in scans}.values())
    mixed = distinct + [rng.choice(distinct) for _ in range(repeats) if distinct]
    rng.shuffle(mixed)

    assert fold(mixed) == fold(distinct)


@given(scans=SCANS, cut=st.integers(0, 8), seed=st.integers(0, 2**16))
def test_the_machine_has_a_step_for_whatever_comes_next(scans: list[Seen], cut: int, seed: int):
    """From the standing after some scans there is one step to the standing after more of them."""
    random.Random(seed).shuffle(scans)
    before, after = fold(scans[:cut]).status, fold(scans).status
    for start in [before] if before else Shipment.READY + ("handed_over",):
        if after and after != start:
            assert can_proceed(getattr(Shipment(status=start), TRIGGERS[after]))


def test_every_target_has_a_trigger_that_leads_to_it():
    for target in TARGETS.values():
        shipment = Shipment(status="in_transit" if target != "in_transit" else "exception")
        getattr(shipment, TRIGGERS[target])()
        assert shipment.status == target
