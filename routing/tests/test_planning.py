"""Planning on real rows: what is read, what is written, and how many statements it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.selectors import services as carrier_services
from carriers.services.accounts import ensure_sandbox_carrier
from inventory.catalog.services import upsert_variants
from inventory.catalog.types import VariantDraft
from inventory.nodes import services as nodes
from inventory.nodes.types import NodeDraft
from inventory.services import reservations, stock
from inventory.types import Demand, Leg, StockChange
from oms.core import clock
from oms.core.transactions import TransactionRequired, unit
from oms.infra.accounts.services import organizations
from oms.infra.outbox.models import OutboxEvent
from routing.models import Decision
from routing.selectors import decisions, explanations
from routing.services import planning
from routing.types import RequestLine, RoutingRequest

pytestmark = pytest.mark.django_db

#: A Tuesday, 10:00 in New York.
TUESDAY = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)


class World:
    """Two nodes, two variants: Reno has much, Dallas some; the sandbox carrier's prices."""

    def __init__(self) -> None:
        ensure_sandbox_carrier()
        self.organization = organizations.ensure_operator().pk
        with unit():
            self.nodes = nodes.upsert_nodes(
                drafts=[
                    _node("RNO1", "Reno", 39.53, -119.81),
                    _node("DAL1", "Dallas", 32.78, -96.8),
                ]
            )
            nodes.allow(organization_id=self.organization, node_ids=self.nodes.values())
            self.variants = upsert_variants(
                organization_id=self.organization, drafts=[_variant("JACKET"), _variant("BOOTS")]
            )
            self.receive("RNO1", "JACKET", 100)
            self.receive("RNO1", "BOOTS", 100)
            self.receive("DAL1", "JACKET", 100)

    def receive(self, node: str, sku: str, quantity: int) -> None:
        change = StockChange(self.nodes[node], self.variants[sku], quantity)
        stock.receive(changes=[change])

    def request(self, ref: str, **quantities: int) -> RoutingRequest:
        return RoutingRequest(
            organization_id=self.organization,
            demand_kind="order",
            demand_ref=ref,
            lines=tuple(
                RequestLine(str(position), self.variants[sku], quantity, 800, 2_000.0)
                for position, (sku, quantity) in enumerate(quantities.items(), start=1)
            ),
            country="US",
            region="CA",
            latitude=37.77,
            longitude=-122.42,
            tier="standard",
            deadline_days=7,
            currency="USD",
            at=TUESDAY,
        )


def _node(code: str, name: str, latitude: float, longitude: float) -> NodeDraft:
    return NodeDraft(
        code=code, name=name, kind="warehouse", country="US", city=name, latitude=latitude,
        longitude=longitude, timezone="America/Denver", cutoff_time=time(15),
    )  # fmt: skip


def _variant(sku: str) -> VariantDraft:
    return VariantDraft(
        sku=sku, name=sku.title(), weight_g=800, length_mm=200, width_mm=100, height_mm=100,
        price_amount=Decimal("49.00"), price_currency="USD",
    )  # fmt: skip


@pytest.fixture
def world(db) -> World:
    return World()


def _plan(*requests: RoutingRequest):
    with unit():
        return planning.plan_many(requests=requests)


def test_a_plan_is_written_down_with_its_candidates_and_told(world):
    [plan] = _plan(world.request("ord_A", JACKET=2))

    decision = decisions.get_decision(public_id=plan.decision_ref)
    assert plan.outcome == decision.outcome == "full"
    assert [s.node_code for s in plan.shipments] == ["RNO1"]
    assert (decision.organization_id, decision.demand_ref) == (world.organization, "ord_A")
    assert decision.created_at == TUESDAY
    assert decision.promised_on == plan.promised_on
    assert decision.cost_amount == plan.shipments[0].cost_amount
    assert {c["node"]: c["lost"] for c in decision.candidates["nodes"]} == {
        "RNO1": None,
        "DAL1": "more_expensive",
    }
    assert decision.duration_us > 0
    event = OutboxEvent.objects.get(name="routing.decision.made.v1")
    assert event.payload["decision_ref"] == plan.decision_ref
    assert event.payload["node_codes"] == ["RNO1"]
    assert (event.correlation_id, event.occurred_at) == ("ord_A", TUESDAY)


def test_a_demand_nobody_can_serve_is_written_down_too(world):
    [plan] = _plan(world.request("ord_A", JACKET=201, BOOTS=1))

    decision = decisions.get_decision(public_id=plan.decision_ref)
    assert plan.shipments == ()
    assert plan.why == "All nodes together have 200 of 201 × JACKET."
    assert (decision.outcome, decision.cost_amount, decision.promised_on) == ("none", None, None)
    assert decision.plan == {"shipments": [], "why": plan.why}
    assert {c["node"]: c["lost"] for c in decision.candidates["nodes"]} == {
        "RNO1": "partial_stock",
        "DAL1": "partial_stock",
    }


def test_the_plans_of_a_batch_fit_the_stock_together(world):
    requests = [world.request(f"ord_{n}", JACKET=60) for n in range(4)]

    plans = _plan(*requests)

    assert [[(s.node_code, s.legs[0].quantity) for s in p.shipments] for p in plans] == [
        [("RNO1", 60)],
        [("DAL1", 60)],
        [("RNO1", 40), ("DAL1", 20)],
        [],
    ]
    assert plans[3].why == "No node has 60 × JACKET, only 20."


