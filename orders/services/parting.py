"""Units that leave a node's work: checked, and named anew in stock and on the floor.

Shared by what follows them: a parcel of their own, another node, an order of their own. Every step
takes many works and costs a constant number of statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from inventory.selectors import reservations as promised
from inventory.services import renaming
from inventory.services import reservations as stock
from inventory.types import Renaming
from inventory.warehouse.services import dividing
from inventory.warehouse.services import work as floor_work
from inventory.warehouse.services.dividing import Cut
from inventory.warehouse.types import WorkDraft, WorkLineDraft
from oms.core import bulk
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.transactions import needs_transaction
from orders import line_refs
from orders.models import FulfillmentLine, FulfillmentOrder

Work = FulfillmentOrder.Status
#: Nobody has begun, as far as the order knows; the floor's own word is asked later.
UNBEGUN = (Work.PROPOSED, Work.OPEN, Work.SCHEDULED)
_BEGUN = (Work.IN_PROGRESS, Work.PACKED)


class NothingToSplit(Invalid):
    """A part has at least one unit and leaves at least one."""

    code = "orders.nothing_to_split"


class MoreThanThere(Invalid):
    """More units are asked for than there are."""

    code = "orders.more_than_there"


class PickedAlready(Conflict):
    """The floor has begun; only what lies on the shelf can go another way."""

    code = "orders.picked_already"


class WorkClosed(Conflict):
    """The work is over."""

    code = "orders.work_closed"


class MergedAlready(Conflict):
    """The work goes in one parcel with another order's; take them apart first."""

    code = "orders.merged_already"


class StockMoving(Conflict):
    """Stock of the order is changing in this moment; ask again."""

    code = "orders.stock_moving"
    is_retryable = True


@dataclass(slots=True)
class Taking:
    """Units of one work that go another way, by the position of their line."""

    work: FulfillmentOrder
    units: dict[int, int]
    lines: dict[int, FulfillmentLine]
    #: What is held for one unit of each line, by variant: itself, or the parts of a kit.
    each: dict[int, dict[int, int]]

    @property
    def takes_all(self) -> bool:
        return self.units == {position: line.quantity for position, line in self.lines.items()}

    def name_of(self, position: int) -> str:
        return line_refs.of(position, self.work.attempt, self.work.part)


@needs_transaction
def load(
    *, wanted: Mapping[str, Mapping[int, int]], works: Mapping[str, FulfillmentOrder]
) -> list[Taking]:
    """This function will check what is wanted of each locked work, by position, lock the floor's
    own work before any stock is, as a scan does, and read what it holds.

    :raises WorkClosed, PickedAlready, MergedAlready: of a work nothing can be taken.
    :raises BeingPicked: a clerk has just taken it from the queue.
    :raises NothingToSplit: nothing is wanted.
    :raises MoreThanThere: a line has fewer units.
    :raises StockMoving: a work holds other units than it asks for; it is being routed again.
    """
    chosen = [works[reference] for reference in wanted]
    require_unbegun(works=chosen)
    told = [work.public_id for work in chosen if work.status != Work.PROPOSED]
    with floor_errors():
        dividing.lock_unbegun(demand_refs=told)
    lines: dict[int, dict[int, FulfillmentLine]] = {works[ref].pk: {} for ref in wanted}
    rows = FulfillmentLine.objects.filter(fulfillment_order__in=list(lines)).order_by("pk")
    for row in rows.select_related("order_line"):
        lines[row.fulfillment_order_id][row.order_line.position] = row
    held = promised.parts_at_nodes(
        demand_kind="order",
        demand_refs={works[reference].order.public_id for reference in wanted},
    )
    takings = []
    for reference, units in wanted.items():
        work = works[reference]
        _check(units, lines[work.pk])
        taking = Taking(work, dict(units), lines[work.pk], {})
        for position in units:
            place = (work.order.public_id, work.node_id, taking.name_of(position))
            taking.each[position] = _each(taking.lines[position], held.get(place, {}))
        takings.append(taking)
    return takings


@needs_transaction
def require_unbegun(*, works: Sequence[FulfillmentOrder]) -> None:
    """This function will refuse works of which nothing can be taken.

    :raises WorkClosed, PickedAlready, MergedAlready: says which.
    """
    leads = set(
        FulfillmentOrder.objects.filter(merged_into__in=works).values_list(
            "merged_into_id", flat=True
        )
    )
    for work in works:
        data = {"work": work.public_id, "state": str(work.status)}
        if work.status in _BEGUN:
            raise PickedAlready(f"The floor has begun with order {work.order.number}.", data=data)
        if work.status not in UNBEGUN:
            raise WorkClosed(f"The work is {work.get_status_display()}.", data=data)
        if work.merged_into_id is not None or work.pk in leads:
            raise MergedAlready(f"Order {work.order.number} goes in a shared parcel.", data=data)


