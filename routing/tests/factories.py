"""Nodes, services and requests in memory, and one call that routes them without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

import numpy as np

from carriers.types import ServiceFacts
from inventory.nodes.types import NodeFacts
from inventory.types import Availability
from routing import reasons
from routing.batch import Shelf, solve_batch
from routing.quotes import build_network
from routing.recording import Answer, record
from routing.types import RequestLine, RoutingRequest

#: A Tuesday, 10:00 in New York.
TUESDAY = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)
DEADLINE_DAYS = {"same_day": 0, "next_day": 1, "standard": 7, "economy": 14}
EVERY_DAY = 0b1111111
WORKWEEK = 0b0011111

#: Code → (latitude, longitude); New York is the usual destination.
PLACES = {
    "NYC": (40.71, -74.01),
    "PHL": (39.95, -75.17),
    "CHI": (41.88, -87.63),
    "DAL": (32.78, -96.80),
    "RNO": (39.53, -119.81),
}


def node(code: str, **changes: Any) -> NodeFacts:
    latitude, longitude = PLACES.get(code, (40.0, -90.0))
    facts: dict[str, Any] = {
        "id": sum(ord(c) * 131**i for i, c in enumerate(code)) % 1_000_003,
        "code": code,
        "name": f"Node {code}",
        "kind": "warehouse",
        "country": "US",
        "region": "",
        "city": code,
        "postcode": "",
        "street": "",
        "latitude": latitude,
        "longitude": longitude,
        "timezone": "America/New_York",
        "cutoff_time": time(16, 0),
        "processing_minutes": 120,
        "working_days": WORKWEEK,
        "daily_capacity": 500,
        "can_ship": True,
    }
    return NodeFacts(**{**facts, **changes})


def service(
    code: str,
    *,
    prices: Sequence[Sequence[float]] = ((5.0, 9.0), (7.0, 12.0), (10.0, 18.0)),
    zones_km: Sequence[int] = (300, 1500, 5000),
    steps_g: Sequence[int] = (1_000, 20_000),
    days: Sequence[int] = (1, 2, 4),
    **changes: Any,
) -> ServiceFacts:
    facts: dict[str, Any] = {
        "id": len(code),
        "code": code,
        "name": code.title(),
        "carrier_code": "sandbox",
        "carrier_name": "Sandbox Parcel",
        "account_id": 1,
        "speed": "standard",
        "max_weight_g": 30_000,
        "is_international": False,
        "delivery_days": WORKWEEK,
        "currency": "USD",
        "dim_divisor": 5000,
        "zone_km": np.array(zones_km),
        "weight_steps_g": np.array(steps_g),
        "amounts": np.array(prices, dtype=float),
        "transit_days": np.array(days),
    }
    return ServiceFacts(**{**facts, **changes})


def line(variant_id: int = 1, quantity: int = 1, ref: str = "1", **changes: Any) -> RequestLine:
    facts: dict[str, Any] = {"weight_g": 500, "volume_cm3": 1000.0, "is_hazmat": False}
    return RequestLine(
        line_ref=ref, variant_id=variant_id, quantity=quantity, **{**facts, **changes}
    )


def request(*lines: RequestLine, ref: str = "ord_1", **changes: Any) -> RoutingRequest:
    facts: dict[str, Any] = {
        "organization_id": 1,
        "demand_kind": "order",
        "country": "US",
        "region": "NY",
        "latitude": 40.71,
        "longitude": -74.01,
        "tier": "standard",
        "currency": "USD",
        "at": TUESDAY,
    }
    facts |= {"deadline_days": DEADLINE_DAYS.get(changes.get("tier", "standard"), 0)}
    return RoutingRequest(demand_ref=ref, lines=lines or (line(),), **{**facts, **changes})


def route(
    requests: Sequence[RoutingRequest],
    *,
    nodes: Sequence[NodeFacts],
    stock: Mapping[tuple[str, int], int],
    services: Sequence[ServiceFacts],
) -> list[Answer]:
    """This function will answer the requests as the service does, from `stock[code, variant]`."""
    network = build_network(nodes, services)
    ids = {facts.code: facts.id for facts in nodes}
    variants = sorted({item.variant_id for r in requests for item in r.lines})
    free = [
        Availability(variant_id=variant, node_id=ids[code], available=count)
        for (code, variant), count in stock.items()
        if variant in variants
    ]
    quotes, solved = solve_batch(network, requests, Shelf.of(network, variants, free))
    skus = {variant: f"SKU-{variant}" for variant in variants}
    return [
        record(
            network,
            quotes,
            index,
            item,
            why=reasons.in_words(item.failure, skus) if item.failure else "",
        )
        for index, item in enumerate(solved)
    ]


def chosen(answer: Answer) -> list[tuple[str, str]]:
    """This function will return (node, service) of each shipment of a plan."""
    return [(s.node_code, s.service_code) for s in answer.plan.shipments]


def lost(answer: Answer) -> dict[str, str | None]:
    """This function will return why each node lost; None for the chosen."""
    return {c["node"]: c["lost"] for c in answer.row["candidates"]["nodes"]}


def candidate(answer: Answer, code: str) -> dict[str, Any]:
    """This function will return the ledger's words on one node."""
    return next(c for c in answer.row["candidates"]["nodes"] if c["node"] == code)
