"""The decision alone: order of arrival, all or nothing, own holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.services import deciding
from inventory.services.deciding import Decision, LotUnits, Own, OwnedPlace, Stand
from inventory.types import Demand, Leg, Shortage

TODAY = date(2026, 3, 2)


def decide(
    *,
    demands: Sequence[Demand],
    free: Mapping[OwnedPlace, int],
    own: Mapping[tuple[str, str], Mapping[OwnedPlace, int]],
) -> Decision:
    return deciding.decide(
        demands=demands,
        stands={place: Stand(n, units) for n, (place, units) in enumerate(free.items())},
        own={key: {p: Own(n) for p, n in held.items()} for key, held in own.items()},
        today=TODAY,
    )


def _demand(ref: str, *legs: tuple[str, int, int]) -> Demand:
    """Legs are (line, variant, quantity), all at node 7 of organization 1."""
    return Demand(1, "order", ref, tuple(Leg(line, v, 7, q) for line, v, q in legs))


def test_two_lines_of_one_variant_are_judged_by_their_sum() -> None:
    demand = _demand("a", ("1", 5, 3), ("2", 5, 3))

    decision = decide(demands=[demand], free={(1, 7, 5): 5}, own={})

    assert decision.taken == []
    assert decision.short == {("order", "a"): (Shortage("a", "2", 5, 7, wanted=3, available=2),)}


def test_a_short_demand_leaves_everything_to_the_next() -> None:
    first = _demand("a", ("1", 5, 2), ("2", 6, 9))
    second = _demand("b", ("1", 5, 2))

    decision = decide(demands=[first, second], free={(1, 7, 5): 2, (1, 7, 6): 8}, own={})

    assert [demand.demand_ref for demand in decision.taken] == ["b"]
    assert decision.short["order", "a"] == (Shortage("a", "2", 6, 7, wanted=9, available=8),)


def test_what_another_seller_owns_is_not_there() -> None:
    demand = Demand(2, "order", "a", (Leg("1", 5, 7, 1),))

    decision = decide(demands=[demand], free={(1, 7, 5): 100}, own={})

    assert decision.short["order", "a"][0].available == 0


def test_an_overdrawn_place_is_reported_as_empty() -> None:
    decision = decide(demands=[_demand("a", ("1", 5, 1))], free={(1, 7, 5): -4}, own={})

    assert decision.short["order", "a"][0].available == 0


def test_own_hold_counts_for_its_demand_only() -> None:
    holder, other = _demand("a", ("1", 5, 2)), _demand("b", ("1", 5, 1))
    own = {("order", "a"): {(1, 7, 5): 2}}

    decision = decide(demands=[other, holder], free={(1, 7, 5): 0}, own=own)

    assert [demand.demand_ref for demand in decision.taken] == ["a"]
    assert set(decision.short) == {("order", "b")}


def test_what_a_served_demand_held_beyond_its_need_goes_to_the_next() -> None:
    holder, other = _demand("a", ("1", 5, 1)), _demand("b", ("1", 5, 1))

    decision = decide(
        demands=[holder, other], free={(1, 7, 5): 0}, own={("order", "a"): {(1, 7, 5): 2}}
    )

    assert [demand.demand_ref for demand in decision.taken] == ["a", "b"]


@given(
    free=st.dictionaries(st.integers(1, 4), st.integers(-2, 12)),
    wanted=st.lists(
        st.lists(st.tuples(st.integers(1, 5), st.integers(1, 6)), min_size=1, max_size=4),
        max_size=12,
    ),
)
def test_never_more_than_free_and_never_a_part(
    free: dict[int, int], wanted: list[list[tuple[int, int]]]
) -> None:
    demands = [
        _demand(str(i), *((str(line), v, q) for line, (v, q) in enumerate(legs)))
        for i, legs in enumerate(wanted)
    ]

    decision = decide(demands=demands, free={(1, 7, v): q for v, q in free.items()}, own={})

    left = dict(free)
    for demand in decision.taken:
        for leg in demand.legs:
            left[leg.variant_id] = left.get(leg.variant_id, 0) - leg.quantity
    assert all(quantity >= min(0, free.get(v, 0)) for v, quantity in left.items())
    taken = {("order", demand.demand_ref) for demand in decision.taken}
    assert taken.isdisjoint(decision.short)
    assert taken | set(decision.short) == {("order", d.demand_ref) for d in demands}


def _one(stand: Stand, *demands: Demand) -> Decision:
    return deciding.decide(demands=demands, stands={(1, 7, 5): stand}, own={}, today=TODAY)


def _for_channel(ref: str, channel: str, quantity: int) -> Demand:
    return replace(_demand(ref, ("1", 5, quantity)), channel=channel)


def test_what_is_kept_for_a_channel_goes_to_it_alone_and_first() -> None:
    decision = _one(
        Stand(1, free=2, kept={"shop": 3}),
        _for_channel("m", "market", 3),
        _for_channel("a", "shop", 4),
        _for_channel("b", "market", 1),
    )

    assert decision.short["order", "m"][0].available == 2
    assert [(take.quantity, take.earmarked) for take in decision.takes] == [(4, 3), (1, 0)]


def test_each_channel_oversells_up_to_its_own_limit() -> None:
    decision = _one(
        Stand(1, free=3, barred={"market": 3, "": 1}),
        _for_channel("m", "market", 1),
        _for_channel("a", "shop", 2),
        _for_channel("b", "shop", 1),
    )

    assert decision.short["order", "m"][0].available == 0
    assert [demand.demand_ref for demand in decision.taken] == ["a"]


def _lots() -> list[LotUnits]:
    day = timedelta(days=1)
    return [
        LotUnits(1, 2, TODAY),
        LotUnits(2, 2, TODAY + day),
        LotUnits(3, 5, TODAY + 2 * day, is_blocked=True),
        LotUnits(4, 2, TODAY + 9 * day),
        LotUnits(5, 2, None),
    ]


def test_lots_that_expire_first_go_first_and_bad_ones_never() -> None:
    decision = _one(Stand(1, free=13, lots=_lots()), _demand("a", ("1", 5, 5)))

    assert [(take.lot_id, take.quantity) for take in decision.takes] == [(2, 2), (4, 2), (5, 1)]


def test_a_lot_must_be_good_on_the_day_it_is_needed() -> None:
    late = replace(_demand("a", ("1", 5, 5)), needed_on=TODAY + timedelta(days=5))

    decision = _one(Stand(1, free=13, lots=_lots()), late)

    assert decision.short["order", "a"][0].available == 4


def test_a_partial_demand_takes_what_there_is_and_says_what_is_missing() -> None:
    demand = replace(_demand("a", ("1", 5, 3), ("2", 6, 1)), is_partial=True)

    decision = _one(Stand(1, free=2), demand)

    assert [(take.leg.line_ref, take.quantity) for take in decision.takes] == [("1", 2)]
    assert [short.line_ref for short in decision.short["order", "a"]] == ["1", "2"]
