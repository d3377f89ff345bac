"""What the floor is told to do."""

from __future__ import annotations

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
