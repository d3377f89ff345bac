"""The only writer of balances: positions locked in one order, one summed UPDATE, and a movement
for every change, so that the ledger always explains what a position holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import DatabaseError, connection

from inventory.services import _limits_sql, _sql
from inventory.types import DemandAtNode
from oms.core import arrays
from oms.core.context import current
from oms.core.errors import Conflict
from oms.core.events import Event
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

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
    earmarked: int
    quarantined: int
    damaged: int
    returned: int
    safety_stock: int
    oversell_limit: int
    tracking: str

    @property
    def place(self) -> Place:
        return self.node_id, self.variant_id

    @property
    def promised(self) -> int:
        """Units that are somebody's already, or kept for a channel."""
        return self.held + self.allocated + self.earmarked

    @property
    def free(self) -> int:
        """Units that may be promised to anybody."""
        return self.on_hand - self.promised - self.safety_stock + self.oversell_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One movement to book, and the document behind it.

    With `lot_id` the lot's balances at the position change with the position's; with `earmarked`
    the allotment of `channel` does.
    """

    position_id: int
    kind: str
    document_kind: str
    document_ref: str
    at: datetime
    actor: str
    reason: str = ""
    channel: str = ""
    lot_id: int | None = None
    serial_id: int | None = None
    on_hand: int = 0
    held: int = 0
    allocated: int = 0
    earmarked: int = 0
    quarantined: int = 0
    damaged: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A reservation to make: its row, and the movement that comes with it."""

    row: Mapping[str, Any]
    trigger: str
    kind: str


_BALANCES = ("on_hand", "held", "allocated", "earmarked", "quarantined", "damaged", "returned")
#: What lots count, too: soft holds and channels' reserves are of no lot.
_LOT_BALANCES = ("on_hand", "allocated", "quarantined", "damaged", "returned")


@needs_transaction
def lock_places(*, places: Iterable[Place]) -> list[Position]:
    """This function will lock the positions of the places that have one, by (node, variant)."""
    return _lock(_sql.LOCK_PLACES, _columns(places, 2))


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
def look(*, places: Iterable[Place], demands: Iterable[DemandKey]) -> dict[str, Any]:
    """This function will lock the places, and the positions on which the demands hold stock, and
    tell what stands there; one statement. The keys are those of `_sql.LOOK`."""
    nodes, variants = _columns(places, 2)
    parameters = [arrays.bare(nodes), arrays.bare(variants), keys_as_json(demands)]
    with connection.cursor() as cursor:
        cursor.execute(_sql.LOOK, parameters)
        found: dict[str, Any] = cursor.fetchone()[0]
    return found


