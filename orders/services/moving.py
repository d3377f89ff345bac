"""Sends units of a node's work from another node: they keep their stock until they have other.

What cannot be served elsewhere stays where it is, with everything that was said of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from inventory.nodes import selectors as nodes
from inventory.services import reservations as stock
from inventory.types import DemandAtNode
from inventory.warehouse.services import work as floor_work
from oms.core import clock, transitions
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders import line_refs
from orders.events import WorkSplit
from orders.models import FulfillmentOrder, Hold, Order
from orders.services import committing, node_work, parting, release, routing_requests
from orders.services.merging import OrderOnHold
from orders.services.parting import Taking
from orders.services.recording import Recorded
from orders.services.splitting import SplitTwice

REASON = "moved to another node"


class UnknownNode(Invalid):
    code = "orders.unknown_node"


class SameNode(Invalid):
    """The units are there already."""

    code = "orders.same_node"


class NoOtherNode(Conflict):
    """No other node can serve the units; they stay where they are."""

    code = "orders.no_other_node"


class PartWaits(Conflict):
    """Other units of the order wait for stock or a route; what can move is known when they have
    it."""

    code = "orders.part_waits"


@dataclass(frozen=True, slots=True)
class WorkMove:
    """Units, by position of their line, that are to be sent from a node (its code), or from
    wherever is best but here."""

    work_ref: str
    units: Mapping[int, int]
    node_code: str = ""


@use_case
def move_units(
    *, moves: Sequence[WorkMove], within: Callable[[list[list[str]]], None] | None = None
) -> list[list[str]]:
    """This function will plan the units anew, at most one work of an order at a time; all or none.

    The order's counters end as they were, its promise is that of the new plan if that is later.
    Constant statements.

    :returns: references of the new works of each, in order.
    :raises SplitTwice: an order is named twice.
    :raises UnknownNode, SameNode: the units cannot be sent from there.
    :raises UnknownWork, NothingToSplit, MoreThanThere: there are no such units.
    :raises PickedAlready, WorkClosed, MergedAlready: of a work nothing can be taken.
    :raises OrderOnHold, PartWaits: the order is not routed now.
    :raises NoOtherNode: nobody else has the units; nothing changes.
    """
    wanted = {move.work_ref: move.units for move in moves}
    works = node_work.lock(references=wanted)
    orders = [works[reference].order for reference in wanted]
    if len({order.pk for order in orders}) < len(moves):
        raise SplitTwice("Move units of one work of an order at a time.")
    _require_routable(orders)
    targets = node_ids([move.node_code for move in moves])
    takings = parting.load(wanted=wanted, works=works)
    items = {item.order.pk: item for item in routing_requests.with_lines(orders)}
    for move, taking in zip(moves, takings, strict=True):
        _aim(items[taking.work.order_id], taking, targets.get(move.node_code))
    _let_go(takings, items)
    _route(list(items.values()), takings)
    answer = _tell(takings, items)
    if within is not None:
        within(answer)
    return answer


def node_ids(codes: Sequence[str]) -> dict[str, int]:
    """This function will return the nodes' keys by code; without a code there is none.

    :raises UnknownNode: no node has one of the codes.
    """
    named = {code for code in codes if code}
    found = nodes.facts_by_code(codes=named) if named else {}
    if missing := sorted(named - found.keys()):
        detail = f"There is no node {missing[0]}."
        raise UnknownNode(detail, errors=[FieldError("/node", "unknown", detail)])
    return {code: facts.id for code, facts in found.items()}


def _require_routable(orders: Sequence[Order]) -> None:
    held = Hold.objects.filter(order__in=orders, released_at=None)
    stopped = set(held.values_list("order_id", flat=True))
    for order in orders:
        if order.pk in stopped:
            raise OrderOnHold(f"Order {order.number} is on hold.", data={"order": order.public_id})


def _aim(item: Recorded, taking: Taking, target: int | None) -> None:
    """The plan is about the taken units alone, from elsewhere."""
    if target == taking.work.node_id:
        raise SameNode("The units are at that node.")
    if any(line.unallocated or line.backordered for line in item.lines):
        raise PartWaits(f"A part of order {item.order.number} still waits.")
    item.not_nodes |= {taking.work.node_id}
    item.only_nodes = frozenset({target}) if target is not None else frozenset()
    for line in item.lines:
        units = taking.units.get(line.position, 0)
        line.allocated -= units
        line.unallocated += units


def _let_go(takings: Sequence[Taking], items: Mapping[int, Recorded]) -> None:
    """The units leave the work and stay promised under the names of the next route."""

    def new_name(taking: Taking, position: int) -> tuple[str, str]:
        item = items[taking.work.order_id]
        return item.order.public_id, line_refs.of(position, item.attempt)

    parting.rename(takings=takings, named=new_name)
    parting.divide(takings=takings, drafts={})
    empty = [taking.work for taking in takings if taking.takes_all]
    parting.shrink(takings=[taking for taking in takings if not taking.takes_all])
    now = clock.now()
    transitions.apply_many(empty, "cancel", now=now, reason=REASON)
    floor_work.cancel(demand_refs=[work.public_id for work in empty], reason=REASON, at=now)
    stock.unroute(
        items=[
            DemandAtNode(
                "order",
                taking.work.order.public_id,
                taking.work.node_id,
                line_refs=frozenset(new_name(taking, position)[1] for position in taking.units),
            )
            for taking in takings
        ],
        reason=REASON,
    )


def _route(items: Sequence[Recorded], takings: Sequence[Taking]) -> None:
    now = clock.now()
    routed = committing.route(orders=items, at={item.order.pk: now for item in items})
    for taking in takings:
        order = taking.work.order
        if order.pk not in routed.plans:
            why = routed.failed.get(order.pk, ("", "Nobody else has the stock."))[1]
            raise NoOtherNode(f"Order {order.number}: {why}", data={"order": order.public_id})
    released = [item.order for item in items if item.order.status == Order.Status.RELEASED]
    release.release(orders=released, at={})


def _tell(takings: Sequence[Taking], items: Mapping[int, Recorded]) -> list[list[str]]:
    new: dict[int, list[FulfillmentOrder]] = defaultdict(list)
    rows = FulfillmentOrder.objects.filter(order__in=list(items)).prefetch_related("lines")
    for work in rows.order_by("pk"):
        if work.attempt == items[work.order_id].attempt:
            new[work.order_id].append(work)
    now = clock.now()
    emitting.emit_many([_moved(t, work, now) for t in takings for work in new[t.work.order_id]])
    return [[work.public_id for work in new[t.work.order_id]] for t in takings]


def _moved(taking: Taking, work: FulfillmentOrder, now: datetime) -> WorkSplit:
    order = taking.work.order
    return WorkSplit(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=now,
        work_ref=taking.work.public_id,
        part_ref=work.public_id,
        node_id=work.node_id,
        units=sum(line.quantity for line in work.lines.all()),
    )
