"""Node work as rows: locked in the order of the product, stored in constant statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Max

from oms.core import bulk
from oms.core.transactions import needs_transaction
from orders.models import FulfillmentLine, FulfillmentOrder, Order, OrderLine
from orders.selectors.parcels import UnknownWork

#: Work, the order line it serves, and units.
Line = tuple[FulfillmentOrder, OrderLine, int]

_FIELDS = (
    "id", "public_id", "order_id", "node_id", "decision_ref", "attempt", "part", "service_code",
    "latest_ship_at", "promised_on", "status", "request", "version", "created_at",
)  # fmt: skip


@needs_transaction
def lock(*, references: Collection[str]) -> dict[str, FulfillmentOrder]:
    """This function will lock the orders of the works first, then the works, each in the order of
    keys, and return the works by reference, each with its locked order.

    :raises UnknownWork: there is none with one of the references.
    """
    wanted = FulfillmentOrder.objects.filter(public_id__in=set(references))
    orders = {
        order.pk: order
        for order in Order.objects.select_for_update()
        .filter(pk__in=list(wanted.values_list("order_id", flat=True)))
        .order_by("pk")
    }
    works = {work.public_id: work for work in wanted.select_for_update().order_by("pk")}
    if missing := set(references) - works.keys():
        raise UnknownWork(f"There is no work {min(missing)}.")
    for work in works.values():
        work.order = orders[work.order_id]
    return works


@needs_transaction
def insert(*, works: Sequence[FulfillmentOrder], lines: Sequence[Line]) -> None:
    """This function will store new work and its lines in three statements."""
    for work, key in zip(works, bulk.next_ids(FulfillmentOrder, len(works)), strict=True):
        work.id = key
    bulk.insert_rows(FulfillmentOrder, [work.__dict__ for work in works], names=_FIELDS)
    bulk.insert_rows(
        FulfillmentLine,
        [
            {
                "fulfillment_order_id": work.id,
                "order_line_id": line.id,
                "quantity": units,
                "shipped": 0,
                "delivered": 0,
            }
            for work, line, units in lines
        ],
    )


class Parts:
    """Numbers for new parts of some works' routes."""

    def __init__(self, works: Collection[FulfillmentOrder]) -> None:
        used = (
            FulfillmentOrder.objects.filter(order__in={work.order_id for work in works})
            .values_list("order_id", "node_id", "attempt")
            .annotate(last=Max("part"))
            .order_by()
        )
        self._last = {(order, node, attempt): last for order, node, attempt, last in used}

    def take(self, work: FulfillmentOrder) -> int:
        """This function will return a number no part of the work's route has."""
        key = (work.order_id, work.node_id, work.attempt)
        self._last[key] += 1
        number: int = self._last[key]
        return number
