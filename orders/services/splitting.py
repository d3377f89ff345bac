"""Makes a second parcel of a part of a node's work.

Units only change their name: what is promised, set aside, counted and late of an order line is the
same before and after, and units that wait are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from oms.core import clock, transitions
from oms.core.errors import Invalid
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders import line_refs
from orders.events import WorkSplit
from orders.models import FulfillmentOrder
from orders.services import node_work, parting
from orders.services.parting import NothingToSplit, Taking


class SplitTwice(Invalid):
    """One call takes one part out of each work."""

    code = "orders.split_twice"


@dataclass(frozen=True, slots=True)
class WorkPart:
    """Units, by position of their line, that get a parcel of their own."""

    work_ref: str
    units: Mapping[int, int]


@use_case
def split_work(
    *, parts: Sequence[WorkPart], within: Callable[[list[str]], None] | None = None
) -> list[str]:
    """This function will make each part a work of its own at the same node; all or none.

    Reservations, lines, floor work and what blocks it go with the units. Constant statements.
    `within` is called with the answer before the commit.

    :returns: references of the new works, in order.
    :raises UnknownWork: there is no such work.
    :raises SplitTwice: one work is named twice.
    :raises NothingToSplit: no unit is named, or none would be left.
    :raises MoreThanThere: a line has fewer units.
    :raises PickedAlready, WorkClosed, MergedAlready: of a work nothing can be taken.
    :raises StockMoving: its stock is changing in this moment.
    """
    wanted = {part.work_ref: part.units for part in parts}
    if len(wanted) < len(parts):
        raise SplitTwice("Take one part after the other out of a work.")
    works = node_work.lock(references=wanted)
    takings = parting.load(wanted=wanted, works=works)
    for taking in takings:
        if taking.takes_all:
            raise NothingToSplit("Leave at least one unit in the first parcel.")
    made = _make(takings)
    parting.rename(
        takings=takings,
        named=lambda taking, position: (
            taking.work.order.public_id,
            _name(made[taking.work.pk], position),
        ),
    )
    parting.shrink(takings=takings)
    parting.divide(
        takings=takings,
        drafts={
            taking.work.pk: parting.draft(
                taking, made[taking.work.pk], partial(_name, made[taking.work.pk])
            )
            for taking in takings
        },
    )
    emitting.emit_many([_told(taking, made[taking.work.pk]) for taking in takings])
    answer = [made[taking.work.pk].public_id for taking in takings]
    if within is not None:
        within(answer)
    return answer


def _name(work: FulfillmentOrder, position: int) -> str:
    return line_refs.of(position, work.attempt, work.part)


def _make(takings: Sequence[Taking]) -> dict[int, FulfillmentOrder]:
    """The new works, by key of the work they come from."""
    now = clock.now()
    numbers = node_work.Parts([taking.work for taking in takings])
    made = {t.work.pk: _beside(t.work, numbers.take(t.work), now) for t in takings}
    node_work.insert(
        works=list(made.values()),
        lines=[
            (made[taking.work.pk], taking.lines[position].order_line, units)
            for taking in takings
            for position, units in taking.units.items()
        ],
    )
    begun = [made[t.work.pk] for t in takings if t.work.status != parting.Work.PROPOSED]
    transitions.apply_many(begun, "submit", now=now, reason="split")
    return made


def _beside(work: FulfillmentOrder, part: int, now: datetime) -> FulfillmentOrder:
    return FulfillmentOrder(
        order=work.order,
        node_id=work.node_id,
        decision_ref=work.decision_ref,
        attempt=work.attempt,
        part=part,
        service_code=work.service_code,
        latest_ship_at=work.latest_ship_at,
        created_at=now,
    )


def _told(taking: Taking, part: FulfillmentOrder) -> WorkSplit:
    order = taking.work.order
    return WorkSplit(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=part.created_at,
        work_ref=taking.work.public_id,
        part_ref=part.public_id,
        node_id=part.node_id,
        units=sum(taking.units.values()),
    )
