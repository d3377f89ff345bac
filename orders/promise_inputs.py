"""What a promise was computed from, as its row keeps it: no personal data, names as codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from inventory.types import WaitingLine
from orders.tiers import Level
from routing.types import PlannedShipment, RoutingPlan


class Promised(Protocol):
    """An order with the promise it has."""

    promised_on: Any
    latest_ship_at: Any


def of_plan(level: Level, plan: RoutingPlan, at: datetime) -> dict[str, Any]:
    """This function will tell the inputs of a planned order: each part with its node's hours, its
    service and their days, and the decision that chose them."""
    return {
        **_asked(level, at),
        "decision": plan.decision_ref,
        "parts": [_part(shipment) for shipment in plan.shipments],
    }


def of_work(order: Promised) -> dict[str, Any]:
    """This function will tell what stood before, where only a part is planned anew."""
    return {"kept": {"promised_on": order.promised_on, "ship_by": order.latest_ship_at}}


def of_waiting(level: Level, found: Sequence[WaitingLine], at: datetime) -> dict[str, Any]:
    """This function will tell the inputs of an order that waits for stock: each line's day."""
    lines = [
        {"line": x.line_ref, "units": x.units, "expected_on": x.promised_on, "kind": x.kind}
        for x in found
    ]
    return {**_asked(level, at), "waits": lines}


def _asked(level: Level, at: datetime) -> dict[str, Any]:
    return {"asked_at": at, "level": level.code, "deadline_days": level.deadline_days}


def _part(shipment: PlannedShipment) -> dict[str, Any]:
    return {
        "node": shipment.node_code,
        "timezone": shipment.timezone,
        "cutoff": f"{shipment.cutoff:%H:%M}",
        "processing_minutes": shipment.processing_minutes,
        "ship_by": shipment.latest_ship_at,
        "service": shipment.service_code,
        "transit_days": shipment.transit_days,
        "arrives_on": shipment.promised_on,
    }
