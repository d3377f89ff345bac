"""The only writer of balances: positions locked in one order, one summed UPDATE, and a movement
for every change, so that the ledger always explains what a position holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from inventory.models import StockMovement
from inventory.services import _sql
from inventory.types import DemandAtNode
from oms.core import bulk
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction

#: (node_id, variant_id)
Place = tuple[int, int]
#: (demand_kind, demand_ref)
DemandKey = tuple[str, str]


class StockChanged(Conflict):
    """The stock was not there any more at the last check; nothing was taken."""

    code = "inventory.stock_changed"
    is_retryable = True


class Position(NamedTuple):
    """A locked position as it stands; nobody else changes it before the transaction ends."""

    id: int
    node_id: int
    variant_id: int
    organization_id: int
    on_hand: int
    held: int
    allocated: int
    quarantined: int
    damaged: int
    safety_stock: int
    oversell_limit: int

    @property
    def place(self) -> Place:
        return self.node_id, self.variant_id

    @property
    def free(self) -> int:
        """Units that may be promised."""
        return self.on_hand - self.held - self.allocated - self.safety_stock + self.oversell_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One movement to book, and the document behind it."""

    position_id: int
    kind: str
    document_kind: str
    document_ref: str
    at: datetime
    actor: str
    reason: str = ""
    on_hand: int = 0
    held: int = 0
    allocated: int = 0
    quarantined: int = 0
    damaged: int = 0


_BALANCES = ("on_hand", "held", "allocated", "quarantined", "damaged")


@needs_transaction
def lock_places(*, places: Iterable[Place]) -> list[Position]:
    """This function will lock the positions of the places that have one, by (node, variant)."""
    return _lock(_sql.LOCK_PLACES, _columns(places, 2))


@needs_transaction
def lock_for_taking(*, places: Iterable[Place], demands: Iterable[DemandKey]) -> list[Position]:
    """This function will lock the places, and the positions on which the demands hold stock."""
    return _lock(_sql.LOCK_PLACES_AND_HOLDS, [*_columns(places, 2), *_columns(demands, 2)])


@needs_transaction
def lock_for_demands(*, items: Sequence[DemandAtNode]) -> list[Position]:
    """This function will lock the positions on which the demands have live reservations."""
    rows = {(item.demand_kind, item.demand_ref, item.node_id) for item in items}
    return _lock(_sql.LOCK_DEMANDS, _columns(rows, 3))


@needs_transaction
def lock_ids(*, position_ids: Iterable[int]) -> list[Position]:
    """This function will lock the positions, by (node, variant)."""
    return _lock(_sql.LOCK_IDS, [sorted(set(position_ids))])


@needs_transaction
def add_places(*, places: Iterable[Place]) -> None:
    """This function will make empty positions where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_sql.ADD_PLACES, _columns(sorted(set(places)), 2))


@needs_transaction
def book(*, entries: Sequence[Entry]) -> None:
    """This function will change the balances by the sum of the entries and write the movements.

    Two statements. The positions must be locked.

    :raises StockChanged: what is promised is not free; nothing is written.
    """
    if not entries:
        return
    sums: dict[int, list[int]] = {}
    for entry in entries:
        total = sums.setdefault(entry.position_id, [0] * len(_BALANCES))
        for index, name in enumerate(_BALANCES):
            total[index] += getattr(entry, name)
    with connection.cursor() as cursor:
        cursor.execute(
            _sql.ADD_DELTAS.format(guard=_sql.GUARD),
            [list(sums), *([total[i] for total in sums.values()] for i in range(len(_BALANCES)))],
        )
        if cursor.rowcount != len(sums):
            raise StockChanged("The stock changed meanwhile; plan again.")
    bulk.insert_rows(StockMovement, [_movement(entry) for entry in entries])


def _movement(entry: Entry) -> dict[str, Any]:
    return {
        "position_id": entry.position_id,
        "kind": entry.kind,
        **{f"{name}_delta": getattr(entry, name) for name in _BALANCES},
        "reason": entry.reason[:80],
        "actor": entry.actor,
        "document_kind": entry.document_kind,
        "document_ref": entry.document_ref,
        "occurred_at": entry.at,
    }


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    unique = list(dict.fromkeys(rows))
    return [[row[index] for row in unique] for index in range(width)]


def _lock(sql: str, params: list[list[Any]]) -> list[Position]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Position._make(row) for row in cursor.fetchall()]
