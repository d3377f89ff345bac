"""Orders that wait for stock: planned again, most urgent first, when some arrives.

Some wait for a person, on a hold; others were sold so and wait in the backlog of inventory, which
keeps what arrives for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from inventory.services import reservations
from inventory.types import DemandAtNode
from oms.core import clock
from oms.core.errors import Conflict
from oms.core.transactions import use_case
from orders.models import Hold, Order, OrderLine, Promise
from orders.services import (
    committing,
    counters,
    holding,
    holds,
    partial,
    promising,
    routing_requests,
    stopping,
)

#: Orders tried per arrival; the rest follow with the next one.
BATCH = 100
ROUTED_HOLDS = holding.ROUTED_HOLDS
#: Of a released order, units that a count did not find may still wait.
_WAITING = (Order.Status.CONFIRMED, Order.Status.RELEASED)


class NotWaiting(Conflict):
    """Only an order that waits for stock or a route can be routed again."""

    code = "orders.not_waiting"


class StillNoRoute(Conflict):
    code = "orders.still_no_route"


@use_case
def retry_order(*, order_id: int) -> None:
    """This function will route one order that waits for stock or a route, now.

    :raises NotWaiting: it has no open hold of these types, or a person's hold as well.
    :raises StillNoRoute: no node can serve it; the reason says why.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    waits = order.holds.filter(type__in=ROUTED_HOLDS, released_at=None)
    types = list(waits.order_by("pk").values_list("type", flat=True))
    is_stopped = Order.objects.filter(Exists(_stopped_by_people()), pk=order.pk).exists()
    if not types or is_stopped or order.status not in _WAITING:
        raise NotWaiting(f"Order {order.number} does not wait for stock or a route.")
    routed = committing.route(
        orders=routing_requests.with_lines([order]), at={order.pk: clock.now()}
    )
    if order.pk in routed.failed:
        raise StillNoRoute(routed.failed[order.pk][1])
    for type in types:
        holds.lift(orders=[order], type=type, reason="Routed again.")


@use_case
def retry(*, variant_ids: Sequence[int]) -> int:
    """This function will route orders on a stock hold that want one of the variants.

    :returns: how many found their stock, or may wait for it without a person by now.
    """
    waiting = list(
        Order.objects.select_for_update(of=("self",))
        .filter(
            pk__in=Order.objects.filter(
                status__in=_WAITING,
                holds__type="stock",
                holds__released_at=None,
                lines__variant_id__in=list(variant_ids),
            )
            .exclude(Exists(_stopped_by_people()))
            .order_by("-priority", "placed_at")
            .values("pk")[:BATCH]
        )
        .order_by("pk")
    )
    if not waiting:
        return 0
    now = clock.now()
    items = routing_requests.with_lines(sorted(waiting, key=lambda o: (-o.priority, o.placed_at)))
    routed = committing.route(orders=items, at={order.pk: now for order in waiting})
    served = [order for order in waiting if order.pk in routed.settled]
    holds.lift(orders=served, type="stock", reason="Stock arrived.")
    partial.go_ahead(orders=[order for order in waiting if order.pk in routed.started])
    return len(served)


def _stopped_by_people() -> QuerySet[Hold]:
    """They are routed when that hold is lifted."""
    waits = Hold.objects.filter(order=OuterRef("pk"), released_at=None)
    return waits.filter(scopes__contains=[stopping.ROUTING]).exclude(type__in=ROUTED_HOLDS)


@use_case
def take_filled(*, units: Mapping[tuple[str, int], int]) -> None:
    """This function will count units (by order reference and line) that arrived for orders, and
    plan the orders that have all of theirs now.

    What arrived for an order that was closed meanwhile is given back.
    """
    orders = list(
        Order.objects.select_for_update()
        .filter(public_id__in={reference for reference, _ in units})
        .order_by("pk")
    )
    closed = [order for order in orders if order.closed_at is not None]
    items = [DemandAtNode("order", order.public_id) for order in closed]
    reservations.release(items=items, reason="order closed")
    keys = {order.public_id: order.pk for order in orders}
    counters.record_filled(
        units={(keys[ref], line): n for (ref, line), n in units.items() if ref in keys}
    )
    complete = waiting_for_nothing([order for order in orders if order.status in _WAITING])
    if complete:
        committing.resume(orders=complete)


def waiting_for_nothing(orders: Sequence[Order]) -> list[Order]:
    """This function will return those that wait neither for units nor for a person."""
    keys = [order.pk for order in orders]
    lines = OrderLine.objects.filter(order__in=keys, backordered__gt=0)
    stuck = set(lines.values_list("order_id", flat=True)) | stopping.list_stopped(orders=orders)
    return [order for order in orders if order.pk not in stuck]


@use_case
def move_promises(*, days: Mapping[str, date | None]) -> int:
    """This function will promise orders that wait another day, by their reference.

    :returns: how many orders have another day; those that wait no more have a plan of their own.
    """
    waits = OrderLine.objects.filter(order=OuterRef("pk"), backordered__gt=0)
    orders = Order.objects.select_for_update().filter(Exists(waits), public_id__in=list(days))
    now = clock.now()
    return promising.promise(
        promises=[
            promising.NewPromise(
                order=order,
                promised_on=days[order.public_id],
                latest_ship_at=order.latest_ship_at,
                cause=Promise.Cause.BACKORDER,
                inputs={"expected_on": days[order.public_id]},
                at=now,
            )
            for order in orders.order_by("pk")
        ]
    )
