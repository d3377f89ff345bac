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
