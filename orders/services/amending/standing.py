"""An order with all that a change of it touches, locked in the order of the whole product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from inventory.selectors import reservations
from inventory.selectors.reservations import LineAtNode
from inventory.warehouse.services import work
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction
from orders import line_refs
from orders.models import FulfillmentLine, FulfillmentOrder, Hold, Order, OrderLine
from orders.selectors import orders as selectors

Work = FulfillmentOrder.Status
#: Nobody has begun with it.
_FREE = (Work.PROPOSED, Work.OPEN, Work.SCHEDULED)
#: The floor has it in the queue and nobody has taken it; or does not know it yet.
_UNTOUCHED = ("open", "")
#: Over: nothing of it is on its way through a node.
_OVER = (Work.CANCELLED, Work.CLOSED)


class NotEditable(Conflict):
    """The order is closed, or has not been accepted yet."""

    code = "orders.not_editable"


@dataclass(slots=True)
class Standing:
    """`works` are those that are not over; `parts` what the order holds at nodes, by line there."""

    order: Order
    lines: list[OrderLine]
    works: list[FulfillmentOrder]
    work_lines: list[FulfillmentLine]
    floor: Mapping[str, str]
    parts: Mapping[LineAtNode, dict[int, int]]
    holds: Collection[str]

    def is_free(self, node_work: FulfillmentOrder) -> bool:
        """Whether the work may still be made smaller or taken back."""
        return (
            node_work.status in _FREE
            and node_work.merged_into_id is None
            and self.floor.get(node_work.public_id, "") in _UNTOUCHED
        )

    @property
    def free_works(self) -> list[FulfillmentOrder]:
        return [node_work for node_work in self.works if self.is_free(node_work)]

    @property
    def begun_works(self) -> list[FulfillmentOrder]:
        return [node_work for node_work in self.works if not self.is_free(node_work)]

    @property
    def is_waiting(self) -> bool:
        return any(line.backordered for line in self.lines)

    def free_units(self) -> dict[int, int]:
        """Units by line key that nodes have as work and nobody has begun with."""
        free = {node_work.pk for node_work in self.free_works}
        units: dict[int, int] = defaultdict(int)
        for row in self.work_lines:
            if row.fulfillment_order_id in free:
                units[row.order_line_id] += row.quantity
        return units

    def removable(self) -> dict[int, int]:
        """Units by line key that may still be taken off."""
        free = self.free_units()
        return {line.pk: line.unallocated + line.backordered + free[line.pk] for line in self.lines}


@needs_transaction
def lock(order_id: int) -> Standing:
    """This function will lock an order, its work and the floor's, and read what it holds.

    :raises NotEditable: nothing about it can be changed.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    require_editable(order)
    works = list(
        FulfillmentOrder.objects.select_for_update()
        .filter(order=order)
        .exclude(status__in=_OVER)
        .order_by("pk")
    )
    rows = FulfillmentLine.objects.filter(fulfillment_order__in=works).order_by("pk")
    held = Hold.objects.filter(order=order, released_at=None)
    return Standing(
        order=order,
        lines=list(OrderLine.objects.filter(order=order).order_by("position")),
        works=works,
        work_lines=list(rows),
        floor=work.lock_statuses(demand_refs=[node_work.public_id for node_work in works]),
        parts=reservations.parts_at_nodes(demand_kind="order", demand_refs=[order.public_id]),
        holds=set(held.values_list("type", flat=True)),
    )


def require_editable(order: Order) -> None:
    """This function will refuse an order that cannot be changed.

    :raises NotEditable: it is closed, or not accepted yet.
    """
    if not selectors.is_editable(order):
        raise NotEditable(f"Order {order.number} is {order.get_status_display().lower()}.")


def line_ref(node_work: FulfillmentOrder, line: OrderLine) -> str:
    """This function will return what the line is called in the work."""
    return line_refs.of(line.position, node_work.attempt, node_work.part)
