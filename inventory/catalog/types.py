"""What the other groups see of a variant."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class VariantFacts:
    id: int
    sku: str
    name: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    price_amount: Decimal
    price_currency: str
    is_active: bool
    is_hazmat: bool
