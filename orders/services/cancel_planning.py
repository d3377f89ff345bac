"""Says where the units of a cancellation come from, before anything changes.

What nobody has to give up goes first: units that wait, units that no node has, units that no
picker has, and only then those in somebody's hands, who is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from inventory.catalog import selectors as catalog
from inventory.warehouse.services import questions
from inventory.warehouse.types import WorkState
from oms.core import transitions
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction
from oms.core.transitions import IllegalTransition
from orders import amounts, line_refs
from orders.models import CancellationPart, FulfillmentLine, FulfillmentOrder, Order, OrderLine
from orders.types import CancelDraft

Work = FulfillmentOrder.Status

#: Work whose units have not left for good.
LIVE = (Work.PROPOSED, Work.OPEN, Work.SCHEDULED, Work.IN_PROGRESS, Work.PACKED)
#: Orders that still owe something.
OPEN = (
    Order.Status.RECEIVED,
    Order.Status.VERIFYING,
    Order.Status.CONFIRMED,
    Order.Status.RELEASED,
)
#: In a closed carton: all of it or nothing.
_CLOSED_CARTON = ("packed", "labeled")


class CannotCancel(Conflict):
    """A part of the order has left."""

    code = "orders.cannot_cancel"


class UnknownLine(Invalid):
    """The order has no line at this position."""

    code = "orders.unknown_line"


class NothingToCancel(Invalid):
    """No line was named."""

    code = "orders.nothing_to_cancel"


class TooManyToCancel(Conflict):
    """Fewer units of the line are left: the others were cancelled before, or have left."""

    code = "orders.too_many_to_cancel"


class CancellationPending(Conflict):
    """The floor was asked about these units and has not answered yet."""

    code = "orders.cancellation_pending"


@dataclass(frozen=True, slots=True)
class Take:
    """Units of a line, from node work (`source`) or from what waits (`waiting`) or is kept."""

    line: OrderLine
    units: int
    source: FulfillmentLine | None = None
    is_waiting: bool = False
    is_pending: bool = False


@dataclass(slots=True)
class Standing:
    """A locked order with everything that decides what can still be cancelled."""

    order: Order
    lines: list[OrderLine] = field(default_factory=list)
    works: list[FulfillmentOrder] = field(default_factory=list)
    parts: dict[int, list[FulfillmentLine]] = field(default_factory=lambda: defaultdict(list))
    #: By (work, line): units that the floor was asked about.
    asked: dict[tuple[int, int], int] = field(default_factory=dict)
    floor: Mapping[str, WorkState] = field(default_factory=dict)
    kits: Mapping[int, Mapping[int, int]] = field(default_factory=dict)

    def variants_of(self, line: OrderLine, units: int) -> dict[int, int]:
        """This method will return units of a line by what is on the shelf: of a kit, its parts."""
        each = self.kits.get(line.variant_id) or {line.variant_id: 1}
        return {variant_id: n * units for variant_id, n in each.items()}

    def line_of(self, part: FulfillmentLine) -> OrderLine:
        return next(line for line in self.lines if line.pk == part.order_line_id)

    def work_of(self, part: FulfillmentLine) -> FulfillmentOrder:
        return next(work for work in self.works if work.pk == part.fulfillment_order_id)

    def line_ref(self, part: FulfillmentLine) -> str:
        work = self.work_of(part)
        return line_refs.of(self.line_of(part).position, work.attempt, work.part)

    def units_on_floor(self, part: FulfillmentLine, state: WorkState) -> int:
        """This method will return how many units of a part the floor is to send."""
        ref, each = self.line_ref(part), self.variants_of(self.line_of(part), 1)
        return min(state.units.get((ref, variant), 0) // n for variant, n in each.items())


@needs_transaction
def load(*, orders: Sequence[Order]) -> dict[int, Standing]:
    """This function will read how locked orders stand, locking their work here and on the floor;
    constant statements."""
    standing = {order.pk: Standing(order) for order in orders}
    for line in OrderLine.objects.filter(order__in=orders).order_by("order_id", "position"):
        standing[line.order_id].lines.append(line)
    works = FulfillmentOrder.objects.select_for_update().filter(order__in=orders, status__in=LIVE)
    order_of = {}
    for work in works.order_by("pk"):
        order_of[work.pk] = work.order_id
        standing[work.order_id].works.append(work)
    for part in FulfillmentLine.objects.filter(fulfillment_order__in=order_of).order_by("pk"):
        mine = standing[order_of[part.fulfillment_order_id]]
        mine.parts[part.fulfillment_order_id].append(part)
    _read_pending(standing, order_of)
    refs = [work.public_id for item in standing.values() for work in item.works]
    floor = questions.look(demand_refs=refs) if refs else {}
    variants = {line.variant_id for item in standing.values() for line in item.lines}
    kits = {key: dict(each) for key, each in catalog.components_of(variant_ids=variants).items()}
    for item in standing.values():
        item.floor, item.kits = floor, kits
    return standing


def _read_pending(standing: Mapping[int, Standing], order_of: Mapping[int, int]) -> None:
    rows = CancellationPart.objects.filter(
        fulfillment_order__in=list(order_of), state=CancellationPart.State.PENDING
    ).values_list("fulfillment_order_id", "order_line_id", "quantity")
    for work_id, line_id, units in rows:
        assert work_id is not None
        standing[order_of[work_id]].asked[work_id, line_id] = units


def plan(draft: CancelDraft, standing: Standing) -> list[Take]:
    """This function will say where the units come from.

    :raises IllegalTransition: the order is closed.
    :raises CannotCancel: all of it is meant, and a part has left.
    :raises UnknownLine, NothingToCancel, InvalidQuantity: the request is wrong.
    :raises TooManyToCancel: fewer units are left of a line.
    :raises CancellationPending: the units that are left were asked about before.
    :raises CartonClosed: a part of a closed carton is meant.
    """
    order = standing.order
    if order.status not in OPEN:
        raise IllegalTransition(
            f"Order {order.number} is {order.get_status_display().lower()}: too late to cancel.",
            data={
                "state": str(order.status),
                "trigger": "cancel",
                "allowed_actions": transitions.allowed_triggers(order),
            },
        )
    takes = [
        take
        for line, units in _wanted(draft, standing)
        for take in _take(standing, line, units, draft)
    ]
    _require_whole_cartons(standing, takes)
    return takes


def _wanted(draft: CancelDraft, standing: Standing) -> list[tuple[OrderLine, int]]:
    if draft.quantities is None:
        if any(line.shipped for line in standing.lines) or _is_gone(standing):
            raise CannotCancel("A part of it has left; cancel the lines that are left instead.")
        left = [(line, line.ordered - line.cancelled) for line in standing.lines]
        return [(line, units) for line, units in left if units]
    by_position = {line.position: line for line in standing.lines}
    if not draft.quantities:
        raise NothingToCancel("Name at least one line.")
    for position, units in draft.quantities.items():
        if position not in by_position:
            detail = f"The order has no line {position}."
            raise UnknownLine(detail, errors=[FieldError("/lines", "unknown", detail)])
        require_quantity(units)
    return [(by_position[key], units) for key, units in sorted(draft.quantities.items())]


def _is_gone(standing: Standing) -> bool:
    return any(state.status == "handed_over" for state in _states(standing))


def _states(standing: Standing) -> list[WorkState]:
    found = (standing.floor.get(work.public_id) for work in standing.works)
    return [state for state in found if state is not None]


def _take(standing: Standing, line: OrderLine, units: int, draft: CancelDraft) -> list[Take]:
    takes, left = [], units
    for take in _sources(standing, line):
        n = min(left, take.units)
        if n:
            left -= n
            takes.append(Take(line, n, take.source, take.is_waiting, take.is_pending))
    if left:
        raise _too_many(standing, line, units, left)
    return takes


def _sources(standing: Standing, line: OrderLine) -> list[Take]:
    """All that could be taken of a line, in the order in which it is."""
    free, begun = [], []
    for work in sorted(standing.works, key=lambda work: -work.attempt):
        state = standing.floor.get(work.public_id)
        for part in standing.parts[work.pk]:
            if part.order_line_id == line.pk:
                units = part.quantity - standing.asked.get((work.pk, line.pk), 0)
                hands = min(units, _in_hands(standing, part, state))
                free.append(Take(line, units - hands, part))
                if state and _may_ask(standing, work, state):
                    begun.append(Take(line, hands, part, is_pending=True))
    waiting = [Take(line, line.backordered, is_waiting=True), Take(line, line.unallocated)]
    return [*waiting, *free, *begun]


def _may_ask(standing: Standing, work: FulfillmentOrder, state: WorkState) -> bool:
    """One question at a time, also while its answer is on the way. What has left is not asked
    about, nor what is in one carton with another order's."""
    is_waiting = any(key == work.pk for key, _ in standing.asked)
    is_out_of_reach = state.is_merged or state.status == "handed_over"
    return not state.is_asked and not is_waiting and not is_out_of_reach


