"""What people do on the floor: pick, pack, hand over; each with actor and time.

A batch is taken whole or not at all. Locks go work order → stock → shipment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.expressions import RawSQL

from carriers.services import shipments
from inventory.selectors import reservations as promised
from inventory.services import reservations
from inventory.types import DemandAtNode
from inventory.warehouse import cartons
from inventory.warehouse.cartons import Packed
from inventory.warehouse.events import WorkHandedOver, WorkPacked, WorkPicked
from inventory.warehouse.models import PICKING, SCOPE_OF, SHIPPING, Parcel, WorkLine, WorkOrder
from oms.core import bulk, clock, ids, transitions
from oms.core.context import current
from oms.core.errors import Conflict, NotFound
from oms.core.transactions import needs_transaction, use_case

#: One time for all, each work order's own by reference, or None for the clock's.
When = datetime | Mapping[str, datetime] | None

#: Says when a work order's step was.
At = Callable[[WorkOrder], datetime]

#: Units by line reference, by work order.
Lines = dict[int, dict[str, int]]

#: How long a clerk may keep what the queue gave him before others get it (wall time).
CLAIM = timedelta(seconds=60)

_CLAIM_NEXT = """
WITH next AS MATERIALIZED (
  SELECT id FROM warehouse_workorder w
  WHERE status = %(status)s AND NOT jsonb_exists(blocked_scopes, %(scope)s)
    AND merged_into_id IS NULL
    AND cancel_asked_at IS NULL
    AND status NOT IN ('handed_over', 'cancelled')
    AND (merged_count = 0 OR NOT EXISTS (
      SELECT FROM warehouse_workorder f
      WHERE f.merged_into_id = w.id AND jsonb_exists(f.blocked_scopes, %(scope)s)))
    AND (claimed_until IS NULL OR claimed_until <= %(now)s)
    AND (%(nodes)s::bigint[] IS NULL OR node_id = ANY(%(nodes)s::bigint[]))
  ORDER BY due_at, priority DESC, id LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE warehouse_workorder w SET claimed_by = %(actor)s, claimed_until = %(until)s
  FROM next WHERE w.id = next.id
  RETURNING w.public_id, w.priority, w.due_at, w.id
)
SELECT public_id FROM claimed ORDER BY due_at, priority DESC, id
"""


#: Works and those that follow them, to lock both in one statement. Parameters: refs, refs.
_GROUPS = """
SELECT w.id FROM warehouse_workorder w WHERE w.public_id = ANY(%s)
UNION ALL
SELECT f.id FROM warehouse_workorder w JOIN warehouse_workorder f ON f.merged_into_id = w.id
WHERE w.public_id = ANY(%s)
"""


class UnknownWork(NotFound):
    code = "warehouse.unknown_work"


class WorkMerged(Conflict):
    """It goes in another order's carton: take the step with that work."""

    code = "warehouse.work_merged"


class StockGone(Conflict):
    """Some of what the work asks for is not the order's any more; it is being planned again."""

    code = "warehouse.stock_gone"
    is_retryable = True


class WorkBlocked(Conflict):
    """The order is on hold: this step waits until the hold is lifted. `hold` is its type."""

    code = "warehouse.work_blocked"


class CancelAsked(Conflict):
    """Somebody wants units of it cancelled: answer that first, then go on."""

    code = "warehouse.cancel_asked"


@use_case
def claim_next(*, status: str, limit: int, node_ids: Collection[int] | None = None) -> list[str]:
    """This function will give the caller the most urgent free work in a status, and nobody else.

    Earliest due first, then highest priority. The claim ends with the next step, or after `CLAIM`.
    """
    now = clock.real_now()
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM_NEXT,
            {
                "status": status,
                "scope": SCOPE_OF[status],
                "now": now,
                "until": now + CLAIM,
                "nodes": None if node_ids is None else sorted(set(node_ids)),
                "limit": limit,
                "actor": current().actor,
            },
        )
        return [ref for (ref,) in cursor.fetchall()]


@use_case
def give_back(*, actor: str) -> int:
    """This function will free what a clerk took from the queue and did not do.

    :returns: how many claims ended.
    """
    return WorkOrder.objects.filter(claimed_by=actor, claimed_until__isnull=False).update(
        claimed_by="", claimed_until=None
    )


@use_case
def start_pick(*, work_refs: Sequence[str], picker: str, at: When = None) -> None:
    """This function will show that somebody is taking the units.

    :raises UnknownWork: a reference nobody knows.
    :raises WorkBlocked: the order is on hold.
    :raises IllegalTransition: one is not waiting to be picked.
    """
    works, when = lock(work_refs, at, scope=PICKING)
    transitions.apply_many(
        works, "start_pick", actor=picker, kwargs={"picker": picker}, at_for=when
    )


