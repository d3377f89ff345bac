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


@dataclass(frozen=True, kw_only=True)
class NodeHoursChanged(Event):
    """The cut-off, the working days or the time zone of a node that serves an organization are
    others now; `was_timezone` is the zone until then."""

    NAME: ClassVar[str] = "inventory.node.hours_changed.v1"
    AGGREGATE: ClassVar[str] = "node"
    AGGREGATE_FIELD: ClassVar[str] = "node_id"

    node_id: int
    was_timezone: str
    occurred_at: datetime
