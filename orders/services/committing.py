"""Routes confirmed orders: plan, reserve, promise. Others wait for stock, or stand on hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from inventory.catalog.types import VariantFacts
from inventory.services import reservations
from inventory.types import Demand, ReserveResult
from oms.core import clock, transitions
from oms.core.transactions import check_references, needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import OrderConfirmed
from orders.models import Order, Promise
from orders.services import (
    holding,
    partial,
    promising,
    release,
    routing_requests,
    waiting,
)
from orders.services.recording import Recorded
from orders.services.routed import Routed, store
from routing.services import planning
from routing.types import RoutingPlan

#: Somebody else may take the planned stock between plan and reservation; plan again, then hold.
MAX_ROUNDS = 3
#: What a plan lacks → the hold that says so.
_HOLD_FOR = {"stock": "stock", "route": "routing"}


@needs_transaction
def commit(*, orders: Sequence[Recorded]) -> None:
    """This function will confirm new orders that nothing stops, route them, and tell of each that
    it is confirmed.

    An order that finds no stock or no route is confirmed all the same: it waits where the selling
    rules let it, else it gets a hold that says why.
    """
    if not orders:
        return
    at = {item.order.id: item.order.placed_at for item in orders}
    plans = _ask(orders, routing_requests.variants_of(orders), at)
    whole = [item for item in orders if plans[item.order.public_id].outcome == "full"]
    if not _commit_whole(whole, plans, at):
        whole = []
    done = {item.order.id for item in whole}
    rest = [item for item in orders if item.order.id not in done]
    if rest:
        routed = _route(rest, at, Promise.Cause.PLACED, plans)
        _take_steps(rest, routed)
        emitting.emit_many([_confirmed(item.order, routed, at[item.order.id]) for item in rest])
        hold_failed(orders=rest, routed=routed, at=at)


def _commit_whole(
    items: Sequence[Recorded], plans: Mapping[str, RoutingPlan], at: Mapping[int, datetime]
) -> bool:
    """Writes all of the orders first and takes their stock last: others wait for the stock as short
    as can be. Where somebody was faster nothing of it stands, and none is committed."""
    if not items:
        return True
    before = _Before(items)
    routed = Routed({item.order.id: plans[item.order.public_id] for item in items})
    try:
        with transaction.atomic():
            store(orders=items, routed=routed, at=at, cause=Promise.Cause.PLACED)
            _take_steps(items, routed)
            taken = _reserve({item.order.public_id: item for item in items}, plans, at).taken
            if len(taken) < len(items):
                raise _Outrun
            emitting.emit_many([_confirmed(x.order, routed, at[x.order.id]) for x in items])
    except _Outrun:
        before.put_back()
        return False
    return True


class _Outrun(Exception):
    """Others took the stock between plan and reservation."""


class _Before:
    """What orders and their lines were like, for where a try comes to nothing."""

    def __init__(self, items: Sequence[Recorded]) -> None:
        self._items = [(item, item.are_lines_stored) for item in items]
        self._rows = [(row, dict(row.__dict__)) for x in items for row in (x.order, *x.lines)]

    def put_back(self) -> None:
        for item, are_lines_stored in self._items:
            item.are_lines_stored = are_lines_stored
        for row, columns in self._rows:
            # Past the descriptor of the status, which refuses every assignment.
            row.__dict__.clear()
            row.__dict__.update(columns)


def _take_steps(orders: Sequence[Recorded], routed: Routed) -> None:
    """One write for the steps and what the orders are promised."""
    transitions.apply_path(
        [item.order for item in orders],
        ["verify", "confirm"],
        at_for=lambda order: order.placed_at,
        saving=promising.FIELDS,
    )
    promising.remember(promises=list(routed.promises.values()))


@needs_transaction
def resume(*, orders: Sequence[Order]) -> None:
    """This function will let orders without open holds go on from where each stopped."""
    now = clock.now()
    fresh = [order for order in orders if order.status == Order.Status.VERIFYING]
    transitions.apply_many(fresh, "confirm", now=now)
    items = routing_requests.with_lines(orders)
    unrouted = [item for item in items if _is_unrouted(item)]
    at = {item.order.id: now for item in unrouted}
    # One call for all: stock is queued for once a transaction, after its last reservation.
    routed = route(orders=unrouted, at=at)
    emitting.emit_many([_confirmed(order, routed, now) for order in fresh])
    hold_failed(orders=unrouted, routed=routed, at=at)
    stand = {order.id for order in fresh}
    going = [item.order for item in items if not item.holds or item.order.id in routed.started]
    ready = [order for order in going if order.id not in stand]
    release.release(orders=ready, at={})


def _is_unrouted(item: Recorded) -> bool:
    """It had no stock or route when it was confirmed, and does not wait for stock."""
    has_backorder = any(line.backordered for line in item.lines)
    return not has_backorder and any(line.unallocated for line in item.lines)


@needs_transaction
def route(
    *,
    orders: Sequence[Recorded],
    at: Mapping[int, datetime],
    cause: str = Promise.Cause.ROUTED,
) -> Routed:
    """This function will plan and reserve what the orders still lack, and store what follows:
    promise and ship-by time with their cause, line counters, proposed fulfillment orders.

    What finds no stock waits for it where the selling rules allow.
    """
    routed = _route(orders, at, cause)
    promising.promise(promises=list(routed.promises.values()))
    return routed


def _route(
    orders: Sequence[Recorded],
    at: Mapping[int, datetime],
    cause: str,
    plans: Mapping[str, RoutingPlan] | None = None,
) -> Routed:
    routed = Routed()
    variants = routing_requests.variants_of(orders)
    _plan(orders, MAX_ROUNDS, variants, at, routed, plans)
    short = [item for item in orders if item.order.id in routed.short]
    if short:
        waited = waiting.let_wait(items=short, short=routed.short, at=at, cause=cause)
        routed.waiting |= waited.waiting
        for new in waited.promises:
            routed.promise(new)
        ready = [item for item in short if item.order.id in waited.ready]
        for key in waited.waiting | waited.ready:
            del routed.failed[key]
        _plan(ready, 1, variants, at, routed)
        _plan_parts(short, variants, at, routed)
    store(orders=orders, routed=routed, at=at, cause=cause)
    return routed


@needs_transaction
def route_parts(*, orders: Sequence[Recorded], at: Mapping[int, datetime]) -> set[int]:
    """This function will plan and reserve the parts that are noted on the orders; what they lack
    beside stays as it is.

    :returns: keys of the orders whose part found its way.
    """
    routed = Routed(waiting={x.order.id for x in orders if any(y.backordered for y in x.lines)})
    _plan(orders, MAX_ROUNDS, routing_requests.variants_of(orders), at, routed)
    store(orders=orders, routed=routed, at=at, cause=Promise.Cause.ROUTED)
    promising.promise(promises=list(routed.promises.values()))
    return set(routed.plans)


def _plan_parts(
    orders: Sequence[Recorded],
    variants: Mapping[int, VariantFacts],
    at: Mapping[int, datetime],
    routed: Routed,
) -> None:
    """Of orders that may ship in parts, what is there goes at once; the rest waits or is held."""
    open_ = [item for item in orders if item.order.id not in routed.plans]
    parts = partial.with_something_there(items=open_, waiting=routed.waiting)
    lacks = dict(routed.failed), dict(routed.short)
    _plan(parts, 1, variants, at, routed)
    routed.failed, routed.short = lacks


def _plan(
    orders: Sequence[Recorded],
    rounds: int,
    variants: Mapping[int, VariantFacts],
    at: Mapping[int, datetime],
    routed: Routed,
    plans: Mapping[str, RoutingPlan] | None = None,
) -> None:
    """`plans` are those of the first round, where somebody has asked already."""
    pending = {item.order.public_id: item for item in orders}
    for _ in range(rounds):
        if not pending:
            break
        _round(pending, plans or _ask(list(pending.values()), variants, at), at, routed)
        plans = None
    for item in pending.values():
        routed.failed[item.order.id] = ("stock", "Others took the stock in the same moment.")
        routed.short[item.order.id] = tuple({line.variant_id for line in item.lines})


def _ask(
    orders: Sequence[Recorded],
    variants: Mapping[int, VariantFacts],
    at: Mapping[int, datetime],
) -> dict[str, RoutingPlan]:
    """How each order is to be served, by its identifier."""
    requests = [routing_requests.request_for(item, variants, at[item.order.id]) for item in orders]
    return {plan.demand_ref: plan for plan in planning.plan_many(requests=requests)}


@needs_transaction
def hold_failed(*, orders: Sequence[Recorded], routed: Routed, at: Mapping[int, datetime]) -> None:
    """This function will put the orders that found no route on hold, with what they lack.

    Of an order that a node works on already, the rest goes on.
    """
    failed = [item for item in orders if item.order.id in routed.failed]
    for item in failed:
        item.holds.add(routed.failed[item.order.id][0])
    holding.open_many(
        drafts=[
            holding.HoldDraft(
                order=item.order,
                type=routed.failed[item.order.id][0],
                reason=routed.failed[item.order.id][1],
                at=at[item.order.id],
                scopes=("routing",) if item.has_work else (),
            )
            for item in failed
        ]
    )


def _round(
    pending: dict[str, Recorded],
    plans: Mapping[str, RoutingPlan],
    at: Mapping[int, datetime],
    routed: Routed,
) -> None:
    for reference, item in list(pending.items()):
        plan = plans[reference]
        if plan.outcome != "full":
            del pending[reference]
            routed.failed[item.order.id] = (_HOLD_FOR[plan.lacks], plan.why)
            if plan.short:
                routed.short[item.order.id] = plan.short
    if not pending:
        return
    for reference in _reserve(pending, plans, at).taken:
        routed.plans[pending.pop(reference).order.id] = plans[reference]


def _reserve(
    pending: Mapping[str, Recorded],
    plans: Mapping[str, RoutingPlan],
    at: Mapping[int, datetime],
) -> ReserveResult:
    # What was written so far is checked before stock is locked, not while others wait for it.
    check_references()
    return reservations.reserve(
        demands=[
            Demand(
                organization_id=item.order.organization_id,
                demand_kind="order",
                demand_ref=reference,
                legs=plans[reference].legs,
                at=at[item.order.id],
                channel=item.channel,
                needed_on=plans[reference].promised_on,
            )
            for reference, item in pending.items()
        ]
    )


def _confirmed(order: Order, routed: Routed, at: datetime) -> OrderConfirmed:
    plan = routed.plans.get(order.id)
    return OrderConfirmed(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=at,
        promised_on=order.promised_on.isoformat() if order.promised_on else "",
        latest_ship_at=order.latest_ship_at,
        priority=order.priority,
        node_codes=[s.node_code for s in plan.shipments] if plan else [],
    )
