"""Several orders' work at one node in one parcel, each order with its own number and counters.

One work leads: the floor picks, packs and hands over the others with it, and its label is theirs.
Nothing of the orders, their lines or their stock changes, so that taking them apart restores all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from inventory.warehouse.services import merging as floor
from oms.core import bulk, clock
from oms.core.errors import Conflict, Invalid
from oms.core.transactions import needs_transaction, use_case
from oms.infra.contacts.services import recipients
from oms.infra.outbox.services import emitting
from orders.events import WorkMerged, WorkUnmerged
from orders.models import FulfillmentOrder, Hold
from orders.services import node_work, parting
from orders.services.parting import PickedAlready

#: A hold that stops one of these stops a parcel.
_STOPS = ["picking", "label", "shipping"]


class NothingToMerge(Invalid):
    """A parcel is shared by at least two works, each named once."""

    code = "orders.nothing_to_merge"


class OtherSeller(Conflict):
    code = "orders.other_seller"


class OtherAddress(Conflict):
    """The orders go to different people or doors, or it is not known that they do not."""

    code = "orders.other_address"


class OtherTier(Conflict):
    code = "orders.other_tier"


class OtherNode(Conflict):
    code = "orders.other_node"


class OtherService(Conflict):
    code = "orders.other_service"


class NotReleased(Conflict):
    """The floor does not know of it yet."""

    code = "orders.not_released"


class OrderOnHold(Conflict):
    """What stands on hold is not put together with what may move."""

    code = "orders.on_hold"


class NotMerged(Conflict):
    """It goes alone already."""

    code = "orders.not_merged"


@dataclass(frozen=True, slots=True)
class Shared:
    """Works that go in one parcel, by reference."""

    work_refs: Sequence[str]


@use_case
def merge(
    *, parcels: Sequence[Shared], within: Callable[[list[str]], None] | None = None
) -> list[str]:
    """This function will put the works of each parcel together; all parcels or none.

    The most urgent work leads. Constant statements for any number of parcels.

    :returns: the leading work of each, in order.
    :raises NothingToMerge: fewer than two works, or one twice.
    :raises UnknownWork: there is no such work.
    :raises WorkClosed, NotReleased, PickedAlready, MergedAlready: a work cannot be shared now.
    :raises OtherSeller, OtherNode, OtherTier, OtherService, OtherAddress: they do not belong
        together.
    :raises OrderOnHold: one of the orders is on a hold that stops goods.
    """
    named = [reference for parcel in parcels for reference in parcel.work_refs]
    if len(set(named)) < len(named) or any(len(parcel.work_refs) < 2 for parcel in parcels):
        raise NothingToMerge("Name at least two works, each once.")
    works = node_work.lock(references=named)
    _require_free(list(works.values()))
    groups = [[works[reference] for reference in parcel.work_refs] for parcel in parcels]
    _require_alike(groups)
    ordered = [sorted(group, key=_urgency) for group in groups]
    _join(ordered)
    emitting.emit_many([event for group in ordered for event in _merged(group)])
    answer = [group[0].public_id for group in ordered]
    if within is not None:
        within(answer)
    return answer


def _require_free(works: Sequence[FulfillmentOrder]) -> None:
    parting.require_unbegun(works=works)
    for work in works:
        if work.status != parting.Work.OPEN:
            raise NotReleased(f"Order {work.order.number} has not been sent to the node yet.")
    held = Hold.objects.filter(
        order__in={work.order_id for work in works}, released_at=None, scopes__overlap=_STOPS
    )
    stopped = set(held.values_list("order_id", flat=True))
    for work in works:
        if work.order_id in stopped:
            raise OrderOnHold(
                f"Order {work.order.number} is on hold.", data={"order": work.order.public_id}
            )


def _require_alike(groups: Sequence[Sequence[FulfillmentOrder]]) -> None:
    doors = recipients.recipients_of(
        contact_ids={work.order.ship_to_id for group in groups for work in group}
    )
    for group in groups:
        for error, of in _RULES:
            if len({of(work) for work in group}) > 1:
                raise error("Only works that are alike in this go in one parcel.")
        places = {doors.get(work.order.ship_to_id, work.order.ship_to_id) for work in group}
        if len(places) > 1:
            raise OtherAddress("The orders go to different recipients or addresses.")


#: What works of one parcel must have in common, and what is said where they do not.
_RULES: tuple[tuple[type[Conflict], Callable[[FulfillmentOrder], Any]], ...] = (
    (OtherSeller, lambda work: work.order.organization_id),
    (OtherNode, lambda work: work.node_id),
    (OtherTier, lambda work: work.order.tier),
    (OtherService, lambda work: work.service_code),
)


def _urgency(work: FulfillmentOrder) -> tuple[datetime, int, str]:
    """As the floor ranks them: what leads is picked no later than it would be alone."""
    return work.latest_ship_at, -work.order.priority, work.public_id


def _join(groups: Sequence[Sequence[FulfillmentOrder]]) -> None:
    leads = {follower: group[0] for group in groups for follower in group[1:]}
    with parting.floor_errors():
        floor.merge(leads={f.public_id: lead.public_id for f, lead in leads.items()})
    _follow({follower.pk: lead.pk for follower, lead in leads.items()})


def _follow(leads: Mapping[int, int | None]) -> None:
    bulk.update_rows(
        FulfillmentOrder,
        [{"id": key, "merged_into_id": lead} for key, lead in leads.items()],
    )


@use_case
def unmerge(*, work_refs: Collection[str]) -> None:
    """This function will let the works go in parcels of their own again, as they were before they
    were merged; of three that shared one the other two stay together.

    :raises UnknownWork: there is no such work.
    :raises NotMerged: one goes alone already.
    :raises PickedAlready: the floor has begun.
    """
    everybody = node_work.lock(references=_sharing(work_refs))
    works = [everybody[reference] for reference in sorted(set(work_refs))]
    groups = _groups(everybody.values())
    for work in works:
        if len(groups[work.merged_into_id or work.pk]) < 2:
            raise NotMerged(f"Order {work.order.number} goes in a parcel of its own.")
        if work.status not in parting.UNBEGUN:
            raise PickedAlready(f"The floor has begun with order {work.order.number}.")
    with parting.floor_errors():
        floor.unmerge(demand_refs=[work.public_id for work in works])
    _part(works, groups)


def _sharing(work_refs: Collection[str]) -> set[str]:
    """The works and everybody in their parcels, so that all can be locked in one order."""
    works = FulfillmentOrder.objects.filter(public_id__in=set(work_refs))
    leads = {lead or key for key, lead in works.values_list("pk", "merged_into_id")}
    rows = FulfillmentOrder.objects.filter(Q(pk__in=leads) | Q(merged_into__in=leads))
    return set(work_refs) | set(rows.values_list("public_id", flat=True))


@needs_transaction
def leave(*, works: Sequence[FulfillmentOrder]) -> None:
    """This function will take works that are being withdrawn out of their shared parcels; the
    floor's part follows with the withdrawal. One statement where nothing is merged."""
    _part(works, _lock_groups(works))


