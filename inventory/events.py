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
