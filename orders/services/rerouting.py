"""Orders whose stock turned out not to be there: their work shrinks to what they still hold, and
what they lost is routed again.

What happened is read from the reservations, not from the fact that told of it: a fact that comes
twice, or after the order was cancelled, changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from inventory.catalog import selectors as catalog
from inventory.selectors import reservations
from inventory.services import giving_up
from inventory.types import Keep
from inventory.warehouse.services import work
from oms.core import bulk, clock, transitions
from oms.core.transactions import needs_transaction
from orders import line_refs
from orders.models import (
    CancellationPart,
    FulfillmentLine,
    FulfillmentOrder,
    Order,
    OrderLine,
    Promise,
)
from orders.services import committing, marking, merging, release, routing_requests, stopping

#: (order's public id, node)
Place = tuple[str, int]

Work = FulfillmentOrder.Status
#: Work whose units have not left for good.
_LIVE = (Work.PROPOSED, Work.OPEN, Work.SCHEDULED, Work.IN_PROGRESS, Work.PACKED)
_ROUTABLE = (Order.Status.CONFIRMED, Order.Status.RELEASED)

REASON = "stock missing"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of node work, and how many of its units the order still holds there."""

    line: FulfillmentLine
    held: int
    order_ref: str
    #: Units that the floor was asked to cancel: gone perhaps, and not to be routed again.
    asked: int = 0

    @property
    def lost(self) -> int:
        return max(0, self.line.quantity - self.held - self.asked)

    @property
    def left(self) -> int:
        return self.line.quantity - self.lost

    @property
    def line_ref(self) -> str:
        return _name(self.line)


@needs_transaction
def fall_short(*, places: Collection[Place]) -> int:
    """This function will do as `reroute` where a picker found less than was asked for: other nodes
    are asked first, and work that has nothing left ends as incomplete.

    The node is not asked for the rest now, whatever its books say; when stock arrives it is.
    """
    return reroute(places=places, trigger="fall_short", reason="short pick", is_elsewhere=True)


@needs_transaction
def reroute(
    *,
    places: Collection[Place],
    trigger: str = "cancel",
    reason: str = REASON,
    is_elsewhere: bool = False,
) -> int:
    """This function will take from the orders' work at the nodes what they hold no stock for, and
    route it again; without stock elsewhere it waits on hold.

    An order that is on hold is routed when the hold is lifted. Constant statements for any number
    of places.

    :returns: how many orders had lost something.
    :raises AlreadyPicked: the floor has taken units that the order does not hold.
    """
    orders = list(
        Order.objects.select_for_update()
        .filter(public_id__in={reference for reference, _ in places})
        .order_by("pk")
    )
    lines = _lines(orders, places)
    lost = [line for line in lines if line.lost]
    if not lost:
        return 0
    _give_back_sets(lost)
    _want_again(lost)
    _shrink(lines, trigger, reason)
    hit = {line.line.fulfillment_order.order_id for line in lost}
    marking.mark(at=dict.fromkeys(hit, clock.now()))
    route_again(
        orders=[order for order in orders if order.pk in hit],
        reason=reason,
        but=places if is_elsewhere else (),
    )
    return len(hit)


def _lines(orders: Sequence[Order], places: Collection[Place]) -> list[_Line]:
    reference = {order.pk: order.public_id for order in orders}
    works = FulfillmentOrder.objects.select_for_update().filter(order__in=orders, status__in=_LIVE)
    there = [w for w in works.order_by("pk") if (reference[w.order_id], w.node_id) in places]
    held = reservations.parts_at_nodes(demand_kind="order", demand_refs=reference.values())
    rows = list(
        FulfillmentLine.objects.filter(fulfillment_order__in=there)
        .select_related("fulfillment_order", "order_line")
        .order_by("pk")
    )
    kits = catalog.components_of(variant_ids={row.order_line.variant_id for row in rows})
    asked = _asked(rows)
    found = []
    for row in rows:
        node_work = row.fulfillment_order
        place = reference[node_work.order_id], node_work.node_id
        parts = held.get((*place, _name(row)), {})
        each = kits.get(row.order_line.variant_id)
        units = _whole_kits(row, dict(each), parts) if each else sum(parts.values())
        found.append(_Line(row, units, place[0], asked.get((node_work.pk, row.order_line_id), 0)))
    return found


