"""Facts orders publish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class _OrderEvent(Event):
    AGGREGATE: ClassVar[str] = "order"
    AGGREGATE_FIELD: ClassVar[str] = "order_ref"
    CORRELATION_FIELD: ClassVar[str] = "order_ref"

    order_ref: str
    number: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderReceived(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.received.v1"

    channel: str
    tier: str
    lines: int
    units: int
    total_amount: str
    currency: str
    country: str
    region: str
    city: str


@dataclass(frozen=True, kw_only=True)
class OrderConfirmed(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.confirmed.v1"

    promised_on: str
    latest_ship_at: datetime | None
    priority: int
    node_codes: list[str]


@dataclass(frozen=True, kw_only=True)
class OrderHeld(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.held.v1"

    hold_type: str
    reason: str
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class HoldReleased(_OrderEvent):
    NAME: ClassVar[str] = "orders.hold.released.v1"

    hold_type: str
    open_holds: int


@dataclass(frozen=True, kw_only=True)
class OrderRejected(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.rejected.v1"

    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderReleased(_OrderEvent):
    """Nodes have work for it."""

    NAME: ClassVar[str] = "orders.order.released.v1"

    node_codes: list[str]


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.cancelled.v1"

    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderExpired(_OrderEvent):
    """It was not paid in time."""

    NAME: ClassVar[str] = "orders.order.expired.v1"

    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderShipped(_OrderEvent):
    """Everything not cancelled has left."""

    NAME: ClassVar[str] = "orders.order.shipped.v1"


@dataclass(frozen=True, kw_only=True)
class OrderDelivered(_OrderEvent):
    """Everything not cancelled has arrived."""

    NAME: ClassVar[str] = "orders.order.delivered.v1"

    promised_on: str
    is_on_time: bool


@dataclass(frozen=True, kw_only=True)
class OrderCompleted(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.completed.v1"


@dataclass(frozen=True, kw_only=True)
class WorkSplit(_OrderEvent):
    """Units of a node's work go in a parcel of their own, or (another node) to another place."""

    NAME: ClassVar[str] = "orders.work.split.v1"

    work_ref: str
    part_ref: str
    node_id: int
    units: int
