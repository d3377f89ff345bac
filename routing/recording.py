"""Turns a solution into its three forms: the plan to carry out, the ledger row, the event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from inventory.types import Leg
from oms.core import clock, ids, money
from routing.batch import Solved
from routing.candidates import describe
from routing.events import RouteDecided
from routing.quotes import Network, Quotes, currency_of
from routing.solver import Solution
from routing.splits import Part
from routing.types import PlannedShipment, RoutingPlan, RoutingRequest

POLICY = "rules.v1"
#: Handling of each shipment after the first, in the currency of the plan.
SPLIT_COST = Decimal("2.00")


@dataclass(frozen=True, slots=True)
class Answer:
    plan: RoutingPlan
    row: dict[str, Any]
    event: RouteDecided


def record(network: Network, quotes: Quotes, index: int, solved: Solved, *, why: str) -> Answer:
    """This function will build the answer to request `index` of a batch."""
    started = clock.monotonic()
    request, solution = solved.request, solved.solution
    shipments = _shipments(network, quotes, index, request, solution)
    plan = RoutingPlan(
        demand_ref=request.demand_ref,
        decision_ref=ids.public_id("dec", at=request.at),
        outcome="full" if shipments else "none",
        shipments=shipments,
        promised_on=max((s.promised_on for s in shipments), default=None),
        why=why,
        lacks=_lacks(solved),
        short=tuple(s.variant_id for s in solved.failure.short) if solved.failure else (),
    )
    currency = currency_of(network, request)
    row = _row(request, plan, currency, describe(network, quotes, index, solution))
    row["duration_us"] = round((solved.spent_s + clock.monotonic() - started) * 1e6)
    return Answer(plan, row, _event(request, plan))


def _lacks(solved: Solved) -> str:
    if solved.failure is None:
        return ""
    return "stock" if solved.failure.short else "route"


def _shipments(
    network: Network, quotes: Quotes, index: int, request: RoutingRequest, solution: Solution
) -> tuple[PlannedShipment, ...]:
    needed = list(dict.fromkeys(line.variant_id for line in request.lines))
    left = [line.quantity for line in request.lines]
    shipments = []
    for part in solution.parts:
        node = network.nodes[part.node]
        legs, weight_g = _legs(request, needed, part, node.id, left)
        calendar = network.calendars[network.calendar_of[part.node]]
        shipments.append(
            PlannedShipment(
                node_id=node.id,
                node_code=node.code,
                service_code=network.services[part.service].code,
                legs=legs,
                weight_g=weight_g,
                cost_amount=_amount(part.price, network.services[part.service].currency),
                latest_ship_at=calendar.cutoff_at(
                    date.fromordinal(int(quotes.ship_day[index, part.node]))
                ),
                promised_on=date.fromordinal(part.arrives),
                timezone=node.timezone,
                cutoff=node.cutoff_time,
                processing_minutes=node.processing_minutes,
                transit_days=int(quotes.transit[index, part.node, part.service]),
            )
        )
    return tuple(shipments)


def _legs(
    request: RoutingRequest, needed: list[int], part: Part, node_id: int, left: list[int]
) -> tuple[tuple[Leg, ...], int]:
    """The part's units line by line, taken off `left`, what each line still waits for."""
    takes = dict(zip(needed, part.takes.tolist(), strict=True))
    legs, weight_g = [], 0
    for position, line in enumerate(request.lines):
        quantity = min(left[position], takes[line.variant_id])
        if not quantity:
            continue
        left[position] -= quantity
        takes[line.variant_id] -= quantity
        weight_g += quantity * line.weight_g
        legs.append(Leg(line.line_ref, line.variant_id, node_id, quantity))
    return tuple(legs), weight_g


def _amount(price: float, currency: str) -> Decimal:
    return money.quantize(Decimal(str(round(price, 4))), currency)


def _row(
    request: RoutingRequest, plan: RoutingPlan, currency: str, candidates: dict[str, Any]
) -> dict[str, Any]:
    shipments = plan.shipments
    handling = SPLIT_COST * (len(shipments) - 1)
    cost = sum((s.cost_amount for s in shipments), handling) if shipments else None
    return {
        "created_at": request.at,
        "public_id": plan.decision_ref,
        "organization_id": request.organization_id,
        "demand_kind": request.demand_kind,
        "demand_ref": request.demand_ref,
        "policy": POLICY,
        "request": _asked(request),
        "candidates": candidates,
        "plan": _chosen(plan, handling),
        "outcome": plan.outcome,
        "promised_on": plan.promised_on,
        "cost_amount": cost,
        "cost_currency": currency if shipments else "",
        "duration_us": 0,
    }


def _asked(request: RoutingRequest) -> dict[str, Any]:
    return {
        "at": request.at.isoformat(),
        "tier": request.tier,
        "deadline_days": request.deadline_days,
        "carriers": list(request.carriers),
        "currency": request.currency,
        "country": request.country,
        "region": request.region,
        "latitude": _coarse(request.latitude),
        "longitude": _coarse(request.longitude),
        "lines": [[line.line_ref, line.variant_id, line.quantity] for line in request.lines],
    }


def _coarse(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 2)


def _chosen(plan: RoutingPlan, handling: Decimal) -> dict[str, Any]:
    if not plan.shipments:
        return {"shipments": [], "why": plan.why}
    return {
        "handling": str(handling),
        "shipments": [
            {
                "node": shipment.node_code,
                "service": shipment.service_code,
                "cost": str(shipment.cost_amount),
                "weight_g": shipment.weight_g,
                "latest_ship_at": shipment.latest_ship_at.isoformat(),
                "promised_on": shipment.promised_on.isoformat(),
                "legs": [[leg.line_ref, leg.quantity] for leg in shipment.legs],
            }
            for shipment in plan.shipments
        ],
    }


def _event(request: RoutingRequest, plan: RoutingPlan) -> RouteDecided:
    return RouteDecided(
        organization_id=request.organization_id,
        decision_ref=plan.decision_ref,
        demand_kind=request.demand_kind,
        demand_ref=request.demand_ref,
        occurred_at=request.at,
        outcome=plan.outcome,
        node_codes=[shipment.node_code for shipment in plan.shipments],
        service_codes=[shipment.service_code for shipment in plan.shipments],
    )
