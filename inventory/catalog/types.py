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
    #: none, lot or serial
    tracking: str = "none"
    cost_amount: Decimal | None = None
    min_age: int = 0
    is_export_controlled: bool = False
    #: Codes of countries; empty: everywhere.
    allowed_countries: tuple[str, ...] = ()
    blocked_countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariantDraft:
    """A variant to make or bring up to date, found by its SKU; grams and millimeters."""

    sku: str
    name: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    price_amount: Decimal
    price_currency: str
    #: Empty: the variant is a product of its own, named like it.
    product_code: str = ""
    product_name: str = ""
    category: str = ""
    barcode: str = ""
    is_hazmat: bool = False
    is_active: bool = True
    #: none, lot or serial
    tracking: str = "none"
    #: What a unit costs us, in the currency of the price; None: not known.
    cost_amount: Decimal | None = None
    min_age: int = 0
    is_export_controlled: bool = False
    #: Codes of countries it may go to; empty: everywhere.
    allowed_countries: tuple[str, ...] = ()
    blocked_countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariantOwner:
    """Whose a variant is, and whether it is sold."""

    id: int
    organization_id: int
    sku: str
    is_active: bool
