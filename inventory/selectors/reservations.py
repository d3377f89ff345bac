"""How much is promised at this moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db.models import Sum

from inventory.models import Reservation

#: (demand_ref, node_id, line_ref)
LineAtNode = tuple[str, int, str]


def count_live() -> int:
    """This function will return how many reservations take from what can be sold; by an index that
    holds only those."""
    return Reservation.objects.filter(status__in=Reservation.LIVE).count()


def units_at_nodes(*, demand_kind: str, demand_refs: Collection[str]) -> Mapping[LineAtNode, int]:
    """This function will return the units that are set aside, picked or shipped for each line of
    the demands at each node; nothing is 0."""
    rows = (
        Reservation.objects.filter(
            demand_kind=demand_kind,
            demand_ref__in=set(demand_refs),
            status__in=["allocated", "picked", "consumed"],
        )
        .values_list("demand_ref", "position__node_id", "line_ref")
        .annotate(units=Sum("quantity"))
        .order_by()
    )
    found: dict[LineAtNode, int] = defaultdict(int)
    found.update({(ref, node_id, line): units for ref, node_id, line, units in rows})
    return found
