"""Orders that are made of a part of another: their rows, and what is told of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms.core import bulk, ids, transitions
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders import numbers, tracking_links
from orders.channels import selectors as channels
from orders.drafting import content_hash_of
from orders.events import OrderConfirmed, OrderHeld, OrderReceived, OrderSplit
from orders.models import (
    FulfillmentOrder,
    Hold,
    Order,
    OrderLine,
    Promise,
)
from orders.services import node_work, order_parts, paying
from orders.services.order_parts import OrderPart
from orders.services.parting import Taking, Work

#: Of the original, when a part of it has its own number.
_LEFT = ("total_amount", "line_count", "unit_count", "version")
_LINE = ("ordered", "unallocated", "backordered", "allocated", "discount_amount", "tax_amount")


@dataclass(slots=True)
class Copy:
    """A new order, its lines by position, and its works by key of the work they come from."""

    order: Order
    lines: dict[int, OrderLine] = field(default_factory=dict)
    works: dict[int, FulfillmentOrder] = field(default_factory=dict)
    #: (work, position, units)
    work_lines: list[tuple[FulfillmentOrder, int, int]] = field(default_factory=list)
    begun: list[FulfillmentOrder] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    def add_work(self, taking: Taking) -> None:
        """This method will plan the work that the taken units become."""
        old = taking.work
        work = FulfillmentOrder(
            order=self.order,
            node_id=old.node_id,
            decision_ref=old.decision_ref,
            attempt=old.attempt,
            part=old.part,
            service_code=old.service_code,
            latest_ship_at=old.latest_ship_at,
            created_at=self.order.created_at,
        )
        self.works[old.pk] = work
        self.work_lines += [(work, position, units) for position, units in taking.units.items()]
        if old.status != Work.PROPOSED:
            self.begun.append(work)


@needs_transaction
def make(*, parts: Sequence[OrderPart], now: datetime) -> dict[int, Copy]:
    """This function will return the new orders by key of the old ones, with numbers; their rows
    are not stored yet."""
    counts: dict[int, int] = defaultdict(int)
    for part in parts:
        counts[part.order.organization_id] += 1
    taken = {
        organization_id: iter(numbers.take(organization_id=organization_id, count=count))
        for organization_id, count in sorted(counts.items())
    }
    keys = bulk.next_ids(Order, len(parts))
    return {
        part.order.pk: Copy(_order(part, key, next(taken[part.order.organization_id]), now))
        for part, key in zip(parts, keys, strict=True)
    }


def _order(part: OrderPart, key: int, number: int, now: datetime) -> Order:
    """Everything that is said of the order stays true of its part; `status` is settled later."""
    old = part.order
    new = copy(old)
    new.id, new.version = key, 0
    new.public_id = ids.public_id("ord", at=now)
    new.number = number
    # The channel's own reference stays with the original; this one cannot be taken for another's.
    new.external_ref = f"{old.external_ref[:58]}~{number}"
    new.split_from_id = old.split_from_id or old.pk
    new.shipping_amount = new.shipping_tax_amount = new.cancelled_amount = Decimal(0)
    new.line_count = len(part.lines)
    new.unit_count = sum(x.units for x in part.lines)
    new.content_hash = content_hash_of((x.line.sku, x.units) for x in part.lines)
    new.tracking_hash = tracking_links.hash_of(tracking_links.token_for(new.public_id))
    new.picked_at = new.packed_at = new.shipped_at = new.delivered_at = None
    new.created_at = now
    return new


@needs_transaction
def store(*, parts: Sequence[OrderPart], copies: Mapping[int, Copy]) -> None:
    """This function will store the new orders with all that belongs to them, and what is left of
    the old ones."""
    whole = {x.line.pk for part in parts for x in part.lines if x.is_whole}
    for part in parts:
        made = copies[part.order.pk]
        for x in part.lines:
            line = order_parts.divide_line(x, part.order.currency)
            line.order_id, made.lines[line.position] = made.order.pk, line
        made.order.total_amount = order_parts.worth(list(made.lines.values()))
        part.order.total_amount -= made.order.total_amount
        part.order.line_count -= sum(x.line.ordered == x.line.cancelled for x in part.lines)
        part.order.unit_count -= made.order.unit_count
        part.order.version += 1
    _insert_orders(copies)
    bulk.update_rows(Order, [_row(part.order, ("id", *_LEFT)) for part in parts])
    _store_lines(parts, copies, whole)
    _store_work(copies)
    _copy_holds(parts, copies)
    _copy_promises(parts, copies)
    paying.settle(order_ids=[part.order.pk for part in parts])


def _insert_orders(copies: Mapping[int, Copy]) -> None:
    names = [f.attname for f in Order._meta.concrete_fields if not f.generated]
    rows = []
    for made in copies.values():
        row = _row(made.order, names)
        if made.order.status == Order.Status.RELEASED and not made.begun:
            row |= {"status": Order.Status.CONFIRMED.value, "released_at": None}
        rows.append(row)
    bulk.insert_rows(Order, rows)
    for made, row in zip(list(copies.values()), rows, strict=True):
        made.order = Order(**row)
    transitions.begin(
        [made.order for made in copies.values()],
        "split",
        reason="part of another order",
        at_for=lambda order: order.created_at,
    )


def _store_lines(parts: Sequence[OrderPart], copies: Mapping[int, Copy], whole: set[int]) -> None:
    """A line that goes whole takes its history along; of others a part becomes a new line."""
    pairs = [(x.line, copies[part.order.pk].lines[x.line.position])
             for part in parts for x in part.lines]  # fmt: skip
    moved = [(line, new) for line, new in pairs if line.pk in whole]
    parted = [(line, new) for line, new in pairs if line.pk not in whole]
    for line, new in moved:
        new.id = line.pk
    bulk.update_rows(OrderLine, [{"id": line.pk, "order_id": new.order_id} for line, new in moved])
    bulk.update_rows(OrderLine, [_row(line, ("id", *_LINE)) for line, _ in parted])
    keys = bulk.next_ids(OrderLine, len(parted))
    for (_, new), key in zip(parted, keys, strict=True):
        new.id = key
    names = [f.attname for f in OrderLine._meta.concrete_fields if not f.generated]
    bulk.insert_rows(OrderLine, [_row(new, names) for _, new in parted])


def _store_work(copies: Mapping[int, Copy]) -> None:
    works, lines, begun = [], [], []
    for made in copies.values():
        for work in made.works.values():
            work.order = made.order
            works.append(work)
        lines += [(work, made.lines[position], units) for work, position, units in made.work_lines]
        begun += made.begun
    node_work.insert(works=works, lines=lines)
    transitions.apply_many(begun, "submit", reason="split")


def _copy_holds(parts: Sequence[OrderPart], copies: Mapping[int, Copy]) -> None:
    old = Hold.objects.filter(order__in=[part.order.pk for part in parts], released_at=None)
    names = [f.attname for f in Hold._meta.concrete_fields if not f.primary_key]
    rows = []
    for hold in old.order_by("pk"):
        made = copies[hold.order_id]
        made.holds.append(hold)
        rows.append({**_row(hold, names), "order_id": made.order.pk})
    bulk.insert_rows(Hold, rows)


def _copy_promises(parts: Sequence[OrderPart], copies: Mapping[int, Copy]) -> None:
    bulk.insert_rows(
        Promise,
        [
            {
                "order_id": new.pk,
                "sequence": 1,
                "promised_on": new.promised_on,
                "latest_ship_at": new.latest_ship_at,
                "cause": "split",
                "inputs": {"order": part.order.public_id},
                "created_at": new.created_at,
            }
            for part in parts
            for new in [copies[part.order.pk].order]
        ],
    )


def _row(obj: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(obj, name) for name in names}


@needs_transaction
def tell(*, parts: Sequence[OrderPart], copies: Mapping[int, Copy]) -> None:
    """This function will tell of the new orders what is told of any order in their state, and of
    the old ones that they were split."""
    rules = channels.rules_by_id(channel_ids={part.order.channel_id for part in parts})
    told: list[Any] = []
    for part in parts:
        made = copies[part.order.pk]
        told.append(_received(made.order, rules[made.order.channel_id].code))
        told += [_held(made.order, hold) for hold in made.holds]
        if made.order.confirmed_at is not None:
            told.append(_confirmed(made.order))
        told.append(_split(part.order, made.order))
    emitting.emit_many(told)


def _facts(order: Order, at: datetime) -> dict[str, Any]:
    return {
        "organization_id": order.organization_id,
        "order_ref": order.public_id,
        "number": str(order.number),
        "occurred_at": at,
    }


def _received(order: Order, channel: str) -> OrderReceived:
    return OrderReceived(
        **_facts(order, order.created_at),
        channel=channel,
        tier=order.tier,
        lines=order.line_count,
        units=order.unit_count,
        total_amount=str(order.total_amount),
        currency=order.currency,
        country=order.country,
        region=order.region,
        city=order.city,
    )


def _held(order: Order, hold: Hold) -> OrderHeld:
    return OrderHeld(
        **_facts(order, order.created_at),
        hold_type=hold.type,
        reason=hold.reason,
        due_at=hold.due_at,
    )


def _confirmed(order: Order) -> OrderConfirmed:
    return OrderConfirmed(
        **_facts(order, order.created_at),
        promised_on=order.promised_on.isoformat() if order.promised_on else "",
        latest_ship_at=order.latest_ship_at,
        priority=order.priority,
        node_codes=[],
    )


def _split(old: Order, new: Order) -> OrderSplit:
    return OrderSplit(
        **_facts(old, new.created_at),
        new_order_ref=new.public_id,
        new_number=str(new.number),
        units=new.unit_count,
        amount=str(new.total_amount),
        currency=new.currency,
    )
