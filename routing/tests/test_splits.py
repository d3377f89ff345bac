"""Sets of nodes: the fewest, then the cheapest, and what each of them sends."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from routing.batch import need_of
from routing.quotes import build_network, quote
from routing.solver import solve
from routing.tests.factories import chosen, line, lost, node, request, route, service

GROUND = service("ground")


def split(*lines, stock, services=(GROUND,), **changes):
    [answer] = route(
        [request(*lines, **changes)],
        nodes=[node(code) for code in sorted({code for code, _ in stock})],
        stock=stock,
        services=services,
    )
    return answer


def test_two_nodes_that_have_everything_are_preferred_to_three():
    lines = [line(v, ref=str(v)) for v in (1, 2, 3)]
    stock = {
        ("NYC", 1): 1, ("PHL", 2): 1, ("CHI", 3): 1,
        ("DAL", 1): 1, ("DAL", 2): 1, ("RNO", 3): 1,
    }  # fmt: skip

    answer = split(*lines, stock=stock)

    assert sorted(code for code, _ in chosen(answer)) == ["CHI", "DAL"]
    assert lost(answer) == {
        "CHI": None,
        "DAL": None,
        "RNO": "more_expensive",
        "NYC": "more_splits",
        "PHL": "more_splits",
    }


def test_of_two_pairs_the_cheaper_is_chosen():
    lines = [line(1, ref="1"), line(2, ref="2")]
    stock = {("PHL", 1): 1, ("RNO", 1): 1, ("NYC", 2): 1, ("DAL", 2): 1}

    answer = split(*lines, stock=stock)

    assert sorted(code for code, _ in chosen(answer)) == ["NYC", "PHL"]
    assert answer.row["cost_amount"] == 12  # 5 + 5, and 2 for handling the second shipment
    assert answer.row["plan"]["handling"] == "2.00"


def test_one_line_may_come_from_two_nodes():
    answer = split(line(1, quantity=5, ref="7"), stock={("PHL", 1): 3, ("RNO", 1): 4})

    assert {
        s.node_code: [(g.line_ref, g.quantity) for g in s.legs] for s in answer.plan.shipments
    } == {
        "PHL": [("7", 3)],
        "RNO": [("7", 2)],
    }


def test_lines_of_one_variant_are_summed_and_served_in_order():
    lines = [line(1, quantity=2, ref="1"), line(1, quantity=2, ref="2")]

    answer = split(*lines, stock={("PHL", 1): 3, ("RNO", 1): 3})

    assert {
        s.node_code: [(g.line_ref, g.quantity) for g in s.legs] for s in answer.plan.shipments
    } == {
        "PHL": [("1", 2), ("2", 1)],
        "RNO": [("2", 1)],
    }


def test_five_nodes_are_found_when_each_has_one_line():
    codes = ["CHI", "DAL", "NYC", "PHL", "RNO"]
    lines = [line(v, ref=str(v)) for v in range(5)]

    answer = split(*lines, stock={(code, v): 1 for v, code in enumerate(codes)})

    assert sorted(code for code, _ in chosen(answer)) == codes
    assert Counter(leg.line_ref for leg in answer.plan.legs) == Counter("01234")


def test_a_set_that_is_too_heavy_for_its_parcels_is_refused():
    answer = split(line(1, quantity=2, weight_g=31_000), stock={("PHL", 1): 1, ("RNO", 1): 1})

    assert answer.plan.outcome == "none"
    assert answer.plan.why == "It is too heavy for every service."


def test_the_parts_of_a_heavy_demand_may_travel_apart():
    # 24 kg together are past the last step; 12 kg each are not.
    answer = split(line(1, quantity=2, weight_g=12_000), stock={("PHL", 1): 1, ("RNO", 1): 1})

    assert sorted(chosen(answer)) == [("PHL", "ground"), ("RNO", "ground")]
    assert [s.weight_g for s in answer.plan.shipments] == [12_000, 12_000]


@pytest.mark.parametrize("seed", range(30))
def test_small_networks_are_solved_exactly(seed):
    # given a random network without a node that has everything
    rng = np.random.default_rng(seed)
    codes = ["NYC", "PHL", "CHI", "DAL", "RNO"]
    quantities = rng.integers(1, 4, size=4)
    stock = rng.integers(0, 4, size=(4, 5))
    stock[rng.integers(0, 4, size=5), range(5)] = 0
    asked = request(*(line(v, int(q), ref=str(v)) for v, q in enumerate(quantities)))
    facts = [node(code) for code in codes]
    network = build_network(facts, [GROUND])
    order = [next(i for i, n in enumerate(network.nodes) if n.code == c) for c in codes]
    shelf = np.zeros_like(stock)
    shelf[:, order] = stock

    # when
    quotes = quote(network, [asked])
    solution = solve(network, quotes, 0, need_of(asked), shelf)

    # then no smaller set has everything, and no set as small is cheaper in any order of filling
    best = _brute_force(network, quotes, shelf, quantities)
    if best is None:
        assert solution.parts == ()
        return
    size, price = best
    assert len(solution.parts) == size
    assert sum(part.price for part in solution.parts) == pytest.approx(price)
    assert (sum(part.takes for part in solution.parts) == quantities).all()
    assert all((part.takes <= shelf[:, part.node]).all() for part in solution.parts)


def _brute_force(network, quotes, shelf, quantities):
    for size in range(1, 4):
        prices = [
            price
            for nodes in permutations(range(shelf.shape[1]), size)
            if (price := _price(quotes, shelf, quantities, nodes)) is not None
        ]
        if prices:
            return size, min(prices)
    return None


def _price(quotes, shelf, quantities, nodes):
    left, total = quantities.copy(), 0.0
    for number in nodes:
        take = np.minimum(left, shelf[:, number])
        if not take.any():
            return None
        left = left - take
        billable = max(take.sum() * 500, round(take.sum() * 1000 / 5000 * 1000))
        step = int(np.searchsorted(GROUND.weight_steps_g, billable))
        total += float(GROUND.amounts[quotes.zone[0, number, 0], step])
    return total if not left.any() else None
