"""The rows that stand for what demands hold, locked; and the refusal where there are none."""

from __future__ import annotations

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
    wanted = {(item.demand_kind, item.demand_ref, item.node_id) for item in items}
    rows = (
        Reservation.objects.select_for_update(of=("self",))
        .select_related("position")
        .filter(
            demand_kind__in={kind for kind, _, _ in wanted},
            demand_ref__in={ref for _, ref, _ in wanted},
            status__in=statuses,
        )
        .order_by("pk")
    )
    return [
        row
        for row in rows
        if (*key_of(row), _node(row)) in wanted or (*key_of(row), None) in wanted
    ]


def require(items: Sequence[DemandAtNode], rows: Sequence[Reservation]) -> None:
    """This function will refuse items of which there is no row.

    :raises NothingReserved: names the first.
    """
    at_node = {(*key_of(row), _node(row)) for row in rows}
    anywhere = {key_of(row) for row in rows}
    for item in items:
        key = (item.demand_kind, item.demand_ref)
        is_there = key in anywhere if item.node_id is None else (*key, item.node_id) in at_node
        if not is_there:
            raise NothingReserved(
                f"{item.demand_ref} holds no stock there.",
                data={"demand_ref": item.demand_ref, "node_id": item.node_id},
            )


def times(items: Sequence[DemandAtNode], rows: Sequence[Reservation]) -> dict[int, datetime]:
    """This function will return the time of the step for each row, by primary key."""
    now = clock.now()
    given = {(i.demand_kind, i.demand_ref, i.node_id): i.at or now for i in items}
    return {
        row.pk: given.get((*key_of(row), _node(row))) or given[(*key_of(row), None)] for row in rows
    }


def key_of(row: Reservation) -> DemandKey:
    return row.demand_kind, row.demand_ref


def _node(row: Reservation) -> int | None:
    return row.position.node_id if row.position else None
