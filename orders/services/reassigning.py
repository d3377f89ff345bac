"""Work that goes back: a node turns it down or does not answer, or a person takes it away. The node
does not get the order again, and what it should have sent is routed anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count, Q

from inventory.services import giving_up
from inventory.types import Keep
from inventory.warehouse.services import questions, work
from oms.core import bulk, clock, transitions
from oms.core.errors import Conflict, Invalid
from oms.core.transactions import needs_transaction, use_case
from orders import line_refs
from orders.models import CancellationPart, FulfillmentLine, FulfillmentOrder, Order, OrderLine
from orders.selectors.parcels import UnknownWork
from orders.services import excluding, holding, node_work, rerouting

Work = FulfillmentOrder.Status
Request = FulfillmentOrder.Request

#: How long a node that accepts work first has for its answer.
ANSWER_WITHIN = timedelta(seconds=120)
#: Nodes that may turn an order down before a person must look at it.
MAX_REFUSALS = 3
UNBEGUN = (Work.PROPOSED, Work.OPEN, Work.SCHEDULED)


class NoReason(Invalid):
    """Say why: whoever looks at the order next needs to know."""

    code = "orders.no_reason"


class NotWaiting(Conflict):
    """The node was not asked, or has answered."""

    code = "orders.work_not_waiting"


class WorkBegun(Conflict):
    """Units were picked; ask for a cancellation, or let it go on."""

    code = "orders.work_begun"


class WorkMerged(Conflict):
    """The work goes in one parcel with another order's; take them apart first."""

    code = "orders.work_merged"


@use_case
def accept(*, work_ref: str) -> None:
    """This function will note that the node will do the work.

    :raises UnknownWork: there is no such work.
    :raises NotWaiting: it was not asked, or has answered.
    """
    node_order = node_work.lock(references=[work_ref])[work_ref]
    if node_order.status != Work.OPEN or node_order.request != Request.SUBMITTED:
        raise NotWaiting(data={"state": node_order.status, "request": node_order.request})
    transitions.apply(node_order, "accept")


@use_case
def turn_down(*, work_ref: str, reason: str) -> None:
    """This function will note that the node will not do the work; the order goes elsewhere, or to
    a person after `MAX_REFUSALS` nodes.

    :raises UnknownWork: there is no such work.
    :raises NoReason: no reason was given.
    :raises NotWaiting: the work is not open any more.
    :raises WorkBegun: units were picked.
    :raises WorkMerged: it goes with another order's work.
    """
    node_order = node_work.lock(references=[work_ref])[work_ref]
    if node_order.status != Work.OPEN:
        raise NotWaiting(data={"state": node_order.status, "request": node_order.request})
    _take(works=[node_order], trigger="turn_down", reason=reason)


@use_case
def take_back(*, order_id: int, work_refs: Sequence[str], reason: str) -> None:
    """This function will take unpicked work of an order back and route it again without the nodes
    that had it: all of the works, or none.

    :raises UnknownWork: the order has no such work.
    :raises NoReason: no reason was given.
    :raises NotWaiting: one is over.
    :raises WorkBegun: units of one were picked.
    :raises WorkMerged: one goes with another order's work.
    """
    works = list(node_work.lock(references=work_refs).values())
    if not works or any(node_order.order_id != order_id for node_order in works):
        raise UnknownWork("The order has no such work.")
    _take(works=works, trigger="cancel", reason=reason)


def expire_unanswered(*, limit: int) -> int:
    """This function will turn down work for nodes that accept work first and did not within
    `ANSWER_WITHIN`; what they have begun is accepted.

    :returns: how many works went elsewhere.
    """
    late = FulfillmentOrder.objects.filter(
        status=Work.OPEN,
        request=Request.SUBMITTED,
        submitted_at__lte=clock.now() - ANSWER_WITHIN,
        node__needs_acceptance=True,
    ).order_by("submitted_at")
    return sum(_expire(ref) for ref in late.values_list("public_id", flat=True)[:limit])


