"""Arriving stock serves those who wait, in the transaction in which it arrives.

The most urgent come first, then the oldest. Filled units are held at the place that got them until
the demand is planned; what nobody waits for goes on sale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from inventory.events import BackorderFilled
from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.services import _backlog_sql, balances, promising
from inventory.services.balances import Position, Taken
from oms.core import clock, ids
from oms.core.context import current
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting


class _Fill(NamedTuple):
    """Units at one position for one backorder."""

    backorder_id: int
    organization_id: int
    demand_kind: str
    demand_ref: str
    line_ref: str
    variant_id: int
    channel: str
    position_id: int
    node_id: int
    units: int
    part: int


@needs_transaction
def fill(*, positions: Iterable[Position], at: datetime | None = None) -> int:
    """This function will give free units at the positions to those who wait for the variants.

    Safety stock, channels' reserves and lots that may not be sold are left alone. The positions
    must be locked, and what changed them booked. Without a backlog it is one statement.

    :returns: units filled.
    """
    places = {position.id: position.variant_id for position in positions}
    variants = _with_backlog(places.values())
    if not variants:
        return 0
    promising.lock(variant_ids=variants)
    moment = at or clock.now()
    fills = _match(places, variants, moment)
    if fills:
        _book(fills, moment)
        promising.renew(variant_ids=variants)
        emitting.emit_many(_filled(fills, moment))
    return sum(fill.units for fill in fills)


@use_case
def fill_free(*, variant_ids: Iterable[int]) -> int:
    """This function will fill the backlog of the variants from units that are free anywhere.

    For stock that came free without arriving, and for who began to wait while stock arrived.

    :returns: units filled.
    """
    variants = _with_backlog(variant_ids)
    if not variants:
        return 0
    params: dict[str, Any] = {"variants": variants, "today": clock.now().date()}
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.FREE_PLACES, params)
        found = [row[0] for row in cursor.fetchall()]
    if not found:
        return 0
    positions = balances.lock_ids(position_ids=found)
    promising.lock_to_book(variant_ids={position.variant_id for position in positions})
    return fill(positions=positions)


def _with_backlog(variant_ids: Iterable[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.WITH_BACKLOG, {"variants": sorted(set(variant_ids))})
        return sorted(row[0] for row in cursor.fetchall())


def _match(places: Iterable[int], variants: Sequence[int], at: datetime) -> list[_Fill]:
    params: dict[str, Any] = {"positions": list(places), "variants": variants, "today": at.date()}
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.MATCH, params)
        return [_Fill._make(row) for row in cursor.fetchall()]


def _book(fills: Sequence[_Fill], at: datetime) -> None:
    actor = current().actor
    balances.book(
        entries=(),
        taken=[Taken(_row(fill, at, actor), "fill", StockMovement.Kind.HELD) for fill in fills],
    )
    units: dict[int, int] = defaultdict(int)
    for fill in fills:
        units[fill.backorder_id] += fill.units
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.COUNT_FILLED, [list(units), list(units.values())])


def _row(fill: _Fill, at: datetime, actor: str) -> dict[str, Any]:
    return {
        "public_id": ids.public_id("rsv", at=at),
        "organization_id": fill.organization_id,
        "demand_kind": fill.demand_kind,
        "demand_ref": fill.demand_ref,
        "line_ref": fill.line_ref,
        "variant_id": fill.variant_id,
        "position_id": fill.position_id,
        "lot_id": None,
        "part": fill.part,
        "quantity": fill.units,
        "earmarked": 0,
        "channel": fill.channel,
        "needed_on": None,
        "status": Reservation.Status.CONFIRMED,
        "expires_at": None,
        "at": at,
        "actor": actor,
    }


def _filled(fills: Sequence[_Fill], at: datetime) -> list[BackorderFilled]:
    return [
        BackorderFilled(
            organization_id=fill.organization_id,
            demand_kind=fill.demand_kind,
            demand_ref=fill.demand_ref,
            line_ref=fill.line_ref,
            variant_id=fill.variant_id,
            node_id=fill.node_id,
            units=fill.units,
            occurred_at=at,
        )
        for fill in fills
    ]
