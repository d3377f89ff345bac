"""What the boards show of orders beyond what their events tell, many at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from orders.models import Order


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The promise as it stands, and the destination as coarse as the order keeps it."""

    public_id: str
    number: int
    organization_id: int
    promised_on: date | None
    latest_ship_at: datetime | None
    latitude: float | None
    longitude: float | None


_FIELDS = (
    "public_id", "number", "organization_id", "promised_on", "latest_ship_at", "latitude",
    "longitude",
)  # fmt: skip


def facts_by_ref(*, order_refs: Collection[str]) -> dict[str, OrderFacts]:
    """This function will return orders by public identifier in one statement; unknown ones are
    absent."""
    rows = Order.objects.filter(public_id__in=set(order_refs)).values_list(*_FIELDS)
    return {row[0]: OrderFacts(*row) for row in rows}
