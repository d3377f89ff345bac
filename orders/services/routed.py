"""What plans make of orders: counters of their lines, proposed work, what is promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from oms.core import bulk, instances
from oms.core.transactions import needs_transaction
from orders import line_refs, promise_inputs
from orders.models import FulfillmentOrder, OrderLine
from orders.services import node_work, recording
from orders.services.promising import NewPromise
from orders.services.recording import Recorded
from routing.types import RoutingPlan


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
def store(
    *, orders: Sequence[Recorded], routed: Routed, at: Mapping[int, datetime], cause: str
) -> None:
    """This function will store what the plans make of the orders, all but their promises: line
    counters, and proposed work. Lines that were not stored yet are, with or without a plan."""
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
