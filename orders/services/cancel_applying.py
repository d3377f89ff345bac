"""Takes units out of orders: their stock, their node work, their counters and their money, in one
transaction and a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from inventory.services import backlog, giving_up, reservations
from inventory.types import DemandAtNode, Keep, StillWanted
from inventory.warehouse.services import questions, work
from oms.core import bulk, transitions
from oms.core.money import as_text
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import LinesCancelled, OrderCancelled
from orders.models import (
    Cancellation,
    FulfillmentLine,
    FulfillmentOrder,
    Order,
    OrderLine,
)
from orders.services import holding, merging, paying
from orders.services.cancel_planning import Standing, Take, worth

#: Of an order, with every cancellation; its version tells that it is another one now.
_CHANGED = ("id", "cancelled_amount", "version")


@dataclass(slots=True)
class Removal:
    """Units to take out of one order, for a cancellation."""

    cancellation: Cancellation
    standing: Standing
    takes: Sequence[Take]
    amount: Decimal = Decimal(0)
    #: By part of node work: what is left of it.
    left: dict[int, int] = field(default_factory=dict)

    @property
    def order(self) -> Order:
        return self.standing.order

    @property
    def units(self) -> int:
        return sum(take.units for take in self.takes)

    @property
    def is_whole(self) -> bool:
        """Nothing is left of the order: every unit was cancelled. Counters are changed by then."""
        return all(line.ordered == line.cancelled for line in self.standing.lines)

    @property
    def why(self) -> str:
        return self.cancellation.text or self.cancellation.get_reason_display()


@needs_transaction
def remove(*, removals: Sequence[Removal], at: datetime) -> None:
    """This function will cancel the units of each removal, which must be possible: nobody asks.

    An order of which nothing is left is cancelled with them. The events say what is to be paid
    back.
    """
    removals = [removal for removal in removals if removal.takes]
    if not removals:
        return
    for removal in removals:
        removal.amount = worth(removal.standing, removal.takes)
        _count(removal)
    _shrink_work(removals, at)
    _free_stock(removals, at)
    _store(removals)
    _close(removals, at)
    emitting.emit_many([_told(removal, at) for removal in removals])
    paying.settle(order_ids=[removal.order.pk for removal in removals])


def _count(removal: Removal) -> None:
    for take in removal.takes:
        take.line.cancelled += take.units
        if take.source is not None:
            take.line.allocated -= take.units
            key = take.source.pk
            removal.left[key] = removal.left.get(key, take.source.quantity) - take.units
        elif take.is_waiting:
            take.line.backordered -= take.units
        else:
            take.line.unallocated -= take.units


def _shrink_work(removals: Sequence[Removal], at: datetime) -> None:
    ended: dict[str, list[FulfillmentOrder]] = defaultdict(list)
    smaller: list[tuple[FulfillmentLine, int]] = []
    left: dict[str, dict[tuple[str, int], int]] = {}
    for removal in removals:
        for node_work, parts in _touched(removal):
            if _is_over(removal, node_work):
                ended[removal.why].append(node_work)
                continue
            smaller += [(part, removal.left[part.pk]) for part in parts]
            state = removal.standing.floor.get(node_work.public_id)
            if state and not state.is_begun:
                left[node_work.public_id] = _left_on_floor(removal, parts)
    merging.leave(works=[node_work for works in ended.values() for node_work in works])
    for why, works in sorted(ended.items()):
        transitions.apply_many(works, "cancel", reason=why, now=at)
        work.cancel(demand_refs=[x.public_id for x in works], reason=why, at=at)
    if left:
        questions.cut(left=left)
    FulfillmentLine.objects.filter(pk__in=[part.pk for part, n in smaller if not n]).delete()
    bulk.update_rows(FulfillmentLine, [{"id": part.pk, "quantity": n} for part, n in smaller if n])


def _touched(removal: Removal) -> list[tuple[FulfillmentOrder, list[FulfillmentLine]]]:
    found = []
    for node_work in removal.standing.works:
        parts = [p for p in removal.standing.parts[node_work.pk] if p.pk in removal.left]
        if parts:
            found.append((node_work, parts))
    return found


def _is_over(removal: Removal, node_work: FulfillmentOrder) -> bool:
    parts = removal.standing.parts[node_work.pk]
    return not any(removal.left.get(part.pk, part.quantity) for part in parts)


def _left_on_floor(
    removal: Removal, parts: Sequence[FulfillmentLine]
) -> dict[tuple[str, int], int]:
    standing = removal.standing
    return {
        (standing.line_ref(part), variant_id): units
        for part in parts
        for variant_id, units in standing.variants_of(
            standing.line_of(part), removal.left[part.pk]
        ).items()
    }


def _free_stock(removals: Sequence[Removal], at: datetime) -> None:
    whole = [removal for removal in removals if removal.is_whole]
    others = [removal for removal in removals if not removal.is_whole]
    if whole:
        reservations.release(
            items=[DemandAtNode("order", removal.order.public_id, at=at) for removal in whole],
            reason="cancelled",
        )
        # Last of the stock: what arrives for it in this moment is given back by its handler.
        backlog.cancel(demands=[("order", removal.order.public_id) for removal in whole])
    if others:
        giving_up.give_up(
            soft=[want for removal in others for want in _still_wanted(removal)],
            firm=[keep for removal in others for keep in _kept(removal)],
            reason="cancelled",
            at=at,
        )


def _still_wanted(removal: Removal) -> list[StillWanted]:
    leaving: dict[int, int] = defaultdict(int)
    touched = {}
    for take in removal.takes:
        if take.source is None:
            touched[take.line.pk] = take.line
            leaving[take.line.pk] += take.units if take.is_waiting else 0
    return [
        StillWanted(
            "order",
            removal.order.public_id,
            str(line.position),
            line.variant_id,
            line.unallocated + line.backordered,
            leaving[line.pk],
        )
        for line in touched.values()
    ]


def _kept(removal: Removal) -> list[Keep]:
    standing = removal.standing
    return [
        Keep(
            "order",
            removal.order.public_id,
            standing.line_ref(part),
            node_work.node_id,
            standing.variants_of(standing.line_of(part), removal.left[part.pk]),
        )
        for node_work, parts in _touched(removal)
        for part in parts
    ]


def _store(removals: Sequence[Removal]) -> None:
    lines = {take.line.pk: take.line for removal in removals for take in removal.takes}
    names = ("cancelled", "unallocated", "backordered", "allocated")
    bulk.update_rows(
        OrderLine,
        [{"id": x.pk, **{name: getattr(x, name) for name in names}} for x in lines.values()],
    )
    for removal in removals:
        removal.order.cancelled_amount += removal.amount
        removal.order.version += 1
        removal.cancellation.units += removal.units
        removal.cancellation.amount += removal.amount
    bulk.update_rows(
        Order,
        [{name: getattr(r.order, name) for name in _CHANGED} for r in removals],
    )


def _close(removals: Sequence[Removal], at: datetime) -> None:
    by_reason: Mapping[str, list[Order]] = defaultdict(list)
    for removal in removals:
        if removal.is_whole:
            by_reason[removal.why].append(removal.order)
    for why, orders in sorted(by_reason.items()):
        transitions.apply_many(orders, "cancel", reason=why, now=at)
    holding.close_all(
        orders=[order for orders in by_reason.values() for order in orders],
        author="system:cancellation",
        reason="Order cancelled.",
    )


def _told(removal: Removal, at: datetime) -> OrderCancelled | LinesCancelled:
    order, cancellation = removal.order, removal.cancellation
    common: dict[str, Any] = {
        "organization_id": order.organization_id,
        "order_ref": order.public_id,
        "number": str(order.number),
        "occurred_at": at,
        "reason": removal.why[:200],
        "reason_code": cancellation.reason,
        "cancellation_ref": cancellation.public_id,
        "units": removal.units,
        "amount": as_text(removal.amount, order.currency),
        "currency": order.currency,
    }
    if removal.is_whole:
        return OrderCancelled(**common)
    units: dict[int, int] = defaultdict(int)
    for take in removal.takes:
        units[take.line.position] += take.units
    return LinesCancelled(**common, lines=sorted(units.items()))
