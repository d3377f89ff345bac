"""Who sends what: each rule of the choice, with the reason the others lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from routing.tests.factories import (
    EVERY_DAY,
    candidate,
    chosen,
    line,
    lost,
    node,
    request,
    route,
    service,
)

GROUND = service("ground")
EXPRESS = service(
    "express",
    prices=((15.0, 25.0), (20.0, 30.0), (30.0, 45.0)),
    days=(1, 1, 1),
    speed="express",
)


def one(*lines, stock, services=(GROUND,), nodes=None, **changes):
    codes = sorted({code for code, _ in stock})
    [answer] = route(
        [request(*lines, **changes)],
        nodes=nodes or [node(code) for code in codes],
        stock=stock,
        services=services,
    )
    return answer


def test_the_cheapest_node_with_everything_is_chosen():
    answer = one(stock={("PHL", 1): 5, ("DAL", 1): 5, ("RNO", 1): 5})

    assert chosen(answer) == [("PHL", "ground")]
    assert answer.plan.shipments[0].cost_amount == Decimal("5.00")
    assert lost(answer) == {"PHL": None, "DAL": "more_expensive", "RNO": "more_expensive"}
    assert candidate(answer, "DAL")["cost"] == 10.0


def test_of_equal_prices_the_nearer_node_is_chosen():
    answer = one(stock={("NYC", 1): 5, ("PHL", 1): 5})

    assert chosen(answer) == [("NYC", "ground")]


def test_one_dear_shipment_is_preferred_to_two_cheap_ones():
    stock = {("PHL", 1): 5, ("NYC", 2): 5, ("RNO", 1): 5, ("RNO", 2): 5}

    answer = one(line(1, ref="1"), line(2, ref="2"), stock=stock)

    assert chosen(answer) == [("RNO", "ground")]
    assert lost(answer) == {"RNO": None, "PHL": "partial_stock", "NYC": "partial_stock"}


def test_the_cheapest_service_in_time_is_chosen():
    answer = one(stock={("RNO", 1): 1}, services=[GROUND, EXPRESS], tier="standard")

    assert chosen(answer) == [("RNO", "ground")]
    assert candidate(answer, "RNO")["services"] == {"express": [30.0, 1, "more_expensive"]}


def test_a_short_deadline_takes_the_dearer_service():
    answer = one(stock={("RNO", 1): 1}, services=[GROUND, EXPRESS], tier="next_day")

    assert chosen(answer) == [("RNO", "express")]
    assert answer.plan.promised_on == date(2026, 11, 18)
    assert candidate(answer, "RNO")["services"] == {"ground": [10.0, 4, "misses_deadline"]}


def test_a_node_out_of_time_loses_to_a_dearer_one_in_time():
    slow = node("NYC", cutoff_time=time(8, 0))

    answer = one(
        stock={("NYC", 1): 1, ("PHL", 1): 1},
        nodes=[slow, node("PHL")],
        tier="next_day",
    )

    assert chosen(answer) == [("PHL", "ground")]
    assert lost(answer) == {"PHL": None, "NYC": "misses_deadline"}


def test_without_any_service_in_time_the_fastest_is_chosen_and_marked():
    answer = one(
        stock={("PHL", 1): 1, ("RNO", 1): 1},
        services=[GROUND, EXPRESS],
        tier="same_day",
    )

    assert chosen(answer) == [("PHL", "ground")]
    assert candidate(answer, "PHL")["deadline_missed"] is True
    assert candidate(answer, "PHL")["on"] == "2026-11-18"
    assert candidate(answer, "RNO")["service"] == "express"
    assert lost(answer) == {"PHL": None, "RNO": "more_expensive"}


def test_when_all_are_late_the_later_node_loses_by_its_day():
    answer = one(stock={("PHL", 1): 1, ("RNO", 1): 1}, tier="same_day")

    assert chosen(answer) == [("PHL", "ground")]
    assert lost(answer) == {"PHL": None, "RNO": "misses_deadline"}


def test_a_split_in_time_is_preferred_to_one_late_shipment():
    stock = {("PHL", 1): 1, ("NYC", 2): 1, ("RNO", 1): 1, ("RNO", 2): 1}

    answer = one(line(1, ref="1"), line(2, ref="2"), stock=stock, tier="next_day")

    assert sorted(chosen(answer)) == [("NYC", "ground"), ("PHL", "ground")]
    assert lost(answer)["RNO"] == "misses_deadline"


@pytest.mark.parametrize(
    ("is_hazmat", "expected"), [(False, ("PHL", "express")), (True, ("PHL", "ground"))]
)
def test_hazardous_goods_do_not_fly(is_hazmat, expected):
    cheap_express = service("express", prices=((1.0, 1.0),) * 3, speed="express")

    answer = one(line(is_hazmat=is_hazmat), stock={("PHL", 1): 1}, services=[GROUND, cheap_express])

    assert chosen(answer) == [expected]


def test_hazardous_goods_stay_when_everything_flies():
    answer = one(line(is_hazmat=True), stock={("PHL", 1): 1}, services=[EXPRESS])

    assert answer.plan.outcome == "none"
    assert answer.plan.why == "No service may carry this there."
    assert lost(answer) == {"PHL": "not_allowed"}


def test_only_allowed_carriers_are_used_and_the_others_lose_by_that():
    cheap = service("cheap", prices=((1.0, 1.0),) * 3, carrier_code="other")

    free = one(stock={("PHL", 1): 1}, services=[GROUND, cheap])
    bound = one(stock={("PHL", 1): 1}, services=[GROUND, cheap], carriers=("sandbox",))

    assert chosen(free) == [("PHL", "cheap")]
    assert chosen(bound) == [("PHL", "ground")]
    assert candidate(bound, "PHL")["services"] == {"cheap": "other_carrier"}
    assert bound.row["request"]["carriers"] == ["sandbox"]


def test_without_an_allowed_carrier_nothing_is_planned_and_it_says_why():
    answer = one(stock={("PHL", 1): 1}, services=[GROUND, EXPRESS], carriers=("other",))

    assert (answer.plan.outcome, answer.plan.lacks) == ("none", "route")
    assert answer.plan.why == "No carrier that the channel allows may carry this there."
    assert lost(answer) == {"PHL": "other_carrier"}


def test_one_batch_keeps_each_demand_to_its_own_carriers():
    cheap = service("cheap", prices=((1.0, 1.0),) * 3, carrier_code="other")
    requests = [request(ref="ord_1", carriers=("sandbox",)), request(ref="ord_2")]

    answers = route(requests, nodes=[node("PHL")], stock={("PHL", 1): 2}, services=[GROUND, cheap])

    assert [chosen(a) for a in answers] == [[("PHL", "ground")], [("PHL", "cheap")]]


def test_a_deadline_of_its_own_decides_the_service():
    answer = one(stock={("RNO", 1): 1}, services=[GROUND, EXPRESS], tier="gold", deadline_days=2)

    assert chosen(answer) == [("RNO", "express")]


def test_only_a_service_that_crosses_borders_goes_abroad():
    abroad = service("world", prices=((40.0, 60.0),) * 4, zones_km=(300, 1500, 5000, 20000),
                     days=(5, 5, 5, 6), is_international=True)  # fmt: skip
    stock = {("PHL", 1): 1}

    home = one(stock=stock, services=[GROUND, abroad])
    away = one(stock=stock, services=[GROUND, abroad], country="CA", tier="economy")

    assert chosen(home) == [("PHL", "ground")]
    assert chosen(away) == [("PHL", "world")]


@pytest.mark.parametrize(
    ("changes", "reason", "why"),
    [
        ({"weight_g": 31_000}, "too_heavy", "It is too heavy for every service."),
        # 120 liters weigh 24 kg by volume: past the last step of the rate.
        ({"volume_cm3": 120_000.0}, "too_heavy", "It is too heavy for every service."),
    ],
)
def test_what_is_too_heavy_stays(changes, reason, why):
    answer = one(line(**changes), stock={("PHL", 1): 1})

    assert (answer.plan.outcome, answer.plan.why) == ("none", why)
    assert lost(answer) == {"PHL": reason}
    assert answer.plan.shipments == ()
    assert answer.row["cost_amount"] is None


def test_a_service_ends_at_its_last_zone():
    local = service("local", prices=((4.0, 4.0),), zones_km=(300,), days=(0,))

    answer = one(stock={("RNO", 1): 1}, services=[local])

    assert (answer.plan.outcome, answer.plan.why) == (
        "none",
        "It is farther than any service goes.",
    )
    assert lost(answer) == {"RNO": "too_far"}


def test_a_rate_without_this_weight_in_this_zone_is_no_offer():
    gap = service("gap", prices=((1.0, float("inf")), (1.0, 2.0), (1.0, 2.0)))

    heavy = one(line(weight_g=1_500), stock={("PHL", 1): 1}, services=[GROUND, gap])
    alone = one(line(weight_g=1_500), stock={("PHL", 1): 1}, services=[gap])

    assert chosen(heavy) == [("PHL", "ground")]
    assert candidate(heavy, "PHL")["services"] == {"gap": "too_heavy"}
    assert lost(alone) == {"PHL": "too_heavy"}


def test_bulky_goods_pay_by_volume():
    light = one(line(weight_g=200, volume_cm3=1_000.0), stock={("PHL", 1): 1})
    bulky = one(line(weight_g=200, volume_cm3=10_000.0), stock={("PHL", 1): 1})

    assert light.plan.shipments[0].cost_amount == Decimal("5.00")
    assert bulky.plan.shipments[0].cost_amount == Decimal("9.00")


def test_nodes_that_ship_nothing_or_have_nothing_lose_for_that():
    answer = one(
        line(quantity=3),
        nodes=[node("NYC", can_ship=False), node("PHL"), node("CHI"), node("DAL")],
        stock={("NYC", 1): 9, ("PHL", 1): 2, ("DAL", 1): 3},
    )

    assert lost(answer) == {
        "NYC": "cannot_ship",
        "PHL": "partial_stock",
        "CHI": "out_of_stock",
        "DAL": None,
    }


def test_prices_in_the_currency_of_the_demand_are_compared():
    reais = service("rodoviario", prices=((1.0, 1.0),) * 3, currency="BRL")
    stock = {("PHL", 1): 1}

    dollars = one(stock=stock, services=[GROUND, reais])

    assert chosen(dollars) == [("PHL", "ground")]
    assert candidate(dollars, "PHL")["services"] == {}
    assert chosen(one(stock=stock, services=[GROUND, reais], currency="BRL")) == [
        ("PHL", "rodoviario")
    ]
    assert one(stock=stock, services=[GROUND], currency="EUR").row["cost_currency"] == "USD"


def test_without_coordinates_the_same_region_is_near_and_the_same_country_far():
    answer = one(
        nodes=[node("NYC", region="NY"), node("PHL", region="PA")],
        stock={("NYC", 1): 1, ("PHL", 1): 1},
        latitude=None,
        longitude=None,
    )

    assert chosen(answer) == [("NYC", "ground")]
    assert candidate(answer, "NYC")["km"] == 250
    assert candidate(answer, "PHL")["km"] == 1000
    assert answer.row["request"]["latitude"] is None


def test_the_plan_says_when_it_leaves_and_arrives():
    # Friday 17:00 in New York, after the cut-off at 16:00.
    friday = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)

    answer = one(line(quantity=2), stock={("PHL", 1): 5}, at=friday)

    [shipment] = answer.plan.shipments
    assert shipment.latest_ship_at == datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    assert shipment.promised_on == answer.plan.promised_on == date(2026, 11, 24)
    assert shipment.weight_g == 1000
    assert [(leg.line_ref, leg.variant_id, leg.quantity) for leg in shipment.legs] == [("1", 1, 2)]


def test_a_batch_does_not_promise_the_same_unit_twice():
    requests = [request(ref=f"ord_{n}") for n in range(4)]

    answers = route(
        requests,
        nodes=[node("PHL"), node("RNO")],
        stock={("PHL", 1): 2, ("RNO", 1): 1},
        services=[GROUND],
    )

    assert [chosen(answer) for answer in answers] == [
        [("PHL", "ground")],
        [("PHL", "ground")],
        [("RNO", "ground")],
        [],
    ]
    assert lost(answers[2]) == {"RNO": None, "PHL": "out_of_stock"}
    assert answers[3].plan.why == "No node has SKU-1 (1 asked)."


def test_a_demand_without_a_plan_takes_nothing_from_the_next():
    requests = [request(line(quantity=9), ref="ord_1"), request(line(quantity=2), ref="ord_2")]

    big, small = route(requests, nodes=[node("PHL")], stock={("PHL", 1): 2}, services=[GROUND])

    assert big.plan.why == "No node has 9 × SKU-1, only 2."
    assert chosen(small) == [("PHL", "ground")]


def test_what_several_nodes_have_together_is_said():
    answer = one(line(quantity=9), stock={("PHL", 1): 2, ("RNO", 1): 3})

    assert answer.plan.why == "All nodes together have 5 of 9 × SKU-1."


def test_many_short_lines_are_counted():
    lines = [line(variant, ref=str(variant)) for variant in range(1, 6)]

    answer = one(*lines, nodes=[node("PHL")], stock={("PHL", 9): 1})

    assert answer.plan.why == (
        "No node has SKU-1 (1 asked). No node has SKU-2 (1 asked). No node has SKU-3 (1 asked). "
        "2 more SKUs are short."
    )


def test_an_organization_without_nodes_gets_an_answer():
    [answer] = route([request()], nodes=[], stock={}, services=[GROUND])

    assert answer.plan.why == "No node ships for this organization."
    assert answer.row["candidates"] == {"nodes": [], "rest": {}}


def test_an_organization_without_services_gets_an_answer():
    answer = one(stock={("PHL", 1): 1}, services=[])

    assert answer.plan.why == "No service may carry this there."
    assert candidate(answer, "PHL") == {
        "node": "PHL", "km": 130, "service": None, "cost": None, "days": None, "on": None,
        "lost": "not_allowed",
    }  # fmt: skip


def test_a_service_that_delivers_on_weekends_is_in_time_where_others_are_not():
    thursday = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)
    weekend = service("weekend", prices=((6.0, 10.0), (8.0, 13.0), (11.0, 19.0)),
                      delivery_days=EVERY_DAY)  # fmt: skip

    answer = one(stock={("RNO", 1): 1}, services=[GROUND, weekend], tier="standard", at=thursday)

    assert chosen(answer) == [("RNO", "ground")]
    assert answer.plan.promised_on == date(2026, 11, 25)
    assert candidate(answer, "RNO")["services"] == {"weekend": [11.0, 4, "more_expensive"]}
