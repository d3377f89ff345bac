"""Facts about decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class RouteDecided(Event):
    """A plan was made (or none could be) and written to the ledger with its reasons."""

    NAME: ClassVar[str] = "routing.decision.made.v1"
    AGGREGATE: ClassVar[str] = "demand"
    AGGREGATE_FIELD: ClassVar[str] = "demand_ref"
    CORRELATION_FIELD: ClassVar[str] = "demand_ref"

    decision_ref: str
    demand_kind: str
    demand_ref: str
    occurred_at: datetime
    outcome: str
    node_codes: list[str]
    service_codes: list[str]
