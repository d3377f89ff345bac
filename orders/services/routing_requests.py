"""What stored orders still lack, and how that is asked of routing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Max

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from oms.core.quantities import volume_cm3
from orders import line_refs
from orders.channels import selectors as channels
from orders.models import FulfillmentOrder, NodeExclusion, Order, OrderLine
from orders.services.recording import Recorded
from routing.types import RequestLine, RoutingRequest


def with_lines(orders: Sequence[Order]) -> list[Recorded]:
    """This function will load the lines of stored orders, how often each was routed and where not
    to, their channels' rules and service levels, in five statements."""
    lines = OrderLine.objects.filter(order__in=orders).order_by("order_id", "position")
    by_order: dict[int, list[OrderLine]] = {order.id: [] for order in orders}
    for line in lines:
        by_order[line.order_id].append(line)
    works = FulfillmentOrder.objects.filter(order__in=orders).values_list("order_id")
    routed = dict(works.annotate(Max("attempt")).order_by())
    excluded: dict[int, set[int]] = defaultdict(set)
    refused = NodeExclusion.objects.filter(order__in=orders)
    for order_id, node_id in refused.values_list("order_id", "node_id"):
        excluded[order_id].add(node_id)
    rules = channels.rules_by_id(channel_ids={order.channel_id for order in orders})
    levels = channels.levels_by_organization(
        organization_ids={order.organization_id for order in orders}
    )
    return [
        Recorded(
            order,
            None,
            by_order[order.id],
            attempt=routed.get(order.id, 0) + 1,
            channel=rules[order.channel_id].code,
            carriers=rules[order.channel_id].carriers,
            level=levels[order.organization_id][order.tier],
            not_nodes=frozenset(excluded[order.id]),
            may_hold=True,
        )
        for order in orders
    ]


def variants_of(orders: Sequence[Recorded]) -> dict[int, VariantFacts]:
    """This function will return the facts of all variants by key; those of new orders were read
    when they were checked."""
    known = {
        line.variant.id: line.variant for item in orders if item.clean for line in item.clean.lines
    }
    wanted = {line.variant_id for item in orders for line in item.lines} - known.keys()
    return known | catalog.facts_by_id(variant_ids=sorted(wanted)) if wanted else known


def request_for(
    item: Recorded, variants: Mapping[int, VariantFacts], at: datetime
) -> RoutingRequest:
    """This function will return what is asked of routing for what an order lacks."""
    order = item.order
    return RoutingRequest(
        organization_id=order.organization_id,
        demand_kind="order",
        demand_ref=order.public_id,
        lines=tuple(
            _request_line(line, item, variants[line.variant_id])
            for line in item.lines
            if item.asked(line)
        ),
        country=order.country,
        region=order.region,
        latitude=order.latitude,
        longitude=order.longitude,
        tier=order.tier,
        deadline_days=item.level.deadline_days,
        currency=order.currency,
        at=at,
        carriers=item.carriers,
        may_hold=item.may_hold,
        only_nodes=item.only_nodes,
        not_nodes=item.not_nodes,
    )


def _request_line(line: OrderLine, item: Recorded, variant: VariantFacts) -> RequestLine:
    return RequestLine(
        line_ref=line_refs.of(line.position, item.attempt),
        variant_id=line.variant_id,
        quantity=item.asked(line),
        weight_g=variant.weight_g,
        volume_cm3=volume_cm3(variant.length_mm, variant.width_mm, variant.height_mm),
        is_hazmat=variant.is_hazmat,
    )
