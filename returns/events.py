"""Facts about returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class _ReturnEvent(Event):
    AGGREGATE: ClassVar[str] = "return"
    AGGREGATE_FIELD: ClassVar[str] = "return_ref"
    CORRELATION_FIELD: ClassVar[str] = "order_ref"

    return_ref: str
    order_ref: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReturnRequested(_ReturnEvent):
    NAME: ClassVar[str] = "returns.return.requested.v1"

    reason: str
    units: int


@dataclass(frozen=True, kw_only=True)
class ReturnApproved(_ReturnEvent):
    NAME: ClassVar[str] = "returns.return.approved.v1"

    node_id: int


@dataclass(frozen=True, kw_only=True)
class ReturnDeclined(_ReturnEvent):
    NAME: ClassVar[str] = "returns.return.declined.v1"

    why: str


@dataclass(frozen=True, kw_only=True)
class ReturnReceived(_ReturnEvent):
    NAME: ClassVar[str] = "returns.return.received.v1"

    restocked: int
    quarantined: int
    missing: int


@dataclass(frozen=True, kw_only=True)
class ReturnClosed(_ReturnEvent):
    NAME: ClassVar[str] = "returns.return.closed.v1"
