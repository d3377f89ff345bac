"""What frees promised units: the movements, and the facts that tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from inventory.events import StockReleased
from inventory.models import Reservation
from inventory.services.balances import DemandKey, Entry
from oms.core.context import current

Status = Reservation.Status


def give_back(
    rows: Sequence[Reservation],
    kind: str,
    *,
    at: datetime | Mapping[int, datetime],
    reason: str = "",
) -> list[Entry]:
    """This function will return the movements that free what the rows hold; node-less ones none.

    `at` is one time, or each row's own by primary key.
    """
    actor = current().actor
    return [
        Entry(
            position_id=row.position_id,
            kind=kind,
            document_kind=row.demand_kind,
            document_ref=row.demand_ref,
            at=at if isinstance(at, datetime) else at[row.pk],
            actor=actor,
            reason=reason,
            channel=row.channel,
            lot_id=row.lot_id,
            earmarked=row.earmarked,
            held=0 if is_allocated(row) else -row.quantity,
            allocated=-row.quantity if is_allocated(row) else 0,
        )
        for row in rows
        if row.position_id is not None
    ]


def is_allocated(row: Reservation) -> bool:
    return row.status in (Status.ALLOCATED, Status.PICKED)


def released_events(
    rows: Sequence[Reservation], *, at: datetime | Mapping[int, datetime]
) -> list[StockReleased]:
    """This function will return one event per demand, with the units it gave back."""
    demands: dict[DemandKey, list[Reservation]] = defaultdict(list)
    for row in rows:
        demands[row.demand_kind, row.demand_ref].append(row)
    return [
        StockReleased(
            organization_id=group[0].organization_id,
            demand_kind=kind,
            demand_ref=ref,
            units=sum(row.quantity for row in group),
            variant_ids=sorted({row.variant_id for row in group}),
            occurred_at=at if isinstance(at, datetime) else at[group[0].pk],
        )
        for (kind, ref), group in demands.items()
    ]