@use_case
def pick(*, work_refs: Sequence[str], picker: str, at: When = None) -> None:
    """This function will book every unit of the work orders as taken from the shelf by `picker`.

    :raises UnknownWork: a reference nobody knows.
    :raises WorkBlocked: the order is on hold.
    :raises IllegalTransition: one was picked before or is cancelled.
    :raises NothingReserved: the order holds no stock at the node.
    :raises StockGone: the order holds less there than the work asks for.
    """
    works, when = lock(work_refs, at, scope=PICKING)
    finish_pick(works=works, picker=picker, when=when)


@needs_transaction
def finish_pick(*, works: Sequence[WorkOrder], picker: str, when: At) -> None:
    """This function will do the same for locked work."""
    lines = _lines(works)
    transitions.apply_many(
        works,
        "finish_pick",
        actor=picker,
        kwargs={"picker": picker},
        at_for=when,
        event_for=lambda work: WorkPicked(**facts(work, when), units=sum(lines[work.pk].values())),
    )
    WorkLine.objects.filter(work_order__in=works).update(picked=F("quantity"))
    reservations.pick(items=_demands(works, lines, when))
    _require_reserved(works, lines)


@use_case
def pack(*, work_refs: Sequence[str], packer: str, at: When = None) -> list[str]:
    """This function will close one weighed and measured carton per work order.

    :returns: parcel references in the order of `work_refs`.
    :raises UnknownWork: a reference nobody knows.
    :raises WorkBlocked: the order is on hold.
    :raises CancelAsked: somebody waits for an answer about one.
    :raises IllegalTransition: one is not picked, or packed before.
    """
    works, when = lock(work_refs, at, scope=PICKING)
    parcels = _parcels(works, when)
    transitions.apply_many(
        works,
        "pack",
        actor=packer,
        kwargs={"packer": packer},
        at_for=when,
        event_for=lambda work: _packed(work, parcels[_lead_of(work)], when),
    )
    bulk.insert_rows(Parcel, list(parcels.values()))
    by_ref = {work.public_id: parcels[_lead_of(work)]["public_id"] for work in works}
    return [by_ref[ref] for ref in work_refs]


@use_case
def hand_over(*, work_refs: Sequence[str], actor: str | None = None, at: When = None) -> None:
    """This function will give the labeled parcels to their carriers and book the stock as shipped.

    :raises UnknownWork: a reference nobody knows.
    :raises WorkBlocked: the order is on hold.
    :raises CancelAsked: somebody waits for an answer about one.
    :raises IllegalTransition: one has no label yet, or left before.
    :raises NothingReserved: the order holds no stock at the node.
    """
    works, when = lock(work_refs, at, scope=SHIPPING)
    parcels = dict(
        Parcel.objects.filter(work_order__in=works).values_list("work_order_id", "public_id")
    )
    transitions.apply_many(
        works,
        "hand_over",
        actor=actor,
        at_for=when,
        event_for=lambda work: WorkHandedOver(
            **facts(work, when), parcel_ref=parcels[_lead_of(work)]
        ),
    )
    reservations.consume(items=_demands(works, _lines(works), when))
    times = {parcels[_lead_of(work)]: when(work) for work in works}
    shipments.hand_over(parcel_refs=list(times), at=times)


@needs_transaction
def lock(refs: Sequence[str], at: When, *, scope: str) -> tuple[list[WorkOrder], At]:
    """This function will lock work whose step in the scope may be taken, and tell the time of it
    for each.

    :raises UnknownWork: a reference nobody knows.
    :raises WorkBlocked: the order is on hold.
    :raises CancelAsked: somebody waits for an answer about one.
    """
    wanted = list(set(refs))
    works = list(
        WorkOrder.objects.select_for_update()
        .filter(pk__in=RawSQL(_GROUPS, [wanted, wanted]))
        .order_by("pk")
    )
    missing = set(refs) - {work.public_id for work in works}
    if missing:
        raise UnknownWork(f"There is no work order {min(missing)}.")
    _require_whole(works, set(refs))
    _refuse_blocked([work for work in works if scope in work.blocked_scopes], scope)
    _require_unasked(works)
    now = clock.now()
    if isinstance(at, Mapping):
        times = {work.pk: at.get(work.public_id, now) for work in works}
        return works, lambda work: times[_lead_of(work)]
    return works, lambda _work: at or now


def _refuse_blocked(blocked: Sequence[WorkOrder], scope: str) -> None:
    if blocked:
        hold = blocked[0].blocked_scopes[scope]
        raise WorkBlocked(
            f"Order {blocked[0].label} is on hold ({hold}).",
            data={"hold": hold, "work_refs": [work.public_id for work in blocked]},
        )


