"""What orders do when something happened below: load, one service call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from carriers import events as carrier_events
from inventory import events as stock_events
from inventory.nodes import events as node_events
from inventory.warehouse import events as floor_events
from oms.infra.outbox.subscriptions import Delivered, subscribe
from orders import events
from orders.billing import events as money_events
from orders.channels import events as channel_events
from orders.services import (
    after_split,
    backlog,
    crediting,
    fulfillment,
    negotiation,
    prioritizing,
    release,
    rerouting,
    resequencing,
    timeline,
)
from routing import events as routing_events


@subscribe(events.OrderConfirmed, consumer="orders.release", batch_size=64)
def on_confirmed(facts: Sequence[Delivered[events.OrderConfirmed]]) -> None:
    release.release_orders(at={f.event.order_ref: f.event.occurred_at for f in facts})


@subscribe(
    floor_events.WorkPicked,
    floor_events.WorkShort,
    floor_events.WorkPacked,
    floor_events.WorkCancelAnswered,
    floor_events.WorkHandedOver,
    carrier_events.ShipmentDelivered,
    consumer="orders.fulfillment",
    batch_size=64,
)
def on_work(facts: Sequence[Delivered[Any]]) -> None:
    """Grouped by kind in the order of an order's life, so that one batch is few calls.

    What fell short or was cancelled comes before what left: only what is left is counted as sent.
    """
    groups: dict[type, dict[str, Any]] = {}
    for fact in facts:
        if fact.event.demand_kind == "fulfillment_order":
            groups.setdefault(type(fact.event), {})[fact.event.demand_ref] = fact.event
    for kind, step in _LIFE:
        if kind in groups:
            step(groups[kind])


def _times(group: dict[str, Any]) -> dict[str, datetime]:
    return {reference: event.occurred_at for reference, event in group.items()}


def _answer(event: floor_events.WorkCancelAnswered) -> negotiation.Answer:
    return negotiation.Answer(event.is_accepted, event.reason, event.occurred_at)


def _carton(event: floor_events.WorkPacked) -> fulfillment.Carton:
    return fulfillment.Carton(
        parcel_ref=event.parcel_ref,
        weight_g=event.weight_g,
        length_mm=event.length_mm,
        width_mm=event.width_mm,
        height_mm=event.height_mm,
        at=event.occurred_at,
    )


@subscribe(
    events.OrderCancelled,
    events.LinesCancelled,
    events.OrderRejected,
    events.OrderExpired,
    events.OrderCompleted,
    money_events.PaymentRecorded,
    consumer="orders.credit",
    batch_size=100,
)
def on_less_owed(facts: Sequence[Delivered[Any]]) -> None:
    crediting.settle(order_refs=[fact.event.order_ref for fact in facts])


#: What each kind of fact of the floor and the carriers leads to, in the order of an order's life.
_LIFE: Sequence[tuple[type, Callable[[dict[str, Any]], object]]] = (
    (floor_events.WorkPicked, lambda group: fulfillment.start(at=_times(group))),
    (
        floor_events.WorkShort,
        lambda group: rerouting.fall_short(
            places={(event.order_ref, event.node_id) for event in group.values()}
        ),
    ),
    (
        floor_events.WorkPacked,
        lambda group: fulfillment.pack(
            cartons={ref: _carton(event) for ref, event in group.items()}
        ),
    ),
    (
        floor_events.WorkCancelAnswered,
        lambda group: negotiation.settle(
            answers={ref: _answer(event) for ref, event in group.items()}
        ),
    ),
    (floor_events.WorkHandedOver, lambda group: fulfillment.ship(at=_times(group))),
    (carrier_events.ShipmentDelivered, lambda group: fulfillment.deliver(at=_times(group))),
)


@subscribe(stock_events.StockReceived, consumer="orders.backlog", batch_size=50)
def on_stock(facts: Sequence[Delivered[stock_events.StockReceived]]) -> None:
    backlog.retry(variant_ids=sorted({v for f in facts for v in f.event.variant_ids}))


@subscribe(stock_events.StockMissing, consumer="orders.rerouting", batch_size=50)
def on_stock_missing(facts: Sequence[Delivered[stock_events.StockMissing]]) -> None:
    lost = {(f.event.demand_ref, f.event.node_id) for f in facts if f.event.demand_kind == "order"}
    rerouting.reroute(places=lost)


@subscribe(
    stock_events.BackorderFilled,
    stock_events.PromiseMoved,
    consumer="orders.waiting",
    batch_size=100,
)
def on_waiting(facts: Sequence[Delivered[Any]]) -> None:
    """Days first: an order that has all its units gets the day of its own plan after that."""
    days: dict[str, date | None] = {}
    units: dict[tuple[str, int], int] = defaultdict(int)
    for fact in facts:
        event = fact.event
        if event.demand_kind != "order":
            continue
        if isinstance(event, stock_events.PromiseMoved):
            day = event.promised_on
            days[event.demand_ref] = date.fromisoformat(day) if day else None
        else:
            units[event.demand_ref, int(event.line_ref)] += event.units
    if days:
        backlog.move_promises(days=days)
    if units:
        backlog.take_filled(units=units)


@subscribe(events.OrderSplit, consumer="orders.split", batch_size=50)
def on_split(facts: Sequence[Delivered[events.OrderSplit]]) -> None:
    after_split.go_on(
        order_refs={ref for f in facts for ref in (f.event.order_ref, f.event.new_order_ref)}
    )


@subscribe(node_events.NodeHoursChanged, consumer="orders.hours", batch_size=50)
def on_hours(facts: Sequence[Delivered[node_events.NodeHoursChanged]]) -> None:
    # Of several changes the first one names the zone in which the moments were set.
    zones: dict[tuple[int, int], str] = {}
    for fact in facts:
        zones.setdefault((fact.event.organization_id, fact.event.node_id), fact.event.was_timezone)
    resequencing.resequence(zones=zones)


@subscribe(channel_events.LevelRanked, consumer="orders.priority")
def on_level_ranked(facts: Sequence[Delivered[channel_events.LevelRanked]]) -> None:
    for owner, level in sorted({(f.event.organization_id, f.event.level) for f in facts}):
        prioritizing.recompute_level(organization_id=owner, level=level)


@dataclass(frozen=True)
class ReturnFact:
    """What the timeline shows of a return."""

    return_ref: str
    order_ref: str


@subscribe(
    # Whatever orders publish of one order is part of its story.
    *events.about_orders(),
    money_events.PaymentRecorded,
    money_events.RefundDue,
    routing_events.RouteDecided,
    stock_events.StockMissing,
    stock_events.BackorderQueued,
    stock_events.BackorderFilled,
    floor_events.WorkPicked,
    floor_events.WorkShort,
    floor_events.WorkPacked,
    floor_events.WorkHandedOver,
    carrier_events.LabelBought,
    carrier_events.LabelRefused,
    carrier_events.LabelInDoubt,
    carrier_events.ShipmentMoved,
    carrier_events.ShipmentDelivered,
    carrier_events.ShipmentLost,
    carrier_events.ShipmentReturned,
    ("returns.return.requested.v1", ReturnFact),
    ("returns.return.received.v1", ReturnFact),
    ("returns.return.closed.v1", ReturnFact),
    consumer="orders.timeline",
    batch_size=500,
)
def on_story(facts: Sequence[Delivered[Any]]) -> None:
    timeline.record(facts=facts)
