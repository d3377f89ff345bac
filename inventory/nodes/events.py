"""Facts the network publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class NodeSwitched(Event):
    """A node serves an organization from now on, or not any more."""

    NAME: ClassVar[str] = "inventory.node.switched.v1"
    AGGREGATE: ClassVar[str] = "node"
    AGGREGATE_FIELD: ClassVar[str] = "node_id"

    node_id: int
    is_serving: bool
    occurred_at: datetime
