"""What crosses the border of customers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CreditRequest:
    """What an order wants its customer's credit to carry, in all: not in addition."""

    customer_id: int
    order_ref: str
    amount: Decimal
    currency: str
    #: Who lets it go beyond the limit; empty: nobody.
    authorized_by: str = ""


@dataclass(frozen=True, slots=True)
class CreditAnswer:
    """How a request went. `free_amount` is what was free for it; `lacks` what it asks beyond."""

    is_taken: bool
    currency: str
    free_amount: Decimal
    lacks: Decimal = Decimal(0)
    is_other_currency: bool = False


@dataclass(frozen=True, slots=True)
class CreditMove:
    """A part of what one order takes, to be taken by another of the same customer."""

    from_ref: str
    to_ref: str
    amount: Decimal
