"""A card says where its order stands, whatever the order of the facts."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from oms.cockpit.dashboards import folding
from oms.cockpit.dashboards.models import OrderCard
from oms.cockpit.testing.stories import Story, at, delivered

LATER = at(10_000)


def fold(*facts, now=LATER) -> OrderCard:
    card = folding.blank(fact=facts[0], now=now)
    for fact in facts:
        folding.fold(card=card, fact=fact, now=now)
    return card


def facts_of(events):
    return [delivered(event) for event in events]


STEPS = [
    (1, "verify", 0),
    (2, "route", 1),
    (3, "pick", 2),
    (4, "pick", 2),
    (5, "pack", 10),
    (6, "label", 20),
    (7, "label", 20),
    (8, "hand_over", 30),
    (9, "in_transit", 40),
    (10, "in_transit", 40),
    (11, "in_transit", 40),
    (12, "done", 90),
]


@pytest.mark.parametrize(("taken", "stage", "since"), STEPS)
def test_each_fact_moves_the_card_to_the_stage_that_waits_for_it(taken, stage, since):
    card = fold(*facts_of(Story().whole()[:taken]))

    assert (card.stage, card.stage_since) == (stage, at(since))


def test_a_whole_life_leaves_its_figures():
    card = fold(*facts_of(Story().whole()))

    assert (card.number, card.place, card.node_code) == ("10001", "Denver, CO", "RNO1")
    assert (card.delivered_at, card.on_time) == (at(90), True)
    assert (card.ship_cost, card.needed_person) == (Decimal("7.10"), False)


def test_repeats_change_nothing():
    facts = facts_of(Story().whole())

    once, twice = fold(*facts), fold(*facts, *facts)

    assert vars_of(once) == vars_of(twice)


@pytest.mark.parametrize("seed", range(20))
def test_parcel_facts_may_come_in_any_order(seed):
    story = Story()
    order = facts_of([story.received(), story.confirmed(), story.released()])
    parcel = facts_of(
        [
            story.work_released(),
            story.picked(),
            story.packed(),
            story.labeled(),
            story.handed_over(),
        ]
    )
    random.Random(seed).shuffle(parcel)

    assert fold(*order, *parcel).stage == "in_transit"


def test_an_order_of_two_parcels_stands_with_the_one_behind():
    story = Story()
    two = ("RNO1", "DAL1")
    facts = facts_of(
        [story.received(), story.confirmed(nodes=two), story.released(nodes=two),
         story.work_released(work="1"), story.work_released(work="2"),
         story.picked(10, work="1"), story.packed(20, work="1"), story.picked(30, work="2")]
    )  # fmt: skip

    assert fold(*facts[:6]).stage == "pick"
    assert fold(*facts).stage == "pack"
    assert fold(*facts).stage_since == at(30)


def test_a_parcel_not_heard_of_yet_holds_the_order_at_picking():
    story = Story()
    two = ("RNO1", "DAL1")

    card = fold(*facts_of([story.received(), story.confirmed(nodes=two), story.packed(work="1")]))

    assert card.stage == "pick"


def test_cancelled_work_does_not_hold_the_order_back():
    story = Story()
    two = ("RNO1", "DAL1")
    facts = [story.received(), story.confirmed(nodes=two), story.picked(work="1"),
             story.packed(work="1"), story.work_cancelled(work="2")]  # fmt: skip

    assert fold(*facts_of(facts)).stage == "label"


def test_costs_of_parcels_add_up_and_a_repeated_label_does_not():
    story = Story()
    bought = facts_of([story.label_bought(cost="7.10"), story.label_bought(work="2", cost="2.40")])

    card = fold(*facts_of([story.received()]), *bought, *bought)

    assert card.ship_cost == Decimal("9.50")


def test_a_hold_lasts_until_the_last_one_is_released():
    story = Story()
    facts = facts_of(
        [story.received(), story.held(1), story.held(2, hold="operator"),
         story.hold_released(5, left=1), story.hold_released(6, hold="operator")]
    )  # fmt: skip

    assert fold(*facts[:3]).held_since == at(1)
    assert fold(*facts[:4]).held_since == at(1)
    assert fold(*facts).held_since is None


def test_an_old_hold_delivered_again_does_not_hold_anew():
    story = Story()
    received, held, released = facts_of([story.received(), story.held(), story.hold_released()])

    assert fold(received, held, released, held).held_since is None


def test_a_person_in_the_story_is_remembered():
    story = Story()
    received, held = facts_of([story.received(), story.held()])
    released = delivered(story.hold_released(), actor="staff:7")

    card = fold(received, held, released)

    assert card.needed_person is True


def test_cancelling_ends_the_card_and_its_hold():
    story = Story()

    card = fold(*facts_of([story.received(), story.held(), story.cancelled(), story.picked()]))

    assert (card.stage, card.held_since, card.stage_since) == ("cancelled", None, at(9))


def test_a_clock_ahead_of_ours_counts_as_now():
    card = fold(*facts_of(Story().whole()), now=at(60))

    assert (card.delivered_at, card.stage_since) == (at(60), at(60))


def vars_of(card: OrderCard) -> dict[str, object]:
    return {field.attname: getattr(card, field.attname) for field in card._meta.concrete_fields}
