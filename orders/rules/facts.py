"""What the rules may look at: no names, no streets, no numbers of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from inventory.catalog.types import VariantFacts
from oms.core.addresses import Verdict as AddressVerdict


@dataclass(frozen=True, slots=True)
class LineFacts:
    variant: VariantFacts
    quantity: int
    unit_amount: Decimal
    discount_amount: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)

    @property
    def net_amount(self) -> Decimal:
        """What its units cost together, less their discount, before tax."""
        return self.unit_amount * self.quantity - self.discount_amount


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """Whether there is a phone number and a mail address, and whether each can be right."""

    has_phone: bool = False
    has_email: bool = False
    is_phone_plausible: bool = False
    is_email_plausible: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """Earlier orders of the customer, the newest of them: how many, what they were worth on
    average in this order's currency, and where most of them went."""

    orders: int = 0
    average_amount: Decimal | None = None
    usual_country: str = ""
    usual_currency: str = ""


@dataclass(frozen=True, slots=True)
class Nearby:
    """Other orders of the last minutes with the same customer, mail, phone or door."""

    customer: int = 0
    email: int = 0
    phone: int = 0
    address: int = 0


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """How an order stands with its customer's credit; `lacks` is what it asks beyond the limit."""

    currency: str
    free_amount: Decimal
    lacks: Decimal = Decimal(0)
    is_other_currency: bool = False


@dataclass(slots=True)
class Facts:
    lines: Sequence[LineFacts]
    country: str
    currency: str
    tier: str
    tier_rank: int
    total_amount: Decimal
    placed_at: datetime
    #: None: it is not known any more, or must not be looked at.
    address: AddressVerdict | None = None
    contact: ContactFacts | None = None
    tags: Sequence[str] = ()
    is_replacement: bool = False
    #: Numbers of earlier orders with the same customer and content, with their times.
    lookalikes: Sequence[tuple[int, datetime]] = ()
    history: History = History()
    nearby: Nearby = Nearby()
    is_auto_approved: bool = True
    approval_above_amount: Decimal | None = None
    #: None: the customer has no credit account.
    credit: CreditFacts | None = None
