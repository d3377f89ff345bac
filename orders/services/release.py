"""Gives confirmed and routed orders to their nodes as work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from inventory.nodes import selectors as nodes
from inventory.selectors import reservations
from inventory.warehouse.services import work
from inventory.warehouse.types import WorkDraft, WorkLineDraft
from oms.core import clock, transitions
from oms.core.transactions import needs_transaction, use_case
from orders import line_refs
from orders.events import OrderReleased
from orders.models import FulfillmentLine, FulfillmentOrder, Hold, Order
from orders.services import guarding, holding, stopping


@use_case
def release_orders(*, at: Mapping[str, datetime]) -> int:
    """This function will release the orders (public id → time) that are confirmed, routed and free.

    Others are passed over: their own next step brings them here again.
    """
    orders = list(
        Order.objects.select_for_update()
        .filter(public_id__in=list(at), status=Order.Status.CONFIRMED)
        .order_by("pk")
    )
    return release(orders=not_stopped(orders=orders), at=at)


@needs_transaction
def not_stopped(*, orders: Sequence[Order]) -> list[Order]:
    """This function will return the orders whose work may begin: nothing holds more of them than
    the search for what they still lack."""
    lacks = Q(type__in=holding.ROUTED_HOLDS, scopes=[stopping.ROUTING])
    stops = Hold.objects.filter(
        ~lacks, order__in=orders, released_at=None, scopes__contains=[stopping.ROUTING]
    )
    held = set(stops.values_list("order_id", flat=True))
    return [order for order in orders if order.pk not in held]


@needs_transaction
def release(*, orders: Sequence[Order], at: Mapping[str, datetime]) -> int:
    """This function will submit the proposed work of the orders to their nodes. An order to an
    undeliverable address that nobody overrode is put on hold instead.

    :returns: how many orders were released.
    """
    free = guarding.hold_back(orders=orders)
    proposed = list(
        FulfillmentOrder.objects.filter(
            order__in=free, status=FulfillmentOrder.Status.PROPOSED
        ).order_by("pk")
    )
    if not proposed:
        return 0
    now = clock.now()
    by_order = {order.pk: order for order in orders}
    times = {order.pk: at.get(order.public_id, now) for order in orders}
    transitions.apply_many(proposed, "submit", at_for=lambda f: times[f.order_id])
    work.release_many(drafts=_drafts(proposed, by_order, times))
    stopping.tell_of_new_work(orders=[by_order[key] for key in {f.order_id for f in proposed}])
    return _mark_released(proposed, by_order, times)


def _drafts(
    proposed: Sequence[FulfillmentOrder],
    orders: Mapping[int, Order],
    times: Mapping[int, datetime],
) -> list[WorkDraft]:
    lines = _lines(proposed, orders)
    return [
        WorkDraft(
            organization_id=orders[f.order_id].organization_id,
            node_id=f.node_id,
            demand_kind="fulfillment_order",
            demand_ref=f.public_id,
            label=str(orders[f.order_id].number),
            correlation_id=orders[f.order_id].public_id,
            priority=orders[f.order_id].priority,
            due_at=f.latest_ship_at,
            lines=tuple(lines[f.pk]),
            at=times[f.order_id],
        )
        for f in proposed
    ]


def _lines(
    proposed: Sequence[FulfillmentOrder], orders: Mapping[int, Order]
) -> dict[int, list[WorkLineDraft]]:
    """What is to pick for each work: the line's units, or of a kit the parts set aside for it."""
    works = {item.pk: item for item in proposed}
    held = reservations.parts_at_nodes(
        demand_kind="order", demand_refs=[order.public_id for order in orders.values()]
    )
    lines: dict[int, list[WorkLineDraft]] = defaultdict(list)
    rows = FulfillmentLine.objects.filter(fulfillment_order__in=proposed).order_by("pk")
    names = ("fulfillment_order_id", "order_line__position", "order_line__variant_id", "quantity")
    for key, position, variant_id, quantity in rows.values_list(*names):
        mine = works[key]
        line_ref = line_refs.of(position, mine.attempt, mine.part)
        parts = held.get((orders[mine.order_id].public_id, mine.node_id, line_ref), {})
        if not parts or variant_id in parts:
            parts = {variant_id: quantity}
        lines[key] += [WorkLineDraft(line_ref, part, units) for part, units in parts.items()]
    return lines


def _mark_released(
    proposed: Sequence[FulfillmentOrder],
    orders: Mapping[int, Order],
    times: Mapping[int, datetime],
) -> int:
    codes = nodes.facts_by_id(node_ids=sorted({f.node_id for f in proposed}))
    by_order: dict[int, list[str]] = defaultdict(list)
    for fulfillment in proposed:
        by_order[fulfillment.order_id].append(codes[fulfillment.node_id].code)
    fresh = [
        orders[key] for key in sorted(by_order) if orders[key].status == Order.Status.CONFIRMED
    ]
    transitions.apply_many(
        fresh,
        "release",
        at_for=lambda order: times[order.pk],
        event_for=lambda order: OrderReleased(
            organization_id=order.organization_id,
            order_ref=order.public_id,
            number=str(order.number),
            occurred_at=times[order.pk],
            node_codes=sorted(by_order[order.pk]),
        ),
    )
    return len(fresh)
