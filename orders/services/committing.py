"""Routes confirmed orders: plan, reserve, promise. Others wait for stock, or stand on hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from inventory.catalog.types import VariantFacts
from inventory.services import reservations
from inventory.types import Demand, ReserveResult
from oms.core import bulk, clock, instances, transitions
from oms.core.transactions import check_references, needs_transaction
from oms.infra.outbox.services import emitting
from orders import line_refs, promise_inputs
from orders.events import OrderConfirmed
from orders.models import FulfillmentOrder, Order, OrderLine, Promise
from orders.services import (
    holding,
    node_work,
    partial,
    promising,
    recording,
    release,
    routing_requests,
    waiting,
)
from orders.services.promising import NewPromise
from orders.services.recording import Recorded
from routing.services import planning
from routing.types import RoutingPlan

#: Somebody else may take the planned stock between plan and reservation; plan again, then hold.
MAX_ROUNDS = 3
#: What a plan lacks → the hold that says so.
_HOLD_FOR = {"stock": "stock", "route": "routing"}


@dataclass(slots=True)
class Routed:
    """By order key: plans that hold their stock, and hold type and reason of those without; the
    variants these lack; the orders that wait for stock, which is no failure; and what is promised
    now, and not stored yet."""

    plans: dict[int, RoutingPlan] = field(default_factory=dict)
    failed: dict[int, tuple[str, str]] = field(default_factory=dict)
    short: dict[int, tuple[int, ...]] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    promises: dict[int, NewPromise] = field(default_factory=dict)

    def promise(self, new: NewPromise) -> None:
        """What is found later for the same day is no other promise; it may have to ship sooner."""
        before = self.promises.get(new.order.id)
        if before is not None and before.promised_on == new.promised_on:
            new = replace(before, latest_ship_at=new.latest_ship_at)
        self.promises[new.order.id] = new
        new.set_on_order()

    @property
    def started(self) -> set[int]:
        """Orders of which a part found its way, and the rest did not."""
        return self.plans.keys() & self.failed.keys()

    @property
    def settled(self) -> set[int]:
        return (self.plans.keys() - self.failed.keys()) | self.waiting


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
    routed = _route(orders, at, Promise.Cause.PLACED)
    # One write for the step and what it is promised.
    transitions.apply_path(
        [item.order for item in orders],
        ["verify", "confirm"],
        at_for=lambda order: order.placed_at,
        saving=promising.FIELDS,
    )
    promising.remember(promises=list(routed.promises.values()))
    emitting.emit_many([_confirmed(item.order, routed, at[item.order.id]) for item in orders])
    hold_failed(orders=orders, routed=routed, at=at)


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


def _route(orders: Sequence[Recorded], at: Mapping[int, datetime], cause: str) -> Routed:
    routed = Routed()
    variants = routing_requests.variants_of(orders)
    _plan(orders, MAX_ROUNDS, variants, at, routed)
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
    _store(orders, routed, at, cause)
    return routed


@needs_transaction
def route_parts(*, orders: Sequence[Recorded], at: Mapping[int, datetime]) -> set[int]:
    """This function will plan and reserve the parts that are noted on the orders; what they lack
    beside stays as it is.

    :returns: keys of the orders whose part found its way.
    """
    routed = Routed(waiting={x.order.id for x in orders if any(y.backordered for y in x.lines)})
    _plan(orders, MAX_ROUNDS, routing_requests.variants_of(orders), at, routed)
    _store(orders, routed, at, Promise.Cause.ROUTED)
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
) -> None:
    pending = {item.order.public_id: item for item in orders}
    for _ in range(rounds):
        if not pending:
            break
        _round(pending, variants, at, routed)
    for item in pending.values():
        routed.failed[item.order.id] = ("stock", "Others took the stock in the same moment.")
        routed.short[item.order.id] = tuple({line.variant_id for line in item.lines})


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
    variants: Mapping[int, VariantFacts],
    at: Mapping[int, datetime],
    routed: Routed,
) -> None:
    requests = [
        routing_requests.request_for(item, variants, at[item.order.id]) for item in pending.values()
    ]
    plans = {plan.demand_ref: plan for plan in planning.plan_many(requests=requests)}
    for reference, plan in plans.items():
        if plan.outcome != "full":
            key = pending.pop(reference).order.id
            routed.failed[key] = (_HOLD_FOR[plan.lacks], plan.why)
            if plan.short:
                routed.short[key] = plan.short
    if pending:
        # What was written so far is checked before stock is locked, not while others wait for it.
        check_references()
    result = _reserve(pending, plans, at)
    for reference in result.taken:
        routed.plans[pending.pop(reference).order.id] = plans[reference]


def _reserve(
    pending: Mapping[str, Recorded],
    plans: Mapping[str, RoutingPlan],
    at: Mapping[int, datetime],
) -> ReserveResult:
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


def _store(
    orders: Sequence[Recorded], routed: Routed, at: Mapping[int, datetime], cause: str
) -> None:
    planned = [item for item in orders if item.order.id in routed.plans]
    stored = [item for item in planned if item.are_lines_stored]
    for item in planned:
        routed.promise(_promise(item, routed, at[item.order.id], cause))
        for line in item.lines:
            units = item.asked(line)
            line.allocated += units
            line.unallocated -= units
    recording.save_lines(orders=orders)
    bulk.update_rows(
        OrderLine,
        [line.__dict__ for item in stored for line in item.lines],
        names=("id", "unallocated", "allocated"),
    )
    _propose_work(planned, routed, at)


def _promise(item: Recorded, routed: Routed, at: datetime, cause: str) -> NewPromise:
    """An order of which only a part is routed arrives with its last part, once that is known, and
    ships with its first."""
    order, plan = item.order, routed.plans[item.order.id]
    has_rest = order.id in routed.waiting
    days, moments = [plan.promised_on], [s.latest_ship_at for s in plan.shipments]
    inputs = promise_inputs.of_plan(item.level, plan, at)
    if item.has_work or has_rest:
        days.append(order.promised_on)
        moments += [order.latest_ship_at] if order.latest_ship_at else []
        inputs |= promise_inputs.of_work(order)
    is_known = all(days) or not has_rest
    return NewPromise(
        order=order,
        promised_on=max((day for day in days if day), default=None) if is_known else None,
        latest_ship_at=min(moments),
        cause=cause,
        inputs=inputs,
        at=at,
    )


def _propose_work(items: Sequence[Recorded], routed: Routed, at: Mapping[int, datetime]) -> None:
    work, lines = [], []
    for item in items:
        by_position = {line.position: line for line in item.lines}
        plan = routed.plans[item.order.id]
        for shipment in plan.shipments:
            fulfillment = instances.make(
                FulfillmentOrder,
                order_id=item.order.id,
                node_id=shipment.node_id,
                decision_ref=plan.decision_ref,
                attempt=item.attempt,
                service_code=shipment.service_code,
                latest_ship_at=shipment.latest_ship_at,
                promised_on=shipment.promised_on,
                created_at=at[item.order.id],
            )
            work.append(fulfillment)
            lines += [
                (fulfillment, by_position[line_refs.position_of(leg.line_ref)], leg.quantity)
                for leg in shipment.legs
            ]
    node_work.insert(works=work, lines=lines)


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