def _hold(world, **units: int) -> None:
    """Boots in Reno, so many for each demand; there are a hundred."""
    variant, node = world.variants["BOOTS"], world.nodes["RNO1"]
    demands = [
        Demand(world.organization, "order", ref, (Leg("1", variant, node, quantity),))
        for ref, quantity in units.items()
    ]
    with unit():
        reservations.hold(demands=demands, expires_at=clock.now() + timedelta(hours=1))


def test_what_a_demand_holds_is_free_for_it_alone(world):
    _hold(world, ord_1=3, somebody=97)
    held = replace(world.request("ord_1", BOOTS=3), may_hold=True)
    other = replace(world.request("ord_2", BOOTS=1), may_hold=True)

    for batch in ((held, other), (other, held)):
        outcomes = {plan.demand_ref: plan.outcome for plan in _plan(*batch)}
        assert outcomes == {"ord_1": "full", "ord_2": "none"}
    [stranger] = _plan(replace(held, demand_ref="ord_3"))
    assert (stranger.outcome, stranger.short) == ("none", (world.variants["BOOTS"],))


def test_what_a_demand_holds_and_does_not_use_is_free_for_the_next(world):
    _hold(world, ord_1=3, somebody=97)
    first = replace(world.request("ord_1", BOOTS=1), may_hold=True)

    plans = _plan(first, world.request("ord_2", BOOTS=2), world.request("ord_3", BOOTS=1))

    assert [plan.outcome for plan in plans] == ["full", "full", "none"]


def test_each_organization_is_served_from_its_own(world):
    sandbox = organizations.ensure_sandbox().pk
    foreign = world.request("ord_B", JACKET=1)
    mixed = [
        world.request("ord_A", JACKET=1),
        RoutingRequest(**{**_fields(foreign), "organization_id": sandbox}),
        world.request("ord_C", JACKET=1),
    ]

    plans = _plan(*mixed)

    assert [p.demand_ref for p in plans] == ["ord_A", "ord_B", "ord_C"]
    assert [p.outcome for p in plans] == ["full", "none", "full"]
    assert plans[1].why == "No node ships for this organization."


def _fields(request: RoutingRequest) -> dict:
    return {name: getattr(request, name) for name in RoutingRequest.__dataclass_fields__}


def test_a_batch_costs_as_many_statements_as_one(world):
    with (
        unit(),
        CaptureQueriesContext(
            connection,
        ) as one,
    ):
        planning.plan_many(requests=[world.request("ord_one", JACKET=1)])
    many = [world.request(f"ord_{n}", JACKET=1, BOOTS=1) for n in range(40)]
    with unit(), CaptureQueriesContext(connection) as forty:
        plans = planning.plan_many(requests=many)

    assert [p.outcome for p in plans] == ["full"] * 40
    # allowances, sheets, rates; nodes; stock; decisions, events with their wake-up
    assert len(one) == len(forty) == 7
    assert Decision.objects.count() == 41


def test_a_caller_without_a_transaction_is_refused(world):
    with pytest.raises(TransactionRequired):
        planning.plan_many(requests=[world.request("ord_A", JACKET=1)])

    assert not Decision.objects.exists()


def test_the_newest_decision_of_a_demand_counts(world):
    _plan(world.request("ord_A", JACKET=1))
    [second] = _plan(world.request("ord_A", JACKET=1))

    latest = decisions.find_latest(demand_kind="order", demand_ref="ord_A")

    assert latest is not None
    assert latest.public_id == second.decision_ref
    assert decisions.find_latest(demand_kind="order", demand_ref="ord_Z") is None


def test_an_unknown_decision_is_not_found(world):
    with pytest.raises(decisions.DecisionNotFound):
        decisions.get_decision(public_id="dec_unknown")


def test_a_decision_is_explained_in_sentences(world):
    [plan] = _plan(world.request("ord_A", JACKET=2))
    decision = decisions.get_decision(public_id=plan.decision_ref)
    dallas = next(c for c in decision.candidates["nodes"] if c["node"] == "DAL1")
    dearer = Decimal(str(dallas["cost"])) - plan.shipments[0].cost_amount

    sentences = explanations.explain(decision)

    assert sentences == [
        f"Reno was chosen: has everything, ${plan.shipments[0].cost_amount} "
        f"{_service_name(decision)}, arrives Nov {plan.promised_on.day}.",
        f"Dallas lost: ${dearer:.2f} dearer.",
    ]


def test_a_decision_without_a_plan_is_explained(world):
    [plan] = _plan(world.request("ord_A", BOOTS=101))

    sentences = explanations.explain(decisions.get_decision(public_id=plan.decision_ref))

    assert sentences == [
        "No node has 101 × BOOTS, only 100.",
        "Reno lost: has only a part.",
        "Dallas lost: nothing of it in stock.",
    ]


def _service_name(decision: Decision) -> str:
    code = decision.plan["shipments"][0]["service"]
    found = carrier_services.list_for(organization_id=decision.organization_id)
    return next(service.name for service in found if service.code == code)
