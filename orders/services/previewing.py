"""What parts of a node's work would weigh and cost, and when they would arrive; nothing is
written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from inventory.catalog import selectors as catalog
from inventory.nodes import selectors as nodes
from oms.core import clock
from orders.models import FulfillmentOrder
from orders.services import moving, routing_requests
from orders.services.parting import MoreThanThere
from routing.services import planning, quoting
from routing.types import RoutingRequest


@dataclass(frozen=True, slots=True)
class PartPreview:
    """One parcel as far as it is known: without a price there is no rate, without a node no stock
    elsewhere, and `why` says so."""

    units: int
    weight_g: int
    node_code: str = ""
    service_code: str = ""
    cost_amount: Decimal | None = None
    currency: str = ""
    arrives_on: date | None = None
    why: str = ""


def preview(
    *, work: FulfillmentOrder, units: Mapping[int, int], move_to: str | None = None
) -> list[PartPreview]:
    """This function will tell of the parcel that stays, if one does, then of the units' own.

    `move_to`: None for a second parcel from the same node, else the code of another node, or empty
    for whichever is best.

    :raises MoreThanThere: a line has fewer units.
    :raises UnknownNode: no node has the code.
    """
    there = {line.order_line.position: line.quantity for line in _lines(work)}
    for position, number in units.items():
        if not 0 < number <= there.get(position, 0):
            raise MoreThanThere(f"Line {position} has {there.get(position, 0)} units in this work.")
    rest = {p: n - units.get(p, 0) for p, n in there.items() if n > units.get(p, 0)}
    parts = [part for part in (rest, dict(units)) if part]
    requests = _requests(work, parts)
    if move_to is None:
        return _from_here(work, requests)
    elsewhere = replace(
        requests[-1],
        not_nodes=frozenset({work.node_id}),
        only_nodes=frozenset(moving.node_ids([move_to]).values()),
    )
    return [*_from_here(work, requests[:-1]), *_from_elsewhere(elsewhere)]


def _lines(work: FulfillmentOrder) -> list[Any]:
    return list(work.lines.select_related("order_line").order_by("pk"))


def _from_here(work: FulfillmentOrder, requests: Sequence[RoutingRequest]) -> list[PartPreview]:
    if not requests:
        return []
    node = nodes.facts_by_id(node_ids=[work.node_id])[work.node_id]
    quotes = quoting.quote_parcels(
        node_id=work.node_id, service_code=work.service_code, requests=requests
    )
    return [
        PartPreview(
            units=sum(line.quantity for line in request.lines),
            weight_g=quote.weight_g,
            node_code=node.code,
            service_code=work.service_code,
            cost_amount=quote.cost_amount,
            currency=quote.currency,
            arrives_on=quote.arrives_on,
        )
        for request, quote in zip(requests, quotes, strict=True)
    ]


def _from_elsewhere(request: RoutingRequest) -> list[PartPreview]:
    [plan] = planning.preview_many(requests=[request])
    if not plan.shipments:
        units = sum(line.quantity for line in request.lines)
        weight = sum(line.quantity * line.weight_g for line in request.lines)
        return [PartPreview(units, weight, why=plan.why)]
    return [
        PartPreview(
            units=sum(leg.quantity for leg in shipment.legs),
            weight_g=shipment.weight_g,
            node_code=shipment.node_code,
            service_code=shipment.service_code,
            cost_amount=shipment.cost_amount,
            currency=request.currency,
            arrives_on=shipment.promised_on,
        )
        for shipment in plan.shipments
    ]


def _requests(work: FulfillmentOrder, parts: Sequence[Mapping[int, int]]) -> list[RoutingRequest]:
    """What routing would be asked, had each part of the order's units no route."""
    [item] = routing_requests.with_lines([work.order])
    variants = catalog.facts_by_id(variant_ids={line.variant_id for line in item.lines})
    requests = []
    for part in parts:
        for line in item.lines:
            line.unallocated = part.get(line.position, 0)
        requests.append(routing_requests.request_for(item, variants, clock.now()))
    return requests
