"""Facts inventory publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class StockReserved(Event):
    NAME: ClassVar[str] = "inventory.stock.reserved.v1"
    AGGREGATE: ClassVar[str] = "demand"
    AGGREGATE_FIELD: ClassVar[str] = "demand_ref"
    CORRELATION_FIELD: ClassVar[str] = "demand_ref"

    demand_kind: str
    demand_ref: str
    units: int
    node_ids: list[int]
    variant_ids: list[int]
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class StockReleased(Event):
    NAME: ClassVar[str] = "inventory.stock.released.v1"
    AGGREGATE: ClassVar[str] = "demand"
    AGGREGATE_FIELD: ClassVar[str] = "demand_ref"
    CORRELATION_FIELD: ClassVar[str] = "demand_ref"

    demand_kind: str
    demand_ref: str
    units: int
    variant_ids: list[int]
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class StockReceived(Event):
    """Sellable stock grew at a node: what waits for it may be planned again."""

    NAME: ClassVar[str] = "inventory.stock.received.v1"
    AGGREGATE: ClassVar[str] = "node"
    AGGREGATE_FIELD: ClassVar[str] = "node_id"

    node_id: int
    variant_ids: list[int]
    units: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class LotDemand:
    """A demand at a node that a lot is allocated to, and not picked yet."""

    demand_kind: str
    demand_ref: str
    node_id: int
    units: int


@dataclass(frozen=True, kw_only=True)
class LotBlocked(Event):
    """A lot may not be sold any more; `demands` hold unpicked units of it and may be routed again.

    A lot with very many demands is told in several events.
    """

    NAME: ClassVar[str] = "inventory.lot.blocked.v1"
    AGGREGATE: ClassVar[str] = "lot"
    AGGREGATE_FIELD: ClassVar[str] = "lot_id"

    lot_id: int
    variant_id: int
    block: str
    node_ids: list[int]
    demands: list[LotDemand]
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class LotUnblocked(Event):
    """A lot may be sold again, where the nodes have some of it."""

    NAME: ClassVar[str] = "inventory.lot.unblocked.v1"
    AGGREGATE: ClassVar[str] = "lot"
    AGGREGATE_FIELD: ClassVar[str] = "lot_id"

    lot_id: int
    variant_id: int
    node_ids: list[int]
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class RecalledDemand:
    """A demand that recalled units are promised to, or were shipped for."""

    demand_kind: str
    demand_ref: str
    units: int
    is_shipped: bool


@dataclass(frozen=True, kw_only=True)
class StockRecalled(Event):
    """Goods were called back. Very many demands are told in several events."""

    NAME: ClassVar[str] = "inventory.stock.recalled.v1"
    AGGREGATE: ClassVar[str] = "recall"
    AGGREGATE_FIELD: ClassVar[str] = "recall_ref"

    recall_ref: str
    lot_ids: list[int]
    serial_ids: list[int]
    variant_ids: list[int]
    demands: list[RecalledDemand]
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class StockMissing(Event):
    """Units that were promised to a demand are not there: the promise has ended, the demand still
    wants them. `lines`: (line_ref, variant_id, units) that were lost."""

    NAME: ClassVar[str] = "inventory.stock.missing.v1"
    AGGREGATE: ClassVar[str] = "demand"
    AGGREGATE_FIELD: ClassVar[str] = "demand_ref"
    CORRELATION_FIELD: ClassVar[str] = "demand_ref"

    demand_kind: str
    demand_ref: str
    node_id: int
    lines: list[tuple[str, int, int]]
    reason: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class StockAdjusted(Event):
    """Less can be sold at a node than before, and not because it was promised: what was told of
    these variants must be worked out again. `reason` is empty where there were several."""

    NAME: ClassVar[str] = "inventory.stock.adjusted.v1"
    AGGREGATE: ClassVar[str] = "node"
    AGGREGATE_FIELD: ClassVar[str] = "node_id"

    node_id: int
    variant_ids: list[int]
    reason: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class StockDrifted(Event):
    """Another system counts other numbers at `differing` places; a person decides."""

    NAME: ClassVar[str] = "inventory.sync.drifted.v1"
    AGGREGATE: ClassVar[str] = "stock_source"
    AGGREGATE_FIELD: ClassVar[str] = "source_id"

    source_id: int
    source: str
    report_id: int
    differing: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class AvailabilityChanged(Event):
    """A channel may sell another number of a variant; `sequence` is its place in the feed."""

    NAME: ClassVar[str] = "inventory.availability.changed.v1"
    AGGREGATE: ClassVar[str] = "variant"
    AGGREGATE_FIELD: ClassVar[str] = "variant_id"

    channel: str
    variant_id: int
    sku: str
    quantity: int
    sequence: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class _BacklogEvent(Event):
    """Days are ISO dates; empty where no arrival is known."""

    AGGREGATE: ClassVar[str] = "demand"
    AGGREGATE_FIELD: ClassVar[str] = "demand_ref"
    CORRELATION_FIELD: ClassVar[str] = "demand_ref"

    demand_kind: str
    demand_ref: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class BackorderQueued(_BacklogEvent):
    """A demand waits for units that are not there, until its last line's day."""

    NAME: ClassVar[str] = "inventory.backorder.queued.v1"

    units: int
    variant_ids: list[int]
    promised_on: str


@dataclass(frozen=True, kw_only=True)
class BackorderFilled(_BacklogEvent):
    """Units that a demand line waited for are there, and kept for it."""

    NAME: ClassVar[str] = "inventory.backorder.filled.v1"

    line_ref: str
    variant_id: int
    node_id: int
    units: int


@dataclass(frozen=True, kw_only=True)
class PromiseMoved(_BacklogEvent):
    """The day on which the last unit a demand waits for will be there is another one now."""

    NAME: ClassVar[str] = "inventory.promise.moved.v1"

    was_on: str
    promised_on: str