def _asked(rows: Sequence[FulfillmentLine]) -> dict[tuple[int | None, int], int]:
    pending = CancellationPart.objects.filter(
        state=CancellationPart.State.PENDING,
        fulfillment_order__in={row.fulfillment_order_id for row in rows},
    ).values_list("fulfillment_order_id", "order_line_id", "quantity")
    return {(work_id, line_id): units for work_id, line_id, units in pending}


def _whole_kits(row: FulfillmentLine, each: Mapping[int, int], parts: Mapping[int, int]) -> int:
    """All kits of a line, or none: what is left of a broken set is given back and set anew."""
    is_whole = all(parts.get(part, 0) >= units * row.quantity for part, units in each.items())
    return row.quantity if is_whole else 0


def _name(row: FulfillmentLine) -> str:
    mine = row.fulfillment_order
    return line_refs.of(row.order_line.position, mine.attempt, mine.part)


def _give_back_sets(lost: Sequence[_Line]) -> None:
    """The parts of kits that lost another part; of other lines nothing is held any more."""
    nothing = [line for line in lost if not line.held]
    if nothing:
        giving_up.give_up(
            firm=[
                Keep("order", x.order_ref, x.line_ref, x.line.fulfillment_order.node_id, {})
                for x in nothing
            ],
            reason=REASON,
        )


def _want_again(lost: Sequence[_Line]) -> None:
    units: dict[int, int] = defaultdict(int)
    for line in lost:
        units[line.line.order_line_id] += line.lost
    rows = OrderLine.objects.filter(pk__in=list(units))
    bulk.update_rows(
        OrderLine,
        [
            {
                "id": row.pk,
                "allocated": row.allocated - units[row.pk],
                "unallocated": row.unallocated + units[row.pk],
            }
            for row in rows
        ],
    )


def _shrink(lines: Sequence[_Line], trigger: str, reason: str) -> None:
    """Work that has no units left is withdrawn, here and on the floor; other work gets smaller."""
    by_work: dict[int, list[_Line]] = defaultdict(list)
    for line in lines:
        by_work[line.line.fulfillment_order_id].append(line)
    empty = [mine for mine in by_work.values() if not any(line.left for line in mine)]
    smaller = [
        line
        for mine in by_work.values()
        if any(line.left for line in mine)
        for line in mine
        if line.lost
    ]
    _withdraw([mine[0].line.fulfillment_order for mine in empty], trigger, reason)
    bulk.update_rows(
        FulfillmentLine, [{"id": x.line.pk, "quantity": x.left} for x in smaller if x.left]
    )
    FulfillmentLine.objects.filter(pk__in=[x.line.pk for x in smaller if not x.left]).delete()
    left: dict[str, dict[str, int]] = defaultdict(dict)
    for line in smaller:
        left[line.line.fulfillment_order.public_id][line.line_ref] = line.left
    work.shrink(left=left)


def _withdraw(works: Sequence[FulfillmentOrder], trigger: str, reason: str) -> None:
    now = clock.now()
    merging.leave(works=works)
    transitions.apply_many(works, trigger, reason=reason, now=now)
    work.cancel(demand_refs=[w.public_id for w in works], reason=reason, at=now)


@needs_transaction
def route_again(
    *, orders: Sequence[Order], reason: str = REASON, but: Collection[Place] = ()
) -> None:
    """This function will route what the orders lack; those on hold are routed when that is lifted,
    those that find no stock wait or stand on hold. Nodes in `but` are not asked this time."""
    now = clock.now()
    held = stopping.list_stopped(orders=orders)
    items = routing_requests.with_lines([order for order in orders if order.status in _ROUTABLE])
    back = [
        item.order
        for item in items
        if item.order.status == Order.Status.RELEASED and not item.has_work
    ]
    transitions.apply_many(back, "recall", reason=reason, now=now)
    free = [item for item in items if item.order.pk not in held]
    for item in free:
        item.not_nodes |= {node for reference, node in but if reference == item.order.public_id}
    at = {item.order.pk: now for item in free}
    routed = committing.route(orders=free, at=at, cause=Promise.Cause.REROUTED)
    committing.hold_failed(orders=free, routed=routed, at=at)
    release.release(orders=[item.order for item in free], at={})
