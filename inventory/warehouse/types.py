"""What the floor is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WorkLineDraft:
    line_ref: str
    variant_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class WorkDraft:
    """One node's work for one demand (a fulfillment order)."""

    organization_id: int
    node_id: int
    demand_kind: str
    demand_ref: str
    label: str
    correlation_id: str
    priority: int
    due_at: datetime
    lines: tuple[WorkLineDraft, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LabelForParcel:
    """A label that was bought for a parcel."""

    parcel_ref: str
    tracking_number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NodeLoad:
    """A node's queue: open work by status, what waits longest, what left today (node's own day)."""

    node_id: int
    counts: Mapping[str, int]
    open: int
    blocked: int
    done_today: int
    oldest_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """A work order as others see it."""

    work_ref: str
    demand_kind: str
    demand_ref: str
    order_ref: str
    node_id: int
    label: str
    status: str
    #: Step that is stopped → the code of what stops it.
    blocked_scopes: Mapping[str, str]
    priority: int
    due_at: datetime
    picker: str
    packer: str
    picked_at: datetime | None
    packed_at: datetime | None
    labeled_at: datetime | None
    handed_over_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkState:
    """Locked work as its demand's owner needs it: what is still to leave, by (line, variant)."""

    status: str
    units: Mapping[tuple[str, int], int]
    is_begun: bool
    is_asked: bool
    #: It shares a carton with another order's.
    is_merged: bool
