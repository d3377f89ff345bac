"""Routes confirmed orders: plan, reserve, promise. Others wait for stock, or stand on hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from inventory.services import reservations
from inventory.types import Demand, ReserveResult
from oms.core import bulk, clock, transitions
from oms.core.quantities import volume_cm3
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders import line_refs, promise_inputs
from orders.channels import selectors as channels
from orders.events import OrderConfirmed
from orders.models import FulfillmentOrder, NodeExclusion, Order, OrderLine, Promise
from orders.services import holding, node_work, partial, promising, release, waiting
from orders.services.recording import Recorded
from routing.services import planning
from routing.types import RequestLine, RoutingPlan, RoutingRequest

#: Somebody else may take the planned stock between plan and reservation; plan again, then hold.
MAX_ROUNDS = 3
#: What a plan lacks → the hold that says so.
_HOLD_FOR = {"stock": "stock", "route": "routing"}


@dataclass(slots=True)
class Routed:
    """By order key: plans that hold their stock, and hold type and reason of those without; the
    variants these lack; and the orders that wait for stock, which is no failure."""

    plans: dict[int, RoutingPlan] = field(default_factory=dict)
    failed: dict[int, tuple[str, str]] = field(default_factory=dict)
    short: dict[int, tuple[int, ...]] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)

    @property
    def started(self) -> set[int]:
        """Orders of which a part found its way, and the rest did not."""
        return self.plans.keys() & self.failed.keys()

    @property
    def settled(self) -> set[int]:
        return (self.plans.keys() - self.failed.keys()) | self.waiting


@needs_transaction
def commit(*, orders: Sequence[Recorded]) -> None:
    """This function will route newly confirmed orders and tell of each that it is confirmed.

    An order that finds no stock or no route is confirmed all the same: it waits where the selling
    rules let it, else it gets a hold that says why.
    """
    if not orders:
        return
    at = {item.order.pk: item.order.confirmed_at or clock.now() for item in orders}
    routed = route(orders=orders, at=at, cause=Promise.Cause.PLACED)
    emitting.emit_many([_confirmed(item.order, routed, at[item.order.pk]) for item in orders])
    hold_failed(orders=orders, routed=routed, at=at)


@needs_transaction
def resume(*, orders: Sequence[Order]) -> None:
    """This function will let orders without open holds go on from where each stopped."""
    now = clock.now()
    fresh = [order for order in orders if order.status == Order.Status.VERIFYING]
    transitions.apply_many(fresh, "confirm", now=now)
    items = with_lines(orders)
    lacking = [item for item in items if _is_unrouted(item)]
    at = {item.order.pk: now for item in lacking}
    # One call for all: stock is queued for once a transaction, after its last reservation.
    routed = route(orders=lacking, at=at)
    emitting.emit_many([_confirmed(order, routed, now) for order in fresh])
    hold_failed(orders=lacking, routed=routed, at=at)
    stand = {order.pk for order in fresh}
    going = [item.order for item in items if not item.holds or item.order.pk in routed.started]
    ready = [order for order in going if order.pk not in stand]
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
    routed = Routed()
    variants = _variants(orders)
    _plan(orders, MAX_ROUNDS, variants, at, routed)
    lacking = [item for item in orders if item.order.pk in routed.short]
    if lacking:
        waited = waiting.let_wait(items=lacking, short=routed.short, at=at, cause=cause)
        routed.waiting |= waited.waiting
        ready = [item for item in lacking if item.order.pk in waited.ready]
        for key in waited.waiting | waited.ready:
            del routed.failed[key]
        _plan(ready, 1, variants, at, routed)
        _plan_parts(lacking, variants, at, routed)
    _store([item for item in orders if item.order.pk in routed.plans], routed, at, cause)
    return routed


@needs_transaction
def route_parts(*, orders: Sequence[Recorded], at: Mapping[int, datetime]) -> set[int]:
    """This function will plan and reserve the parts that are noted on the orders; what they lack
    beside stays as it is.

    :returns: keys of the orders whose part found its way.
    """
    routed = Routed(waiting={x.order.pk for x in orders if any(y.backordered for y in x.lines)})
    _plan(orders, MAX_ROUNDS, _variants(orders), at, routed)
    _store(
        [item for item in orders if item.order.pk in routed.plans], routed, at, Promise.Cause.ROUTED
    )
    return set(routed.plans)


def _plan_parts(
    orders: Sequence[Recorded],
    variants: Mapping[int, VariantFacts],
    at: Mapping[int, datetime],
    routed: Routed,
) -> None:
    """Of orders that may ship in parts, what is there goes at once; the rest waits or is held."""
    open_ = [item for item in orders if item.order.pk not in routed.plans]
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
        routed.failed[item.order.pk] = ("stock", "Others took the stock in the same moment.")
        routed.short[item.order.pk] = tuple({line.variant_id for line in item.lines})


def _variants(orders: Sequence[Recorded]) -> dict[int, VariantFacts]:
    """Those of new orders were read when they were checked."""
    known = {
        line.variant.id: line.variant for item in orders if item.clean for line in item.clean.lines
    }
    wanted = {line.variant_id for item in orders for line in item.lines} - known.keys()
    return known | catalog.facts_by_id(variant_ids=sorted(wanted)) if wanted else known


@needs_transaction
def hold_failed(*, orders: Sequence[Recorded], routed: Routed, at: Mapping[int, datetime]) -> None:
    """This function will put the orders that found no route on hold, with what they lack.

    Of an order that a node works on already, the rest goes on.
    """
    failed = [item for item in orders if item.order.pk in routed.failed]
    for item in failed:
        item.holds.add(routed.failed[item.order.pk][0])
    holding.open_many(
        drafts=[
            holding.HoldDraft(
                order=item.order,
                type=routed.failed[item.order.pk][0],
                reason=routed.failed[item.order.pk][1],
                at=at[item.order.pk],
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
    requests = [request_for(item, variants, at[item.order.pk]) for item in pending.values()]
    plans = {plan.demand_ref: plan for plan in planning.plan_many(requests=requests)}
    for reference, plan in plans.items():
        if plan.outcome != "full":
            key = pending.pop(reference).order.pk
            routed.failed[key] = (_HOLD_FOR[plan.lacks], plan.why)
            if plan.short:
                routed.short[key] = plan.short
    result = _reserve(pending, plans, at)
    for reference in result.taken:
        routed.plans[pending.pop(reference).order.pk] = plans[reference]


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
                at=at[item.order.pk],
                channel=item.channel,
                needed_on=plans[reference].promised_on,
            )
            for reference, item in pending.items()
        ]
    )


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


def _store(
    items: Sequence[Recorded], routed: Routed, at: Mapping[int, datetime], cause: str
) -> None:
    promising.promise(promises=[_promise(item, routed, at[item.order.pk], cause) for item in items])
    lines = [line for item in items for line in item.lines]
    for item in items:
        for line in item.lines:
            units = item.asked(line)
            line.allocated += units
            line.unallocated -= units
    bulk.update_rows(
        OrderLine,
        [{"id": x.pk, "unallocated": x.unallocated, "allocated": x.allocated} for x in lines],
    )
    _propose_work(items, routed, at)


def _promise(item: Recorded, routed: Routed, at: datetime, cause: str) -> promising.NewPromise:
    """An order of which only a part is routed arrives with its last part, once that is known, and
    ships with its first."""
    order, plan = item.order, routed.plans[item.order.pk]
    has_rest = order.pk in routed.waiting
    days, moments = [plan.promised_on], [s.latest_ship_at for s in plan.shipments]
    inputs = promise_inputs.of_plan(item.level, plan, at)
    if item.has_work or has_rest:
        days.append(order.promised_on)
        moments += [order.latest_ship_at] if order.latest_ship_at else []
        inputs |= promise_inputs.of_work(order)
    is_known = all(days) or not has_rest
    return promising.NewPromise(
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
        plan = routed.plans[item.order.pk]
        for shipment in plan.shipments:
            fulfillment = FulfillmentOrder(
                order_id=item.order.pk,
                node_id=shipment.node_id,
                decision_ref=plan.decision_ref,
                attempt=item.attempt,
                service_code=shipment.service_code,
                latest_ship_at=shipment.latest_ship_at,
                promised_on=shipment.promised_on,
                created_at=at[item.order.pk],
            )
            work.append(fulfillment)
            lines += [
                (fulfillment, by_position[line_refs.position_of(leg.line_ref)], leg.quantity)
                for leg in shipment.legs
            ]
    node_work.insert(works=work, lines=lines)


def _confirmed(order: Order, routed: Routed, at: datetime) -> OrderConfirmed:
    plan = routed.plans.get(order.pk)
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


def with_lines(orders: Sequence[Order]) -> list[Recorded]:
    """This function will load the lines of stored orders, how often each was routed and where not
    to, their channels' rules and service levels, in five statements."""
    lines = OrderLine.objects.filter(order__in=orders).order_by("order_id", "position")
    by_order: dict[int, list[OrderLine]] = {order.pk: [] for order in orders}
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
            by_order[order.pk],
            attempt=routed.get(order.pk, 0) + 1,
            channel=rules[order.channel_id].code,
            carriers=rules[order.channel_id].carriers,
            level=levels[order.organization_id][order.tier],
            not_nodes=frozenset(excluded[order.pk]),
            may_hold=True,
        )
        for order in orders
    ]
