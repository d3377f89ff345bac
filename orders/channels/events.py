"""Facts that channels publish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class LevelRanked(Event):
    """A service level of an organization is more or less urgent than before."""

    NAME: ClassVar[str] = "channels.level.ranked.v1"
    AGGREGATE: ClassVar[str] = "service_level"
    AGGREGATE_FIELD: ClassVar[str] = "level"

    level: str
    rank: int
    occurred_at: datetime