@needs_transaction
def go_alone(*, works: Sequence[FulfillmentOrder]) -> None:
    """This function will take works that go to another recipient now out of their shared parcels,
    here and on the floor. One statement where nothing is merged.

    :raises PickedAlready: the floor has begun with a shared parcel.
    """
    groups = _lock_groups(works)
    merged = [work for work in works if len(groups[work.merged_into_id or work.pk]) > 1]
    for work in merged:
        if work.status not in parting.UNBEGUN:
            raise PickedAlready("The floor has begun with a parcel that other orders share.")
    if merged:
        with parting.floor_errors():
            floor.unmerge(demand_refs=[work.public_id for work in merged])
        _part(merged, groups)


def _lock_groups(works: Sequence[FulfillmentOrder]) -> dict[int, list[FulfillmentOrder]]:
    leads = {work.merged_into_id or work.pk for work in works}
    rows = FulfillmentOrder.objects.select_for_update(of=("self",)).select_related("order")
    return _groups(rows.filter(Q(pk__in=leads) | Q(merged_into__in=leads)).order_by("pk"))


def _groups(works: Iterable[FulfillmentOrder]) -> dict[int, list[FulfillmentOrder]]:
    """The works by the key of the one that leads their parcel."""
    found: dict[int, list[FulfillmentOrder]] = defaultdict(list)
    for work in works:
        found[work.merged_into_id or work.pk].append(work)
    return found


def _part(works: Sequence[FulfillmentOrder], groups: Mapping[int, list[FulfillmentOrder]]) -> None:
    """Takes works out of their parcels; where the lead goes, the most urgent of the rest leads."""
    gone = {work.pk for work in works}
    leads: dict[int, int | None] = {}
    told: list[WorkUnmerged] = []
    now = clock.now()
    for lead, group in groups.items():
        if len(group) < 2 or gone.isdisjoint(work.pk for work in group):
            continue
        rest = (work for work in group if work.pk not in gone)
        staying = sorted(rest, key=lambda work: (work.pk != lead, *_urgency(work)))
        for work in group:
            is_first = work.pk in gone or work is staying[0]
            leads[work.pk] = None if is_first else staying[0].pk
            told.append(_unmerged(work, [] if work.pk in gone else staying, now))
    if leads:
        _follow(leads)
        emitting.emit_many(told)


def _merged(group: Sequence[FulfillmentOrder]) -> list[WorkMerged]:
    now = clock.now()
    return [
        WorkMerged(
            **_facts(work, now), lead_ref=group[0].public_id, with_numbers=_others(work, group)
        )
        for work in group
    ]


def _unmerged(
    work: FulfillmentOrder, staying: Sequence[FulfillmentOrder], now: datetime
) -> WorkUnmerged:
    return WorkUnmerged(**_facts(work, now), with_numbers=_others(work, staying))


def _others(work: FulfillmentOrder, group: Sequence[FulfillmentOrder]) -> list[str]:
    return [str(other.order.number) for other in group if other.pk != work.pk]


def _facts(work: FulfillmentOrder, now: datetime) -> dict[str, Any]:
    return {
        "organization_id": work.order.organization_id,
        "order_ref": work.order.public_id,
        "number": str(work.order.number),
        "occurred_at": now,
        "work_ref": work.public_id,
        "node_id": work.node_id,
    }