@needs_transaction
def add_places(*, places: Iterable[Place]) -> None:
    """This function will make empty positions where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_sql.ADD_PLACES, _columns(sorted(set(places)), 2))


class Oversold(NamedTuple):
    """A place that has promised more units beyond its shelf than the rules allow now."""

    position_id: int
    node_id: int
    variant_id: int
    units: int
    limit: int


@needs_transaction
def set_limits(
    *,
    node_ids: Iterable[int] | None = None,
    variant_ids: Iterable[int] | None = None,
    organization_ids: Iterable[int] | None = None,
    most: int = 100,
) -> list[Oversold]:
    """This function will bring safety stock and oversell limits of the positions up to the rules;
    one statement. None of them changes where one has oversold too much: the first of these are
    returned. Each None is any."""
    params = {
        "nodes": None if node_ids is None else sorted(set(node_ids)),
        "variants": None if variant_ids is None else sorted(set(variant_ids)),
        "owners": None if organization_ids is None else sorted(set(organization_ids)),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_limits_sql.SET_LIMITS, params)
        return [Oversold._make(row) for row in cursor.fetchall()]


@needs_transaction
def book(
    *, entries: Sequence[Entry], taken: Sequence[Taken] = (), events: Sequence[Event] = ()
) -> None:
    """This function will change the balances by the sum of the entries and of what is taken, write
    the movements, make the reservations and tell the events; one statement. The positions must be
    locked. Without entries and takings nothing is told.

    :raises StockChanged: what is promised is not free; the transaction is over.
    """
    if not entries and not taken:
        return
    sums = _Sums()
    for entry in entries:
        sums.add(entry)
    for item in taken:
        sums.take(item.row)
    cause = current().causation_id
    parameters = [
        orjson.dumps(sums.deltas()),
        _json([_reservation(item, cause) for item in taken]),
        _json([_movement(entry, cause) for entry in entries]),
        _json(sums.lots()),
        _json(sums.allotments()),
    ]
    with telling_of_changes(), connection.cursor() as cursor:
        cursor.execute(
            _sql.BOOK,
            [*(p if p is None else p.decode() for p in parameters), emitting.facts_of(events)],
        )


@contextmanager
def telling_of_changes() -> Iterator[None]:
    """This function will say `StockChanged` where the guard of a statement found less than it was
    told to take."""
    try:
        yield
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) == _sql.STOCK_CHANGED:
            raise StockChanged("The stock changed meanwhile; plan again.") from error
        raise


class _Sums:
    """Deltas of a batch per position, per lot of a position, per allotment."""

    def __init__(self) -> None:
        self._positions: dict[int, dict[str, int]] = {}
        self._lots: dict[tuple[int, int], dict[str, int]] = {}
        self._allotments: dict[tuple[int, str], int] = {}

    def add(self, entry: Entry) -> None:
        total = self._of(entry.position_id)
        for name in _BALANCES:
            total[name] += getattr(entry, name)
        if entry.lot_id is not None:
            lot = self._of_lot(entry.position_id, entry.lot_id)
            for name in _LOT_BALANCES:
                lot[name] += getattr(entry, name)
        self._earmark(entry.position_id, entry.channel, entry.earmarked)

    def take(self, row: Mapping[str, Any]) -> None:
        position_id, quantity = row["position_id"], row["quantity"]
        total = self._of(position_id)
        if row["status"] == "allocated":
            total["allocated"] += quantity
            if row["lot_id"] is not None:
                self._of_lot(position_id, row["lot_id"])["allocated"] += quantity
        else:
            total["held"] += quantity
        total["earmarked"] -= row["earmarked"]
        self._earmark(position_id, row["channel"], -row["earmarked"])

    def deltas(self) -> list[dict[str, int]]:
        return [{"id": key, **total} for key, total in self._positions.items()]

    def lots(self) -> list[dict[str, int]]:
        return [
            {"position_id": position, "lot_id": lot, **total}
            for (position, lot), total in self._lots.items()
        ]

    def allotments(self) -> list[dict[str, Any]]:
        return [
            {"position_id": position, "channel": channel, "units": units}
            for (position, channel), units in self._allotments.items()
        ]

    def _of(self, position_id: int) -> dict[str, int]:
        return self._positions.setdefault(position_id, dict.fromkeys(_BALANCES, 0))

    def _of_lot(self, position_id: int, lot_id: int) -> dict[str, int]:
        return self._lots.setdefault((position_id, lot_id), dict.fromkeys(_LOT_BALANCES, 0))

    def _earmark(self, position_id: int, channel: str, units: int) -> None:
        if units:
            key = (position_id, channel)
            self._allotments[key] = self._allotments.get(key, 0) + units


def keys_as_json(demands: Iterable[DemandKey]) -> str:
    """This function will return demand keys as a parameter for `json_to_recordset` AS (k, r)."""
    return orjson.dumps([{"k": kind, "r": ref} for kind, ref in demands]).decode()


def _reservation(item: Taken, cause: str) -> dict[str, Any]:
    return {**item.row, "trigger": item.trigger, "kind": item.kind, "cause": cause}


def _movement(entry: Entry, cause: str) -> dict[str, Any]:
    return {
        "position_id": entry.position_id,
        "kind": entry.kind,
        "lot_id": entry.lot_id,
        "serial_id": entry.serial_id,
        **{name: getattr(entry, name) for name in _BALANCES},
        "reason": entry.reason[:80],
        "actor": entry.actor,
        "cause": cause,
        "document_kind": entry.document_kind,
        "document_ref": entry.document_ref,
        "at": entry.at,
    }


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes | None:
    return orjson.dumps(rows) if rows else None


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    unique = list(dict.fromkeys(rows))
    return [[row[index] for row in unique] for index in range(width)]


def _lock(sql: str, params: list[list[Any]]) -> list[Position]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Position._make(row) for row in cursor.fetchall()]
