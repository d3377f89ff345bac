"""Facts the catalog publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class VariantSwitched(Event):
    """A variant is sold from now on, or not any more."""

    NAME: ClassVar[str] = "inventory.variant.switched.v1"
    AGGREGATE: ClassVar[str] = "variant"
    AGGREGATE_FIELD: ClassVar[str] = "variant_id"

    variant_id: int
    sku: str
    is_active: bool
    occurred_at: datetime
