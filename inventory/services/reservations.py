"""Promises of stock: nothing is promised twice, and every step may be repeated safely.

Positions are locked by (node, variant) before reservations are read; callers hold their order and
work rows by then (order → work → stock → shipment).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.services import balances, giving_back, kits, lots, plenty, serials, taking
from inventory.services.balances import DemandKey, Entry
from inventory.services.rearranging import (
    AlreadyPicked,
    HoldExpired,
    HoldTooLong,
    NotDivisible,
    UnknownReservation,
    allocate,
    confirm,
    extend,
    move,
    split,
    unroute,
)
from inventory.services.reserved import NothingReserved, require, rows_of, times
from inventory.services.taking import ALLOCATE, Manner, OutOfStock
from inventory.types import Demand, DemandAtNode, ReserveResult
from oms.core import transitions
from oms.core.context import current
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting

__all__ = [
    "AlreadyPicked",
    "DemandAtNode",
    "HoldExpired",
    "HoldTooLong",
    "NotDivisible",
    "NothingReserved",
    "OutOfStock",
    "UnknownReservation",
    "allocate",
    "confirm",
    "consume",
    "expire_due",
    "extend",
    "hold",
    "move",
    "pick",
    "release",
    "release_soft",
    "reserve",
    "reserve_at_once",
    "reserve_each",
    "split",
    "unroute",
]

Kind = StockMovement.Kind
Status = Reservation.Status

_ALLOCATED = frozenset({Status.ALLOCATED, Status.PICKED})
_LIVE = frozenset(Reservation.LIVE)
_SOFT = frozenset({Status.HELD, Status.CONFIRMED})


@needs_transaction
def reserve(*, demands: Sequence[Demand]) -> ReserveResult:
    """This function will set stock aside at the planned nodes: all legs of a demand, or none.

    Demands are served in the order given. One that holds allocated stock already is answered as
    taken and takes nothing more; soft holds of its own are replaced, expired ones of others freed.
    The number of statements does not grow with the number of demands.

    :raises NothingDemanded: a demand without legs.
    :raises InvalidQuantity: a leg of less than one unit.
    :raises StockChanged: the stock went between lock and write; nothing is taken.
    """
    return taking.take(demands=kits.explode(demands=demands), manner=ALLOCATE)


@needs_transaction
def reserve_each(*, demands: Sequence[Demand]) -> dict[DemandKey, ReserveResult]:
    """This function will reserve and answer each demand by itself, by (kind, reference)."""
    return taking.take_each(demands=kits.explode(demands=demands), manner=ALLOCATE)


def reserve_at_once(*, demands: Sequence[Demand]) -> bool:
    """This function will reserve all of the demands in one statement that is its own transaction,
    or nothing: where not all of them fit, or somebody holds something already, `reserve_each` must
    decide.

    :raises NothingDemanded, InvalidQuantity: as `reserve`.
    :raises NestedUseCase: a transaction is open.
    """
    return plenty.allocate(demands=taking.distinct(kits.explode(demands=demands)))


@needs_transaction
def hold(*, demands: Sequence[Demand], expires_at: datetime) -> ReserveResult:
    """This function will keep stock for demands until `expires_at`: all legs of a demand, or none.

    From that moment the stock can be sold again, whether or not the sweep has tidied the rows.

    :raises NothingDemanded: a demand without legs.
    :raises InvalidQuantity: a leg of less than one unit.
    """
    manner = Manner(
        trigger="hold", status=Status.HELD, kind=Kind.HELD, expires_at=expires_at, served=_LIVE
    )
    return taking.take(demands=kits.explode(demands=demands), manner=manner)


@needs_transaction
def pick(*, items: Sequence[DemandAtNode]) -> None:
    """This function will mark what the demands hold at the nodes as taken from the shelf.

    What is picked already stays as it is.

    :raises NothingReserved: a demand holds nothing there.
    :raises LotIsBlocked: its lot was recalled or put on hold since; nothing is picked.
    """
    rows = rows_of(items, statuses=_ALLOCATED)
    require(items, rows)
    fresh = [row for row in rows if row.status == Status.ALLOCATED]
    lots.require_unblocked(lot_ids={row.lot_id for row in fresh if row.lot_id is not None})
    at = times(items, fresh)
    transitions.apply_many(fresh, "pick", at_for=lambda row: at[row.pk])


@needs_transaction
def consume(*, items: Sequence[DemandAtNode]) -> None:
    """This function will book what the demands hold at the nodes as shipped, once.

    On hand and allocated fall in one movement. A demand consumed before is left alone.

    :raises NothingReserved: a demand never held anything there, or gave it back.
    :raises SerialsMissing: units that are tracked by serial number have none assigned.
    """
    positions = balances.lock_for_demands(items=items)
    rows = rows_of(items, statuses=_ALLOCATED | {Status.CONSUMED})
    require(items, rows)
    live = [row for row in rows if row.status != Status.CONSUMED]
    at = times(items, live)
    numbers = serials.on_consumed(rows=live, positions=positions)
    balances.book(
        entries=[
            _shipped(row, at[row.pk], quantity, serial_id)
            for row in live
            for quantity, serial_id in numbers.get(row.pk, [(row.quantity, None)])
        ]
    )
    transitions.apply_many(live, "consume", at_for=lambda row: at[row.pk])


@needs_transaction
def release(*, items: Sequence[DemandAtNode], reason: str) -> int:
    """This function will give back what the demands still hold at the nodes.

    :returns: units given back; 0 when there was nothing.
    """
    return _release(items, _LIVE, reason)


@needs_transaction
def release_soft(*, items: Sequence[DemandAtNode], reason: str) -> int:
    """This function will give back what no node has set aside; allocations stay.

    :returns: units given back; 0 when there was nothing.
    """
    return _release(items, _SOFT, reason)


def _release(items: Sequence[DemandAtNode], statuses: frozenset[str], reason: str) -> int:
    positions = balances.lock_for_demands(items=items)
    rows = rows_of(items, statuses=statuses)
    at = times(items, rows)
    serials.on_released(rows=rows, positions=positions)
    balances.book(entries=giving_back.give_back(rows, Kind.RELEASED, at=at, reason=reason))
    transitions.apply_many(rows, "release", at_for=lambda row: at[row.pk], reason=reason)
    emitting.emit_many(giving_back.released_events(rows, at=at))
    return sum(row.quantity for row in rows)


@use_case
def expire_due(*, before: datetime, limit: int) -> int:
    """This function will tidy up to `limit` holds that ran out at or before `before`.

    :returns: how many holds it ended.
    """
    due = Reservation.objects.filter(status=Status.HELD, expires_at__lte=before)
    candidates = list(due.order_by("expires_at", "pk").values_list("pk", "position_id")[:limit])
    balances.lock_ids(position_ids=[position for _, position in candidates if position])
    rows = list(
        due.filter(pk__in=[key for key, _ in candidates]).select_for_update().order_by("pk")
    )
    balances.book(entries=giving_back.give_back(rows, Kind.EXPIRED, at=before))
    transitions.apply_many(rows, "expire", now=before)
    emitting.emit_many(giving_back.released_events(rows, at=before))
    return len(rows)


def _shipped(row: Reservation, at: datetime, quantity: int, serial_id: int | None) -> Entry:
    assert row.position_id is not None
    return Entry(
        position_id=row.position_id,
        kind=Kind.SHIPPED,
        document_kind=row.demand_kind,
        document_ref=row.demand_ref,
        at=at,
        actor=current().actor,
        lot_id=row.lot_id,
        serial_id=serial_id,
        on_hand=-quantity,
        allocated=-quantity,
    )
