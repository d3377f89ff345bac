"""The rows that stand for what demands hold, locked; and the refusal where there are none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from inventory.models import Reservation
from inventory.services.balances import DemandKey
from inventory.types import DemandAtNode
from oms.core import clock
from oms.core.errors import Conflict


class NothingReserved(Conflict):
    """The demand holds no stock there, so none can be picked or shipped for it."""

    code = "inventory.nothing_reserved"


def rows_of(items: Sequence[DemandAtNode], *, statuses: frozenset[str]) -> list[Reservation]:
    """This function will lock and return the demands' rows at their nodes, by primary key.

    The positions must be locked before, where balances change.
    """
    by_demand = _by_demand(items)
    rows = (
        Reservation.objects.select_for_update(of=("self",))
        .select_related("position")
        .filter(
            demand_kind__in={kind for kind, _ in by_demand},
            demand_ref__in={ref for _, ref in by_demand},
            status__in=statuses,
        )
        .order_by("pk")
    )
    return [row for row in rows if any(_names(i, row) for i in by_demand.get(key_of(row), ()))]


def require(items: Sequence[DemandAtNode], rows: Sequence[Reservation]) -> None:
    """This function will refuse items of which there is no row.

    :raises NothingReserved: names the first.
    """
    of_demand: dict[DemandKey, list[Reservation]] = defaultdict(list)
    for row in rows:
        of_demand[key_of(row)].append(row)
    for item in items:
        mine = of_demand[item.demand_kind, item.demand_ref]
        if not any(_names(item, row) for row in mine):
            raise NothingReserved(
                f"{item.demand_ref} holds no stock there.",
                data={"demand_ref": item.demand_ref, "node_id": item.node_id},
            )


def times(items: Sequence[DemandAtNode], rows: Sequence[Reservation]) -> dict[int, datetime]:
    """This function will return the time of the step for each row, by primary key; an item of its
    node knows better than one of all nodes."""
    now, by_demand = clock.now(), _by_demand(items)
    found = {}
    for row in rows:
        mine = [item for item in by_demand[key_of(row)] if _names(item, row)]
        found[row.pk] = max(mine, key=lambda item: item.node_id is not None).at or now
    return found


def key_of(row: Reservation) -> DemandKey:
    return row.demand_kind, row.demand_ref


def _by_demand(items: Sequence[DemandAtNode]) -> dict[DemandKey, list[DemandAtNode]]:
    found: dict[DemandKey, list[DemandAtNode]] = defaultdict(list)
    for item in items:
        found[item.demand_kind, item.demand_ref].append(item)
    return found


def _names(item: DemandAtNode, row: Reservation) -> bool:
    """Whether an item of the row's demand is about the row's node and line."""
    is_node = item.node_id is None or (
        row.position is not None and item.node_id == row.position.node_id
    )
    return is_node and (not item.line_refs or row.line_ref in item.line_refs)
