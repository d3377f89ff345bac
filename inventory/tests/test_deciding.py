"""The decision alone: order of arrival, all or nothing, own holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inventory.services.deciding import decide
from inventory.types import Demand, Leg, Shortage


def _demand(ref: str, *legs: tuple[str, int, int]) -> Demand:
    """Legs are (line, variant, quantity), all at node 7 of organization 1."""
    return Demand(1, "order", ref, tuple(Leg(line, v, 7, q) for line, v, q in legs))


def test_two_lines_of_one_variant_are_judged_by_their_sum() -> None:
    demand = _demand("a", ("1", 5, 3), ("2", 5, 3))

    decision = decide(demands=[demand], free={(1, 7, 5): 5}, own={})

    assert decision.taken == []
    assert decision.short == {"a": (Shortage("a", "2", 5, 7, wanted=3, available=2),)}


def test_a_short_demand_leaves_everything_to_the_next() -> None:
    first = _demand("a", ("1", 5, 2), ("2", 6, 9))
    second = _demand("b", ("1", 5, 2))

    decision = decide(demands=[first, second], free={(1, 7, 5): 2, (1, 7, 6): 8}, own={})

    assert [demand.demand_ref for demand in decision.taken] == ["b"]
    assert decision.short["a"] == (Shortage("a", "2", 6, 7, wanted=9, available=8),)


def test_what_another_seller_owns_is_not_there() -> None:
    demand = Demand(2, "order", "a", (Leg("1", 5, 7, 1),))

    decision = decide(demands=[demand], free={(1, 7, 5): 100}, own={})

    assert decision.short["a"][0].available == 0


def test_an_overdrawn_place_is_reported_as_empty() -> None:
    decision = decide(demands=[_demand("a", ("1", 5, 1))], free={(1, 7, 5): -4}, own={})

    assert decision.short["a"][0].available == 0


def test_own_hold_counts_for_its_demand_only() -> None:
    holder, other = _demand("a", ("1", 5, 2)), _demand("b", ("1", 5, 1))
    own = {("order", "a"): {(1, 7, 5): 2}}

    decision = decide(demands=[other, holder], free={(1, 7, 5): 0}, own=own)

    assert [demand.demand_ref for demand in decision.taken] == ["a"]
    assert set(decision.short) == {"b"}


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
    taken = {demand.demand_ref for demand in decision.taken}
    assert taken.isdisjoint(decision.short)
    assert taken | set(decision.short) == {demand.demand_ref for demand in demands}
