"""The question and the answer of routing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from inventory.types import Leg


@dataclass(frozen=True, slots=True)
class RequestLine:
    """`weight_g` and `volume_cm3` are of one unit."""

    line_ref: str
    variant_id: int
    quantity: int
    weight_g: int
    volume_cm3: float
    is_hazmat: bool = False


@dataclass(frozen=True, slots=True)
class RoutingRequest:
    """What has to go where, by when, at which time it is asked."""

    organization_id: int
    demand_kind: str
    demand_ref: str
    lines: tuple[RequestLine, ...]
    country: str
    region: str
    latitude: float | None
    longitude: float | None
    tier: str
    #: Calendar days from the day it is asked, where the node is, to the last day of arrival.
    deadline_days: int
    currency: str
    at: datetime
    #: Codes of the carriers that may be used; empty: all.
    carriers: tuple[str, ...] = ()
    #: The demand may hold stock softly already: its own counts as free for it.
    may_hold: bool = False
    #: Only these nodes, where any are named; and none of those.
    only_nodes: frozenset[int] = frozenset()
    not_nodes: frozenset[int] = frozenset()

    def may_come_from(self, node_id: int) -> bool:
        return node_id not in self.not_nodes and (not self.only_nodes or node_id in self.only_nodes)


@dataclass(frozen=True, slots=True)
class PlannedShipment:
    """Everything one node sends for this demand, with one service."""

    node_id: int
    node_code: str
    service_code: str
    legs: tuple[Leg, ...]
    weight_g: int
    cost_amount: Decimal
    latest_ship_at: datetime
    promised_on: date
    #: What both dates come from: the node's hours, and the days the service takes.
    timezone: str
    cutoff: time
    processing_minutes: int
    transit_days: int


@dataclass(frozen=True, slots=True)
class RoutingPlan:
    """`outcome` full: all lines served; none: `shipments` is empty and `why` says why."""

    demand_ref: str
    decision_ref: str
    outcome: str
    shipments: tuple[PlannedShipment, ...]
    promised_on: date | None
    why: str = ""
    #: What is missing where there is no plan: "stock" (arrivals may mend it) or "route".
    lacks: str = ""
    #: Variants of which all nodes together have less than asked.
    short: tuple[int, ...] = ()

    @property
    def legs(self) -> tuple[Leg, ...]:
        return tuple(leg for shipment in self.shipments for leg in shipment.legs)
