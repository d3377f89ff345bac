"""What an order has delivered, as returns see it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from inventory.nodes import selectors as nodes
from orders.selectors import orders


@dataclass(frozen=True, slots=True)
class DeliveredLine:
    id: int
    variant_id: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order's lines by position, and the nodes that serve its lines and take returns."""

    order_id: int
    order_ref: str
    organization_id: int
    delivered_at: datetime | None
    lines: dict[int, DeliveredLine]
    return_nodes: tuple[tuple[int, frozenset[int]], ...]


def get_delivery(*, organization_id: int, order_ref: str) -> Delivery:
    """This function will return what an order has delivered.

    :raises UnknownOrder: the organization has no such order.
    """
    order = orders.get_for(organization_id=organization_id, public_id=order_ref)
    return Delivery(
        order_id=order.pk,
        order_ref=order.public_id,
        organization_id=organization_id,
        delivered_at=order.delivered_at,
        lines={
            line.position: DeliveredLine(line.pk, line.variant_id, line.delivered)
            for line in order.lines.all()
        },
        return_nodes=tuple(
            (work.node_id, frozenset(line.order_line_id for line in work.lines.all()))
            for work in order.fulfillment_orders.all()
            if work.node.takes_returns and work.node.is_active
        ),
    )


def find_return_node(*, delivery: Delivery, line_ids: Collection[int]) -> int | None:
    """This function will return where units go back to: where they came from, else the first node
    by code that takes returns for the organization, else None."""
    for node_id, served in delivery.return_nodes:
        if served.intersection(line_ids):
            return node_id
    open_to = nodes.list_nodes().filter(
        is_active=True, takes_returns=True, allowances__organization_id=delivery.organization_id
    )
    return open_to.values_list("pk", flat=True).first()
