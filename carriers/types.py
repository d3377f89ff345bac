"""What the other groups hand to and get from carriers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """A service an organization may use, with its current sheet of one currency as arrays.

    `zone_km` and `weight_steps_g` are the edges of zones (rows) and weights (columns),
    ascending; `amounts[z, w]` is the price, `transit_days[z]` the days. Money in `currency`.
    """

    id: int
    code: str
    name: str
    carrier_code: str
    carrier_name: str
    account_id: int
    speed: str
    max_weight_g: int
    is_international: bool
    delivery_days: int
    currency: str
    dim_divisor: int
    zone_km: NDArray[np.int64]
    weight_steps_g: NDArray[np.int64]
    amounts: NDArray[np.float64]
    transit_days: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ShipmentDraft:
    """One parcel that wants a label."""

    organization_id: int
    demand_kind: str
    demand_ref: str
    parcel_ref: str
    correlation_id: str
    order_number: str
    service_code: str
    contact_id: int
    origin: Mapping[str, Any]
    origin_code: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    promised_on: date | None
    at: datetime
    is_instant: bool = False


@dataclass(frozen=True, slots=True)
class SandboxSetup:
    """What `ensure_sandbox_carrier` leaves behind."""

    carrier_code: str
    live_account_id: int
    test_account_id: int
    service_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IngestResult:
    """Scans by fate: `stored` are new; `unmatched` of them wait for their shipment; `moved`
    shipments changed their status."""

    received: int = 0
    stored: int = 0
    unmatched: int = 0
    unreadable: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class CarrierHealth:
    """One account at a glance; the last three figures belong to its carrier as a whole.

    Ages in seconds, None where there is nothing to measure.
    """

    account_ref: str
    account_name: str
    carrier_code: str
    is_sandbox: bool
    label_failures: int
    labels_in_doubt: int
    labels_waiting: int
    oldest_label_s: float | None
    last_scan_s: float | None
    unmatched_scans: int
    webhook_backlog: int
