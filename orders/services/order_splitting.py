"""Makes orders of parts of orders: a number of their own, the same recipient, promise and holds.

Every unit stays in the state it is in and keeps its stock: what is promised to the one order is
promised to the other in the same moment. Money is divided to the cent; shipping stays where it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from inventory.catalog import selectors as catalog
from inventory.selectors import reservations as promised
from inventory.services import queue_places, renaming
from inventory.types import PlaceGiven, Renaming
from inventory.warehouse.services import work as floor_work
from oms.core import clock, transitions
from oms.core.errors import Invalid
from oms.core.transactions import use_case
from orders.models import FulfillmentLine, FulfillmentOrder, Order, OrderLine
from orders.services import crediting, node_work, order_copies, order_parts, parting
from orders.services.holds import OrderClosed
from orders.services.order_parts import OrderPart
from orders.services.parting import StockMoving, Taking

_LIVE = ("proposed", "open", "scheduled", "in_progress", "packed")
_OPEN = (
    Order.Status.RECEIVED,
    Order.Status.VERIFYING,
    Order.Status.CONFIRMED,
    Order.Status.RELEASED,
)


class SplitTwice(Invalid):
    """One call takes one part out of each order."""

    code = "orders.split_twice"


@dataclass(frozen=True, slots=True)
class OrderUnits:
    """Units, by position of their line, that become an order of their own."""

    order_id: int
    units: Mapping[int, int]


@use_case
def split_orders(
    *, parts: Sequence[OrderUnits], within: Callable[[list[str]], None] | None = None
) -> list[str]:
    """This function will make each part an order of its own; all or none.

    Units that wait for stock go first, then those without a route, then those a node has not begun
    with. Lines keep their positions. Orders that wait for nothing any more go on when the event is
    taken. Constant statements per organization.

    :returns: public ids of the new orders, in order.
    :raises SplitTwice: one order is named twice.
    :raises OrderClosed: an order is over.
    :raises NothingToSplit: no unit is named, or none would be left.
    :raises MoreThanThere: a line has fewer units.
    :raises PickedAlready, MergedAlready: the floor has begun, or shares the parcel.
    :raises StockMoving: its stock is changing in this moment.
    """
    if len({part.order_id for part in parts}) < len(parts):
        raise SplitTwice("Take one part after the other out of an order.")
    chosen = _choose(parts)
    works = _works(chosen)
    takings = parting.load(wanted=_by_work(chosen, works), works=works)
    copies = order_copies.make(parts=chosen, now=clock.now())
    _move_work(takings, copies)
    _move_stock(chosen, copies)
    order_copies.store(parts=chosen, copies=copies)
    crediting.divide(parts={p.order.public_id: copies[p.order.pk].order for p in chosen})
    _close_empty(chosen, takings, copies)
    order_copies.tell(parts=chosen, copies=copies)
    answer = [copies[part.order.pk].order.public_id for part in chosen]
    if within is not None:
        within(answer)
    return answer


def _choose(parts: Sequence[OrderUnits]) -> list[OrderPart]:
    keys = [part.order_id for part in parts]
    orders = {
        order.pk: order
        for order in Order.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    }
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=keys).order_by("order_id", "position"):
        lines[line.order_id].append(line)
    served: dict[int, list[FulfillmentLine]] = defaultdict(list)
    rows = FulfillmentLine.objects.filter(
        fulfillment_order__order__in=keys, fulfillment_order__status__in=_LIVE
    ).select_related("fulfillment_order")
    for row in rows.order_by("-fulfillment_order_id"):
        served[row.order_line_id].append(row)
    chosen = []
    for part in parts:
        order = orders[part.order_id]
        if order.status not in _OPEN:
            raise OrderClosed(f"Order {order.number} is {order.get_status_display()}.")
        chosen.append(order_parts.choose(order, lines[order.pk], served, part.units))
    return chosen


def _works(parts: Sequence[OrderPart]) -> dict[str, FulfillmentOrder]:
    keys = {work_id for part in parts for work_id in part.by_work()}
    rows = FulfillmentOrder.objects.filter(pk__in=keys)
    return node_work.lock(references=set(rows.values_list("public_id", flat=True)))


def _by_work(
    parts: Sequence[OrderPart], works: Mapping[str, FulfillmentOrder]
) -> dict[str, dict[int, int]]:
    references = {work.pk: reference for reference, work in works.items()}
    return {
        references[work_id]: units for part in parts for work_id, units in part.by_work().items()
    }


def _move_work(takings: Sequence[Taking], copies: Mapping[int, order_copies.Copy]) -> None:
    """Node by node: the same route and part under the new order, in stock and on the floor."""
    parting.rename(
        takings=takings,
        named=lambda taking, position: (
            copies[taking.work.order_id].order.public_id,
            taking.name_of(position),
        ),
    )
    for taking in takings:
        copies[taking.work.order_id].add_work(taking)
    drafts = {
        taking.work.pk: parting.draft(
            taking, copies[taking.work.order_id].works[taking.work.pk], taking.name_of
        )
        for taking in takings
    }
    parting.divide(takings=takings, drafts=drafts)


def _move_stock(parts: Sequence[OrderPart], copies: Mapping[int, order_copies.Copy]) -> None:
    """What is kept for units no node works on, and their places in the queue."""
    loose = [part for part in parts if any(x.backordered or x.unallocated for x in part.lines)]
    references = {part.order.public_id for part in loose}
    soft = promised.list_soft(demands=[("order", reference) for reference in references])
    waiting = queue_places.waiting_units(demand_kind="order", demand_refs=references)
    kits = catalog.components_of(
        variant_ids={x.line.variant_id for part in loose for x in part.lines}
    )
    held: dict[tuple[str, str, int], int] = defaultdict(int)
    for row in soft:
        held[row.demand_ref, row.line_ref, row.variant_id] += row.units
    renamings: list[Renaming] = []
    wanted: list[int] = []
    for part in loose:
        for x in part.lines:
            line_ref = str(x.line.position)
            queued = waiting.get((part.order.public_id, line_ref), 0)
            # Units that arrived for it, of which the order has not heard yet, are not to go.
            unheard = max(0, x.line.backordered - queued)
            left = x.line.unallocated - x.unallocated + unheard
            each = dict(kits.get(x.line.variant_id, ((x.line.variant_id, 1),)))
            for variant_id, units in each.items():
                there = held[part.order.public_id, line_ref, variant_id]
                keep = min(there, left * units)
                if there > keep:
                    new = copies[part.order.pk].order.public_id
                    renamings.append(
                        Renaming("order", part.order.public_id, line_ref, variant_id, new,
                                 line_ref, keep, is_allocated=False)
                    )  # fmt: skip
                    wanted.append(there - keep)
    if renaming.rename(renamings=renamings) != wanted:
        raise StockMoving("Stock arrived for the order in this moment.")
    queue_places.give(
        places=[
            PlaceGiven(
                "order",
                part.order.public_id,
                str(x.line.position),
                copies[part.order.pk].order.public_id,
                str(x.line.position),
                x.backordered,
            )
            for part in loose
            for x in part.lines
            if x.backordered
        ]
    )


def _close_empty(
    parts: Sequence[OrderPart],
    takings: Sequence[Taking],
    copies: Mapping[int, order_copies.Copy],
) -> None:
    """Work of which everything went, and orders that no node works for any more."""
    now = clock.now()
    empty = [taking.work for taking in takings if taking.takes_all]
    parting.shrink(takings=[taking for taking in takings if not taking.takes_all])
    reason = "moved to another order"
    transitions.apply_many(empty, "cancel", now=now, reason=reason)
    floor_work.cancel(demand_refs=[work.public_id for work in empty], reason=reason, at=now)
    _recall([part.order for part in parts], now, reason)


def _recall(orders: Sequence[Order], now: datetime, reason: str) -> None:
    released = [order for order in orders if order.status == Order.Status.RELEASED]
    at_work = set(
        FulfillmentOrder.objects.filter(order__in=released)
        .exclude(status=FulfillmentOrder.Status.CANCELLED)
        .values_list("order_id", flat=True)
    )
    back = [order for order in released if order.pk not in at_work]
    transitions.apply_many(back, "recall", now=now, reason=reason)
