"""What placement takes and gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms.core.addresses import PostalAddress
from oms.core.errors import FieldError, OmsError
from orders.billing.types import PaymentDraft


@dataclass(frozen=True, slots=True)
class RecipientDraft:
    """Who gets it and where. Personal data: it goes into contacts and nowhere else."""

    country: str
    city: str
    region: str = ""
    postcode: str = ""
    lines: tuple[str, ...] = ()
    name: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def address(self) -> PostalAddress:
        return PostalAddress(self.country, self.city, self.region, self.postcode, self.lines)


@dataclass(frozen=True, slots=True)
class LineDraft:
    sku: str
    quantity: int
    unit_amount: Decimal | None = None
    #: For all units of the line together.
    discount_amount: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)
    #: The line of an earlier order whose units these replace.
    replaces_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """One order as a door hands it in; doors parse, placement decides.

    `external_ref` is unique per channel: the same order twice is the same order. `placed_at` is
    the business time; None means now.
    """

    external_ref: str
    lines: tuple[LineDraft, ...]
    recipient: RecipientDraft
    currency: str
    customer_ref: str = ""
    tier: str = ""
    shipping_amount: Decimal = Decimal(0)
    shipping_tax_amount: Decimal = Decimal(0)
    tags: tuple[str, ...] = ()
    is_partial_allowed: bool = False
    placed_at: datetime | None = None
    #: A cart whose held stock becomes this order's.
    reservation: str = ""
    #: What was authorized or captured for it before it came.
    payments: tuple[PaymentDraft, ...] = ()
    #: Who made it: channel, staff or replacement; a replacement names the order it replaces.
    origin: str = "channel"
    replaces_id: int | None = None
    #: The exact reference of a customer who is known; it goes before `customer_ref`.
    known_customer: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """The answer for one draft: an order (perhaps on hold), or the errors that refused it.

    `is_replay` is True when the reference had been placed before: the first order is returned.
    """

    external_ref: str
    order_id: int | None = None
    public_id: str = ""
    number: int = 0
    status: str = ""
    holds: tuple[str, ...] = ()
    promised_on: str = ""
    tracking_path: str = ""
    total_amount: Decimal = Decimal(0)
    is_replay: bool = False
    error: OmsError | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_placed(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class CancelDraft:
    """What to cancel of an order: units by line position, or (None) all that is left of it.

    `request_key` is the caller's own: the same one again is the same request.
    """

    order_id: int
    reason: str
    quantities: Mapping[int, int] | None = None
    text: str = ""
    request_key: str = ""


@dataclass(frozen=True, slots=True)
class CancelPreview:
    """What would be cancelled at once, asked of the floor first, and paid back for both."""

    units: int
    pending_units: int
    amount: Decimal
    currency: str
    is_whole: bool


__all__ = [
    "CancelDraft",
    "CancelPreview",
    "FieldError",
    "LineDraft",
    "OrderDraft",
    "PaymentDraft",
    "Placed",
    "RecipientDraft",
]
