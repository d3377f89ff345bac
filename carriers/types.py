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
    """A service an organization may use, with its current sheet as arrays.

    `max_distance_km` and `max_weight_g` are the edges of zones (rows) and weights (columns),
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
