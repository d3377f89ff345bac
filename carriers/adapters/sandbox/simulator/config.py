"""How one simulator behaves; every rate is a probability from 0 to 1, and 0 means well-behaved."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class ScanTimes(StrEnum):
    """The time a scan carries: the planned one, or the moment it became visible."""

    BUSINESS = "business"
    VISIBLE = "visible"


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """`speed` compresses journeys (3600: an hour a second); 0 shows all scans at once.

    `incident_rate` is the share of parcels that meet an incident without asking for it by city.
    """

    secret: str = field(repr=False)
    state: Path
    host: str = "127.0.0.1"
    port: int = 0
    speed: float = 3600.0
    latency_ms: float = 0.0
    error_rate: float = 0.0
    in_doubt_rate: float = 0.0
    incident_rate: float = 0.0
    duplicate_rate: float = 0.0
    shuffle_rate: float = 0.0
    late_rate: float = 0.0
    webhook_url: str = ""
    scan_times: ScanTimes = ScanTimes.BUSINESS
    #: How long an answer that never comes keeps the caller waiting.
    hold_s: float = 15.0
    #: The most a late webhook waits.
    late_s: float = 20.0
    seed: int | None = None
