"""Facts the floor publishes; `demand_ref` is the fulfillment order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class _WorkEvent(Event):
    AGGREGATE: ClassVar[str] = "work_order"
    AGGREGATE_FIELD: ClassVar[str] = "work_ref"
    CORRELATION_FIELD: ClassVar[str] = "order_ref"

    work_ref: str
    demand_kind: str
    demand_ref: str
    order_ref: str
    node_id: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class WorkReleased(_WorkEvent):
    NAME: ClassVar[str] = "warehouse.work.released.v1"


@dataclass(frozen=True, kw_only=True)
class WorkPicked(_WorkEvent):
    NAME: ClassVar[str] = "warehouse.work.picked.v1"

    units: int


@dataclass(frozen=True, kw_only=True)
class WorkPacked(_WorkEvent):
    """The carton is closed: its parcel and measures."""

    NAME: ClassVar[str] = "warehouse.work.packed.v1"

    parcel_ref: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


@dataclass(frozen=True, kw_only=True)
class WorkLabeled(_WorkEvent):
    NAME: ClassVar[str] = "warehouse.work.labeled.v1"

    tracking_number: str


@dataclass(frozen=True, kw_only=True)
class WorkHandedOver(_WorkEvent):
    NAME: ClassVar[str] = "warehouse.work.handed_over.v1"

    parcel_ref: str


@dataclass(frozen=True, kw_only=True)
class WorkCancelled(_WorkEvent):
    NAME: ClassVar[str] = "warehouse.work.cancelled.v1"


@dataclass(frozen=True, kw_only=True)
class WorkShort(_WorkEvent):
    """The picker found less than was asked for; the promise of the rest has ended, the demand
    still wants it. `lines`: (line_ref, variant_id, units) that were not there."""

    NAME: ClassVar[str] = "warehouse.work.short.v1"

    lines: list[tuple[str, int, int]]
    reason: str
    is_nothing_left: bool


@dataclass(frozen=True, kw_only=True)
class WorkCancelAnswered(_WorkEvent):
    """The floor said whether units in its hands can still be cancelled. Accepted ones are given
    back and no part of the work any more."""

    NAME: ClassVar[str] = "warehouse.work.cancel_answered.v1"

    is_accepted: bool
    reason: str