def _in_hands(standing: Standing, part: FulfillmentLine, state: WorkState | None) -> int:
    if state is None or not state.is_begun:
        return 0
    return standing.units_on_floor(part, state)


def _too_many(standing: Standing, line: OrderLine, units: int, left: int) -> Conflict:
    asked = sum(n for (_, key), n in standing.asked.items() if key == line.pk)
    if asked:
        return CancellationPending(
            f"The floor was asked about {asked} of {line.sku} and has not answered yet."
        )
    if _is_in_a_shared_carton(standing, line):
        return CannotCancel(
            "It is picked in one go with another order's and has to leave with it.",
            data={"position": line.position, "left": units - left},
        )
    detail = f"{units - left} of {line.sku} can still be cancelled, not {units}."
    return TooManyToCancel(
        detail,
        errors=[FieldError("/lines", "too_many", detail)],
        data={"position": line.position, "left": units - left},
    )


def _is_in_a_shared_carton(standing: Standing, line: OrderLine) -> bool:
    parts = [part for work in standing.works for part in standing.parts[work.pk]]
    states = [
        standing.floor.get(standing.work_of(part).public_id)
        for part in parts
        if part.order_line_id == line.pk
    ]
    return any(state is not None and state.is_merged and state.is_begun for state in states)


def _require_whole_cartons(standing: Standing, takes: Sequence[Take]) -> None:
    asked: dict[int, int] = defaultdict(int)
    for take in takes:
        if take.is_pending and take.source:
            asked[take.source.fulfillment_order_id] += take.units
    for work in standing.works:
        state = standing.floor.get(work.public_id)
        if state and state.status in _CLOSED_CARTON and work.pk in asked:
            total = sum(standing.units_on_floor(part, state) for part in standing.parts[work.pk])
            if asked[work.pk] < total:
                raise questions.CartonClosed(
                    "The carton is closed: cancel all of its units, or none.",
                    data={"work": work.public_id},
                )


@dataclass(frozen=True, slots=True)
class _Sold:
    unit_amount: Decimal
    discount_amount: Decimal
    tax_amount: Decimal
    quantity: int


def worth(standing: Standing, takes: Sequence[Take]) -> Decimal:
    """This function will return what the units are worth to the cent, with the shipping that
    nobody owes any more when nothing is left and nothing shipped."""
    units: dict[int, int] = defaultdict(int)
    for take in takes:
        units[take.line.pk] += take.units
    total = sum(
        (
            amounts.of_units(
                _Sold(x.unit_amount, x.discount_amount, x.tax_amount, x.ordered),
                x.cancelled,
                x.cancelled + units[x.pk],
                currency=standing.order.currency,
            )
            for x in standing.lines
            if units[x.pk]
        ),
        Decimal(0),
    )
    if takes and all(x.ordered == x.cancelled + units[x.pk] for x in standing.lines):
        total += standing.order.shipping_amount + standing.order.shipping_tax_amount
    return total