def _lead_of(work: WorkOrder) -> int:
    """The key of the work whose carton it goes in: its own, or that of the work it follows."""
    return work.merged_into_id or work.pk


def _require_whole(works: Sequence[WorkOrder], refs: Collection[str]) -> None:
    """What was merged or taken apart while these rows were waited for is not all here."""
    named = {work.pk: work for work in works if work.public_id in refs}
    for work in named.values():
        if work.merged_into_id is not None:
            raise WorkMerged(
                f"Order {work.label} goes in another order's carton.",
                data={"work_ref": work.public_id},
            )
    followers = Counter(work.merged_into_id for work in works if work.pk not in named)
    if any(followers[key] != work.merged_count for key, work in named.items()) or None in followers:
        raise transitions.StaleObject("Somebody changed it meanwhile; read it again.")


def _require_unasked(works: Sequence[WorkOrder]) -> None:
    asked = [work for work in works if work.cancel_asked_at is not None]
    if asked:
        raise CancelAsked(
            f"Order {asked[0].label} is to be cancelled: {asked[0].cancel_reason} "
            "Say whether that is still possible.",
            data={"work_refs": [work.public_id for work in asked]},
        )


def facts(work: WorkOrder, when: At) -> dict[str, Any]:
    """This function will return what every event about a work order says."""
    return {
        "organization_id": work.organization_id,
        "work_ref": work.public_id,
        "demand_kind": work.demand_kind,
        "demand_ref": work.demand_ref,
        "order_ref": work.correlation_id,
        "node_id": work.node_id,
        "occurred_at": when(work),
    }


def _lines(works: Sequence[WorkOrder]) -> Lines:
    found: Lines = {work.pk: {} for work in works}
    rows = WorkLine.objects.filter(work_order__in=works)
    for work_id, line_ref, quantity in rows.values_list("work_order_id", "line_ref", "quantity"):
        found[work_id][line_ref] = found[work_id].get(line_ref, 0) + quantity
    return found


def _demands(works: Sequence[WorkOrder], lines: Lines, when: At) -> list[DemandAtNode]:
    """Stock is promised to the order, which is the correlation of its work, line by line: the
    order may have other work at the node."""
    return [
        DemandAtNode(
            demand_kind="order",
            demand_ref=work.correlation_id,
            node_id=work.node_id,
            at=when(work),
            line_refs=frozenset(lines[work.pk]),
        )
        for work in works
    ]


def _require_reserved(works: Sequence[WorkOrder], lines: Lines) -> None:
    """What is picked is not taken back; before that, a count may have ended a part of it."""
    held = promised.units_at_nodes(
        demand_kind="order", demand_refs={work.correlation_id for work in works}
    )
    for work in works:
        for line_ref, quantity in lines[work.pk].items():
            if held[work.correlation_id, work.node_id, line_ref] < quantity:
                raise StockGone(
                    f"Some of order {work.label} is not there any more; leave it for now.",
                    data={"work_ref": work.public_id, "line_ref": line_ref},
                )


def _parcels(works: Sequence[WorkOrder], when: At) -> dict[int, dict[str, Any]]:
    lead_of = {work.pk: _lead_of(work) for work in works}
    contents: dict[int, list[Packed]] = defaultdict(list)
    rows = WorkLine.objects.filter(work_order__in=works).values_list(
        "work_order_id",
        "quantity",
        "variant__weight_g",
        "variant__length_mm",
        "variant__width_mm",
        "variant__height_mm",
    )
    for work_id, *measures in rows:
        contents[lead_of[work_id]].append(Packed(*measures))
    return {
        work.pk: _parcel(work, contents[work.pk], when(work))
        for work in works
        if work.merged_into_id is None
    }


def _parcel(work: WorkOrder, items: Sequence[Packed], at: datetime) -> dict[str, Any]:
    carton = cartons.choose(items)
    return {
        "public_id": ids.public_id("pcl", at=at),
        "work_order_id": work.pk,
        "weight_g": cartons.weigh(items),
        "length_mm": carton.length_mm,
        "width_mm": carton.width_mm,
        "height_mm": carton.height_mm,
        "tracking_number": "",
        "created_at": at,
    }


def _packed(work: WorkOrder, parcel: Mapping[str, Any], when: At) -> WorkPacked:
    return WorkPacked(
        **facts(work, when),
        parcel_ref=parcel["public_id"],
        weight_g=parcel["weight_g"],
        length_mm=parcel["length_mm"],
        width_mm=parcel["width_mm"],
        height_mm=parcel["height_mm"],
    )
