"""What an edit takes back from nodes, shelves and queues before the order is routed anew.

Locks: the order, its work and the floor's are held; stock positions come first here, then the
queues of those who wait (`standing_down`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from inventory.services import reducing, standing_down
from inventory.types import Cut
from inventory.warehouse.services import work
from oms.core import bulk, clock, transitions
from oms.core.transactions import needs_transaction
from orders.models import FulfillmentLine, FulfillmentOrder
from orders.services import merging
from orders.services.amending.editing import Edited
from orders.services.amending.standing import Standing, line_ref

REASON = "order edited"

#: Where units are set aside: node and line there.
_Spot = tuple[int, str]


@needs_transaction
def take_back(*, standing: Standing, edited: Edited, is_planned_anew: bool) -> dict[str, datetime]:
    """This function will free what the edit takes off, and what is planned anew: of waiting orders
    all that is kept for them, of others the work that nobody has begun with.

    The edited lines count what is left. Constant statements for any number of lines.

    :returns: since when each line waited.
    """
    since: dict[str, datetime] = {}
    if standing.is_waiting and (is_planned_anew or edited.touches_goods):
        since = _stand_down(standing, edited)
    back = _Back(standing, edited)
    if is_planned_anew:
        back.withdraw_all()
    back.take_off()
    back.carry_out()
    return since


def _stand_down(standing: Standing, edited: Edited) -> dict[str, datetime]:
    since = standing_down.stand_down(
        demand_kind="order",
        demand_ref=standing.order.public_id,
        variant_ids={line.variant_id for line in edited.every_line},
        reason=REASON,
    )
    for line in edited.lines:
        line.unallocated += line.backordered
        line.backordered = 0
    return since


class _Back:
    """Counts units off lines of work, then gives all of them back together."""

    def __init__(self, standing: Standing, edited: Edited) -> None:
        self._standing = standing
        self._removed = edited.removed
        self._lines = {line.pk: line for line in edited.lines}
        self._works = {node_work.pk: node_work for node_work in standing.works}
        free = {node_work.pk for node_work in standing.free_works}
        self._free = [row for row in standing.work_lines if row.fulfillment_order_id in free]
        #: Units to take off, by the key of the line of work.
        self._units: dict[int, int] = defaultdict(int)

    def withdraw_all(self) -> None:
        for row in self._free:
            self._units[row.pk] = row.quantity
            line = self._lines[row.order_line_id]
            line.allocated -= row.quantity
            line.unallocated += row.quantity

    def take_off(self) -> None:
        """What no node has goes first, then the youngest work."""
        left = {key: self._take_spare(key, units) for key, units in self._removed.items()}
        for row in reversed(self._free):
            units = min(left.get(row.order_line_id, 0), row.quantity - self._units[row.pk])
            if units:
                left[row.order_line_id] -= units
                self._lines[row.order_line_id].allocated -= units
                self._units[row.pk] += units

    def _take_spare(self, key: int, units: int) -> int:
        line = self._lines[key]
        spare = min(units, line.unallocated)
        waiting = min(units - spare, line.backordered)
        line.unallocated -= spare
        line.backordered -= waiting
        return units - spare - waiting

    def carry_out(self) -> None:
        touched = [row for row in self._free if self._units[row.pk]]
        if not touched:
            return
        left: dict[int, int] = defaultdict(int)
        for row in self._free:
            left[row.fulfillment_order_id] += row.quantity - self._units[row.pk]
        hit = {row.fulfillment_order_id for row in touched}
        totals = self._totals()
        self._give_back(touched, totals)
        _withdraw([self._works[key] for key in sorted(hit) if not left[key]])
        self._shrink([row for row in touched if left[row.fulfillment_order_id]], totals)

    def _totals(self) -> dict[_Spot, int]:
        totals: dict[_Spot, int] = defaultdict(int)
        for row in self._standing.work_lines:
            totals[self._spot(row)] += row.quantity
        return totals

    def _spot(self, row: FulfillmentLine) -> _Spot:
        node_work = self._works[row.fulfillment_order_id]
        return node_work.node_id, line_ref(node_work, self._lines[row.order_line_id])

    def _parts(self, row: FulfillmentLine) -> Mapping[int, int]:
        """What is set aside at the row's spot, by variant: of a kit, its parts."""
        return self._standing.parts.get((self._standing.order.public_id, *self._spot(row)), {})

    def _give_back(self, touched: Sequence[FulfillmentLine], totals: Mapping[_Spot, int]) -> None:
        """Of a kit each part in the proportion in which it was set aside."""
        reference = self._standing.order.public_id
        cuts = []
        for row in touched:
            node_id, name = self._spot(row)
            for variant_id, held in self._parts(row).items():
                units = held * self._units[row.pk] // totals[node_id, name]
                cuts.append(Cut("order", reference, node_id, name, variant_id, units))
        reducing.reduce(cuts=cuts, reason=REASON)

    def _shrink(self, smaller: Sequence[FulfillmentLine], totals: Mapping[_Spot, int]) -> None:
        left: dict[str, dict[str, int | Mapping[int, int]]] = defaultdict(dict)
        for row in smaller:
            node_work, (_, name) = self._works[row.fulfillment_order_id], self._spot(row)
            row.quantity -= self._units[row.pk]
            left[node_work.public_id][name] = self._units_left(row, totals)
        kept = [row for row in smaller if row.quantity]
        bulk.update_rows(
            FulfillmentLine, [{"id": row.pk, "quantity": row.quantity} for row in kept]
        )
        gone = [row.pk for row in smaller if not row.quantity]
        FulfillmentLine.objects.filter(pk__in=gone).delete()
        work.shrink(left=left)

    def _units_left(
        self, row: FulfillmentLine, totals: Mapping[_Spot, int]
    ) -> int | Mapping[int, int]:
        parts = self._parts(row)
        if not parts or self._lines[row.order_line_id].variant_id in parts:
            return row.quantity
        total = totals[self._spot(row)]
        return {variant_id: held * row.quantity // total for variant_id, held in parts.items()}


def _withdraw(works: Sequence[FulfillmentOrder]) -> None:
    now = clock.now()
    merging.leave(works=works)
    transitions.apply_many(works, "cancel", reason=REASON, now=now)
    work.cancel(demand_refs=[node_work.public_id for node_work in works], reason=REASON, at=now)
