"""What routing and carriers see of a node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node's position, hours and limits; a snapshot, not a row."""

    id: int
    code: str
    name: str
    kind: str
    country: str
    region: str
    city: str
    postcode: str
    street: str
    latitude: float
    longitude: float
    timezone: str
    cutoff_time: time
    processing_minutes: int
    working_days: int
    daily_capacity: int
    can_ship: bool
