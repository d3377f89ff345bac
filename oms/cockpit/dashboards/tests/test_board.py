"""The board says what is where, what is late and how the week went, in few reads."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.cockpit.control_tower.models import Case
from oms.cockpit.dashboards.models import OrderCard
from oms.cockpit.dashboards.selectors import board, figures
from oms.cockpit.testing.stories import at
from oms.core import clock
from oms.infra.accounts.models import Organization
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db

NOW = at(0)


@pytest.fixture(autouse=True)
def _own_time():
    figures.forget()
    with clock.virtual(NOW):
        yield
    figures.forget()


@pytest.fixture
def operator() -> Organization:
    return organizations.ensure_operator()


def card(reference: str, **values) -> OrderCard:
    return OrderCard.objects.create(
        **{
            "order_ref": reference, "organization_id": 1, "number": reference.removeprefix("ord_"),
            "stage": "pick", "stage_since": at(-10), "placed_at": at(-60), "node_code": "RNO1",
            "place": "Denver, CO", **values,
        }
    )  # fmt: skip


def stages(**scope) -> dict[str, tuple[int, int | None, str]]:
    shown = board.snapshot(**scope)["stages"]
    return {stage["key"]: (stage["count"], stage["age_s"], stage["tone"]) for stage in shown}


def figure(key: str, **scope) -> dict[str, object]:
    return next(kpi for kpi in board.snapshot(**scope)["kpis"] if kpi["key"] == key)


def test_an_empty_board_shows_every_section_and_no_invented_figure():
    data = board.snapshot()

    assert [stage["count"] for stage in data["stages"]] == [0] * 9
    assert [kpi["value"] for kpi in data["kpis"]] == ["–", "–", "0", "0", "–", "0"]
    assert (data["nodes"], data["lanes"], data["decisions"], data["deliveries"]) == ([], [], [], [])


def test_stages_count_and_show_the_age_of_the_oldest():
    card("ord_1", stage="pick", stage_since=at(-10))
    card("ord_2", stage="pick", stage_since=at(-25))
    card("ord_3", stage="verify", stage_since=at(-30))
    card("ord_4", stage="done")
    card("ord_5", stage="cancelled")

    shown = stages()

    assert shown["pick"] == (2, 1500, "info")
    assert shown["verify"] == (1, 1800, "warn")
    assert shown["pack"] == (0, None, "ok")


def test_an_order_on_hold_is_shown_as_held_and_nowhere_else():
    card("ord_1", stage="pick", held_since=at(-2))
    card("ord_2", stage="in_transit", held_since=at(-2))

    shown = stages()

    assert (shown["hold"], shown["pick"][0], shown["in_transit"][0]) == ((1, 120, "hold"), 0, 1)


@pytest.mark.parametrize(
    ("values", "risk"),
    [
        ({"latest_ship_at": at(61)}, 0),
        ({"latest_ship_at": at(59)}, 1),
        ({"latest_ship_at": at(-5)}, 1),
        ({"latest_ship_at": at(-5), "stage": "in_transit"}, 0),
        ({"latest_ship_at": at(-5), "stage": "done"}, 0),
        ({"promised_on": date(2026, 11, 20), "stage": "in_transit"}, 0),
        ({"promised_on": date(2026, 11, 19), "stage": "in_transit"}, 1),
        ({"latest_ship_at": at(-5), "held_since": at(-9)}, 1),
    ],
)
def test_at_risk_means_the_carrier_leaves_within_the_hour_or_the_promise_has_passed(values, risk):
    card("ord_1", **values)

    assert stages()["at_risk"][0] == risk


def delivered(reference: str, days_ago: int, **values) -> OrderCard:
    when = NOW - timedelta(days=days_ago)
    return card(
        reference, **{"stage": "done", "delivered_at": when, "placed_at": when, "on_time": True,
                      "ship_cost": Decimal("8.00"), **values},
    )  # fmt: skip


def test_the_week_is_compared_with_the_one_before():
    delivered("ord_1", 0)
    delivered("ord_2", 6, on_time=False, ship_cost=Decimal("4.00"), needed_person=True)
    delivered("ord_3", 7)
    delivered("ord_4", 14)

    assert (figure("otif_7d")["value"], figure("otif_7d")["delta"]) == ("50.0 %", "−50.0")
    assert figure("otif_7d")["tone"] == "bad"
    cost = figure("cost_per_delivery")
    assert (cost["value"], cost["delta"]) == ("$6.00", "−2.00")
    assert figure("closed_without_person")["value"] == "50.0 %"
    assert figure("delivered_today")["trend"] == [1, 0, 0, 0, 0, 0, 1]
    assert figure("orders_today")["value"] == "1"


def test_a_share_is_never_rounded_up_to_perfect():
    OrderCard.objects.bulk_create(
        OrderCard(order_ref=f"ord_{n}", organization_id=1, number=str(n), stage="done",
                  stage_since=NOW, placed_at=NOW, delivered_at=NOW, on_time=n > 0)
        for n in range(3000)
    )  # fmt: skip

    assert figure("otif_7d")["value"] == "99.9 %"


def test_lanes_bundle_parcels_by_node_and_destination():
    for n in range(3):
        card(f"ord_{n}", stage="in_transit", latitude=40, longitude=-105)
    card("ord_9", stage="in_transit", latitude=40, longitude=-105, promised_on=date(2026, 11, 19))
    card("ord_8", stage="in_transit", latitude=None, longitude=None)

    lanes = board.snapshot()["lanes"]

    assert lanes == [{"from": "RNO1", "to_lat": 40, "to_lon": -105, "parcels": 4, "tone": "warn"}]


def test_movements_are_the_latest_eight_newest_first():
    for n in range(10):
        card(f"ord_{n}", stage="done", on_time=n != 9, stage_since=at(-n), delivered_at=at(-n))
    card("ord_99", stage="pick", stage_since=at(0))

    moves = board.snapshot()["deliveries"]

    assert [move["number"] for move in moves] == [str(n) for n in range(8)]
    assert (moves[0]["label"], moves[0]["tone"]) == ("Delivered", "ok")


def case(operator: Organization, reference: str, due: float) -> Case:
    return Case.objects.create(
        organization=operator, kind="hold", subject_kind="order", subject_ref=reference,
        correlation_id=reference, label=reference.removeprefix("ord_"), why="A line is missing.",
        opened_at=at(-90), due_at=at(due),
    )  # fmt: skip


def test_decisions_come_most_urgent_first_with_the_time_left(operator: Organization):
    case(operator, "ord_1", 30)
    case(operator, "ord_2", -5)

    first, second = board.snapshot()["decisions"]

    assert (first["number"], first["left_s"], first["tone"]) == ("2", -300, "bad")
    assert (second["number"], second["left_s"], second["tone"]) == ("1", 1800, "hold")
    assert second["kind_label"] == "On hold"


def test_a_person_of_one_node_sees_only_its_orders(operator: Organization):
    card("ord_1", node_code="RNO1")
    card("ord_2", node_code="DAL1")
    card("ord_3", node_code="", stage="verify")
    delivered("ord_4", 0, node_code="DAL1")
    case(operator, "ord_1", 30)
    case(operator, "ord_2", 30)

    shown = board.snapshot(node_codes={"RNO1"})

    assert shown["title"] == "Operations · RNO1"
    assert sum(stage["count"] for stage in shown["stages"]) == 1
    assert [row["number"] for row in shown["decisions"]] == ["1"]
    assert figure("delivered_today", node_codes={"RNO1"})["value"] == "0"
    assert figure("delivered_today")["value"] == "1"
    assert stages(node_codes=set())["pick"][0] == 0


def statements() -> int:
    figures.forget()
    with CaptureQueriesContext(connection) as captured:
        board.snapshot()
    return len(captured)


def test_many_orders_cost_as_many_statements_as_none(operator: Organization):
    none = statements()
    for n in range(30):
        card(f"ord_{n}", stage=("pick", "in_transit", "done")[n % 3], latitude=n, longitude=n)
        case(operator, f"ord_{n}", n)

    assert statements() == none <= 20