@use_case
def _expire(work_ref: str) -> bool:
    node_order = node_work.lock(references=[work_ref])[work_ref]
    if node_order.status != Work.OPEN or node_order.request != Request.SUBMITTED:
        return False
    state = questions.look(demand_refs=[work_ref]).get(work_ref)
    if state is not None and state.status != "open":
        transitions.apply(node_order, "accept", reason="It was begun.")
        return False
    _take(works=[node_order], trigger="turn_down", reason="No answer in time.")
    return True


@needs_transaction
def _take(*, works: Sequence[FulfillmentOrder], trigger: str, reason: str) -> None:
    if not reason.strip():
        raise NoReason()
    _require_unbegun(works)
    now = clock.now()
    lines = list(
        FulfillmentLine.objects.filter(fulfillment_order__in=works)
        .select_related("order_line")
        .order_by("pk")
    )
    transitions.apply_many(works, trigger, reason=reason, now=now)
    work.cancel(demand_refs=[w.public_id for w in works], reason=reason, at=now)
    _free(works, lines, reason)
    _want_again(lines)
    excluding.exclude(
        places={(w.order_id, w.node_id) for w in works},
        reason=reason,
        is_refusal=trigger == "turn_down",
    )
    orders = list({w.order_id: w.order for w in works}.values())
    _hold_refused(orders)
    rerouting.route_again(orders=orders, reason=reason[:200])


def _require_unbegun(works: Sequence[FulfillmentOrder]) -> None:
    floor = questions.look(demand_refs=[w.public_id for w in works])
    asked = CancellationPart.objects.filter(
        fulfillment_order__in=works, state=CancellationPart.State.PENDING
    )
    if asked.exists():
        raise WorkBegun("The floor was asked to cancel units of it; wait for the answer.")
    merged = FulfillmentOrder.objects.filter(merged_into__in=works).exists()
    if merged or any(w.merged_into_id is not None for w in works):
        raise WorkMerged()
    for node_order in works:
        if node_order.status not in UNBEGUN:
            raise NotWaiting(
                f"The work is {node_order.get_status_display().lower()}.",
                data={"state": node_order.status},
            )
        state = floor.get(node_order.public_id)
        if state is not None and state.is_begun:
            raise WorkBegun(data={"work": node_order.public_id})


def _free(works: Sequence[FulfillmentOrder], lines: Sequence[FulfillmentLine], reason: str) -> None:
    by_key = {w.pk: w for w in works}
    keeps = []
    for line in lines:
        mine = by_key[line.fulfillment_order_id]
        name = line_refs.of(line.order_line.position, mine.attempt, mine.part)
        keeps.append(Keep("order", mine.order.public_id, name, mine.node_id, {}))
    giving_up.give_up(firm=keeps, reason=reason[:80])


def _want_again(lines: Sequence[FulfillmentLine]) -> None:
    units: Counter[int] = Counter()
    for line in lines:
        units[line.order_line_id] += line.quantity
    rows = {line.order_line_id: line.order_line for line in lines}
    bulk.update_rows(
        OrderLine,
        [
            {
                "id": key,
                "allocated": row.allocated - units[key],
                "unallocated": row.unallocated + units[key],
            }
            for key, row in rows.items()
        ],
    )


def _hold_refused(orders: Sequence[Order]) -> None:
    """Nobody wants them: no further node is asked before a person looked."""
    refusals = dict(
        Order.objects.filter(pk__in=[order.pk for order in orders])
        .annotate(n=Count("exclusions", filter=Q(exclusions__is_refusal=True)))
        .values_list("pk", "n")
    )
    tired = [order for order in orders if refusals[order.pk] >= MAX_REFUSALS]
    holding.open_many(
        drafts=[
            holding.HoldDraft(
                order=order,
                type="routing",
                reason=f"{refusals[order.pk]} nodes turned it down.",
                scopes=("routing",),
            )
            for order in tired
        ]
    )
