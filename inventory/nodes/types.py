"""What routing and carriers see of a node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import NamedTuple


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


class Hours(NamedTuple):
    """What decides when parcels leave a node; `working_days` are bits, Monday first."""

    timezone: str
    cutoff_time: time
    working_days: int


@dataclass(frozen=True, slots=True)
class NodeDraft:
    """A node to make or bring up to date, found by its code. `working_days`: bits, Monday first."""

    code: str
    name: str
    kind: str
    country: str
    city: str
    latitude: float
    longitude: float
    timezone: str
    cutoff_time: time
    region: str = ""
    postcode: str = ""
    street: str = ""
    processing_minutes: int = 120
    working_days: int = 0b0011111
    daily_capacity: int = 500
    can_ship: bool = True
    can_pick_up: bool = False
    takes_returns: bool = True
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class PoolDraft:
    """Nodes to promise from together, found by its code; `node_codes` are all of them."""

    code: str
    name: str
    node_codes: tuple[str, ...]
