"""Promises of days: the queue of a variant laid beside its arrivals.

Nothing is negotiated one by one. Who waits stands in the order in which stock is filled, arrivals
stand in the order of their days, and each backorder is promised the day of the arrival that brings
its last unit. So every change (a new buyer, a date, a receipt, a loss) is followed by the same
pass, and what a buyer was told is always what would happen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from django.db import connection

from inventory.events import PromiseMoved
from inventory.models import Backorder
from inventory.services import _backlog_sql
from inventory.services.balances import DemandKey
from oms.core import bulk, clock, locks
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

#: (demand key, organization)
_Owner = tuple[str, str, int]


@needs_transaction
def lock(*, variant_ids: Iterable[int]) -> None:
    """This function will take the variants' queues and arrivals until the transaction ends.

    Stock positions that the caller changes must be locked before.
    """
    locks.hold_many(locks.LockSpace.BACKLOG, variant_ids)


@needs_transaction
def lock_to_book(*, variant_ids: Iterable[int]) -> None:
    """This function will do the same for a caller who books stock of the variants afterwards."""
    wanted = sorted(set(variant_ids))
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.LOCK_SUMMARIES, [wanted])
    lock(variant_ids=wanted)


@needs_transaction
def renew(
    *, variant_ids: Iterable[int], untold: Collection[DemandKey] = ()
) -> dict[int, date | None]:
    """This function will promise what waits for the variants from what arrives, anew.

    One `PromiseMoved` goes out for each demand whose last line has another day than before, but
    none for `untold` ones: they hear it from their caller. Two statements where nothing moves; the
    variants must be locked.

    :returns: the backorders with another day or arrival than before, and their days.
    """
    params = {"variants": sorted(set(variant_ids))}
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.CHANGED_PROMISES, params)
        changed = cursor.fetchall()
        cursor.execute(_backlog_sql.COUNT_PROMISED, params)
    days = {key: day for key, _, _, _, day in changed}
    if any((kind, ref) not in untold for _, kind, ref, _, _ in changed):
        moved = _moved(days)
        emitting.emit_many([event for key, event in moved if key not in untold])
    bulk.update_rows(
        Backorder,
        [
            {"id": key, "supply_id": arrival, "promised_on": day}
            for key, _, _, arrival, day in changed
        ],
    )
    return days


def _moved(days: dict[int, date | None]) -> list[tuple[DemandKey, PromiseMoved]]:
    """What to tell each demand, from the days of all its lines before and after."""
    before: dict[_Owner, list[date | None]] = defaultdict(list)
    after: dict[_Owner, list[date | None]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.OF_SAME_DEMANDS, [list(days)])
        for key, organization_id, kind, ref, day in cursor.fetchall():
            before[kind, ref, organization_id].append(day)
            after[kind, ref, organization_id].append(days.get(key, day))
    now = clock.now()
    return [
        (
            (kind, ref),
            PromiseMoved(
                organization_id=organization_id,
                demand_kind=kind,
                demand_ref=ref,
                occurred_at=now,
                was_on=iso(last_day(old)),
                promised_on=iso(last_day(after[kind, ref, organization_id])),
            ),
        )
        for (kind, ref, organization_id), old in before.items()
        if last_day(old) != last_day(after[kind, ref, organization_id])
    ]


def last_day(days: Iterable[date | None]) -> date | None:
    """This function will return the day by which all lines are there; None if one has no day."""
    known = list(days)
    return max((day for day in known if day), default=None) if None not in known else None


def iso(day: date | None) -> str:
    return day.isoformat() if day else ""
