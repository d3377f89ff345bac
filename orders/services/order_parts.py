"""Which units of an order become another order: chosen state by state, so that none changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from oms.core.errors import FieldError
from orders import amounts
from orders.models import FulfillmentLine, Order, OrderLine
from orders.services.parting import UNBEGUN, MoreThanThere, NothingToSplit, PickedAlready


@dataclass(slots=True)
class LinePart:
    """Units of one line that go, by what they are now."""

    line: OrderLine
    backordered: int = 0
    unallocated: int = 0
    #: By key of the work.
    allocated: dict[int, int] = field(default_factory=dict)

    @property
    def units(self) -> int:
        return self.backordered + self.unallocated + sum(self.allocated.values())

    @property
    def is_whole(self) -> bool:
        return self.units == self.line.ordered


@dataclass(slots=True)
class OrderPart:
    """An order, and what of it goes."""

    order: Order
    lines: list[LinePart]

    def by_work(self) -> dict[int, dict[int, int]]:
        """Units by position, by key of the work they leave."""
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for part in self.lines:
            for work_id, units in part.allocated.items():
                found[work_id][part.line.position] = units
        return found


def choose(
    order: Order,
    lines: Sequence[OrderLine],
    served: Mapping[int, Sequence[FulfillmentLine]],
    wanted: Mapping[int, int],
) -> OrderPart:
    """This function will choose the units: those that wait go first, then those without a route,
    then those a node has not begun with, the newest route first.

    `served` are the lines of live work by key of the order line, newest first.

    :raises NothingToSplit: nothing is wanted, or nothing would be left.
    :raises MoreThanThere: a line has fewer units that are not shipped or cancelled.
    :raises PickedAlready: the rest of a line is off the shelf.
    """
    if not wanted or any(units < 1 for units in wanted.values()):
        raise NothingToSplit("Name at least one unit of each line.")
    by_position = {line.position: line for line in lines}
    parts = []
    for position in sorted(wanted):
        line = by_position.get(position)
        there = line.backordered + line.unallocated + line.allocated if line else 0
        if line is None or wanted[position] > there:
            detail = f"Line {position} has {there} units that could go."
            error = FieldError(f"/lines/{position}", "too_many", detail)
            raise MoreThanThere(detail, errors=[error])
        parts.append(_of_line(line, served.get(line.pk, ()), wanted[position]))
    going = sum(part.units for part in parts)
    if going == sum(line.ordered - line.cancelled for line in lines):
        raise NothingToSplit("Leave at least one unit in the order.")
    return OrderPart(order, parts)


def _of_line(line: OrderLine, served: Sequence[FulfillmentLine], units: int) -> LinePart:
    part = LinePart(line)
    part.backordered = min(units, line.backordered)
    part.unallocated = min(units - part.backordered, line.unallocated)
    for row in served:
        left = units - part.units
        if left and row.fulfillment_order.status in UNBEGUN:
            part.allocated[row.fulfillment_order_id] = min(left, row.quantity)
    if part.units < units:
        detail = f"Only {part.units} units of line {line.position} still lie on the shelf."
        raise PickedAlready(detail, data={"line": line.position})
    return part


def divide_line(part: LinePart, currency: str) -> OrderLine:
    """This function will take the part's units and their money off its line, which keeps the rest
    to the cent, and return them as a line to be stored. Of a whole line nothing is left here."""
    line, units = part.line, part.units
    rest = line.ordered - units
    kept = {
        name: amounts.share(getattr(line, name), rest, of=line.ordered, currency=currency)
        for name in ("discount_amount", "tax_amount")
    }
    new = OrderLine(
        position=line.position,
        variant_id=line.variant_id,
        sku=line.sku,
        ordered=units,
        unallocated=part.unallocated,
        backordered=part.backordered,
        allocated=sum(part.allocated.values()),
        unit_amount=line.unit_amount,
        **{name: getattr(line, name) - amount for name, amount in kept.items()},
    )
    line.ordered = rest
    for name in ("unallocated", "backordered", "allocated"):
        setattr(line, name, getattr(line, name) - getattr(new, name))
    for name, amount in kept.items():
        setattr(line, name, amount)
    return new


def worth(lines: Sequence[OrderLine]) -> Decimal:
    """This function will return what lines cost together, with tax."""
    return sum(
        (
            line.unit_amount * line.ordered - line.discount_amount + line.tax_amount
            for line in lines
        ),
        Decimal(0),
    )