def _check(units: Mapping[int, int], lines: Mapping[int, FulfillmentLine]) -> None:
    if not units or any(number < 1 for number in units.values()):
        raise NothingToSplit("Name at least one unit of each line.")
    for position, number in units.items():
        there = lines[position].quantity if position in lines else 0
        if number > there:
            detail = f"Line {position} has {there} units in this work."
            error = FieldError(f"/lines/{position}", "too_many", detail)
            raise MoreThanThere(detail, errors=[error])


def _each(line: FulfillmentLine, held: Mapping[int, int]) -> dict[int, int]:
    variant_id = line.order_line.variant_id
    is_even = all(units % line.quantity == 0 for units in held.values())
    if not held or not is_even or held.get(variant_id, line.quantity) != line.quantity:
        raise StockMoving("Some of its stock was lost; it is being routed again.")
    return {variant: units // line.quantity for variant, units in held.items()}


#: Of a taking and a position: whose line the units are from now on, and its name.
NewName = Callable[[Taking, int], tuple[str, str]]


@needs_transaction
def rename(*, takings: Sequence[Taking], named: NewName) -> None:
    """This function will let the taken units be held under their new names.

    :raises PickedAlready: some are off the shelf.
    :raises StockMoving: a line holds fewer than thought.
    """
    renamings, wanted = [], []
    for taking in takings:
        for position, units in taking.units.items():
            to_ref, to_line = named(taking, position)
            rest = taking.lines[position].quantity - units
            for variant_id, each in taking.each[position].items():
                renamings.append(
                    Renaming(
                        demand_kind="order",
                        demand_ref=taking.work.order.public_id,
                        line_ref=taking.name_of(position),
                        variant_id=variant_id,
                        to_ref=to_ref,
                        to_line=to_line,
                        leave=rest * each,
                        is_allocated=True,
                        node_id=taking.work.node_id,
                    )
                )
                wanted.append(units * each)
    try:
        done = renaming.rename(renamings=renamings)
    except stock.AlreadyPicked as error:
        raise PickedAlready("Some units are off the shelf already.", data=error.data) from error
    if done != wanted:
        raise StockMoving("Some of its stock was lost in this moment.")


@needs_transaction
def divide(*, takings: Sequence[Taking], drafts: Mapping[int, WorkDraft]) -> None:
    """This function will take the units out of the floor's work; `drafts`, by key of the work they
    leave, are what they become there.

    :raises PickedAlready: somebody has begun.
    """
    told = [taking for taking in takings if taking.work.status != Work.PROPOSED]
    cuts = [Cut(t.work.public_id, _floor_units(t), drafts.get(t.work.pk)) for t in told]
    with floor_errors():
        dividing.divide(cuts=cuts)


@contextmanager
def floor_errors() -> Iterator[None]:
    """This function will tell of work that the floor has begun in the words of orders."""
    try:
        yield
    except floor_work.AlreadyPicked as error:
        raise PickedAlready(error.detail, data=error.data) from error


def _floor_units(taking: Taking) -> dict[tuple[str, int], int]:
    return {
        (taking.name_of(position), variant_id): units * each
        for position, units in taking.units.items()
        for variant_id, each in taking.each[position].items()
    }


def draft(taking: Taking, work: FulfillmentOrder, name: Callable[[int], str]) -> WorkDraft:
    """This function will return what the floor is told of the work that the units become."""
    order = work.order
    return WorkDraft(
        organization_id=order.organization_id,
        node_id=work.node_id,
        demand_kind="fulfillment_order",
        demand_ref=work.public_id,
        label=str(order.number),
        correlation_id=order.public_id,
        priority=order.priority,
        due_at=work.latest_ship_at,
        lines=tuple(
            WorkLineDraft(name(position), variant_id, units * each)
            for position, units in taking.units.items()
            for variant_id, each in taking.each[position].items()
        ),
    )


@needs_transaction
def shrink(*, takings: Sequence[Taking]) -> None:
    """This function will take the units off the works' own lines; lines without units go."""
    left = [
        (taking.lines[position], taking.lines[position].quantity - units)
        for taking in takings
        for position, units in taking.units.items()
    ]
    FulfillmentLine.objects.filter(pk__in=[line.pk for line, rest in left if not rest]).delete()
    bulk.update_rows(
        FulfillmentLine, [{"id": line.pk, "quantity": rest} for line, rest in left if rest]
    )
