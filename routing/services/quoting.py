"""What a parcel would cost and when it would arrive, where node and service are known already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from carriers.selectors import services as carrier_services
from inventory.nodes import selectors as nodes
from oms.core import money
from routing.quotes import build_network, quote
from routing.types import RoutingRequest


@dataclass(frozen=True, slots=True)
class ParcelQuote:
    """Without a price the service has no rate for it any more."""

    weight_g: int
    cost_amount: Decimal | None
    currency: str
    arrives_on: date | None


def quote_parcels(
    *, node_id: int, service_code: str, requests: Sequence[RoutingRequest]
) -> list[ParcelQuote]:
    """This function will price each request of one organization as one parcel; nothing is
    written."""
    facts = nodes.facts_by_id(node_ids=[node_id])
    services = [
        service
        for service in carrier_services.list_for(organization_id=requests[0].organization_id)
        if service.code == service_code
    ]
    network = build_network(list(facts.values()), services)
    weights = [sum(line.quantity * line.weight_g for line in r.lines) for r in requests]
    if not network.services:
        return [ParcelQuote(weight, None, "", None) for weight in weights]
    quotes, currency = quote(network, requests), network.services[0].currency
    return [
        ParcelQuote(
            weight_g=weight,
            cost_amount=money.quantize(Decimal(str(float(price))), currency) if is_priced else None,
            currency=currency,
            arrives_on=date.fromordinal(int(day)) if is_priced else None,
        )
        for weight, price, day, is_priced in zip(
            weights,
            quotes.price[:, 0, 0],
            quotes.arrives[:, 0, 0],
            np.isfinite(quotes.key[:, 0, 0]),
            strict=True,
        )
    ]
