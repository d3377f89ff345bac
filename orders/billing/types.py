"""What billing takes and tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from oms.core.errors import OmsError

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """A movement of money as a door hands it in. `currency` empty: the order's."""

    kind: str
    amount: Decimal
    reference: str = ""
    currency: str = ""
    occurred_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """What billing must know of an order."""

    order_ref: str
    organization_id: int
    number: str
    currency: str
    owed_amount: Decimal
    is_required: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryDraft:
    order_ref: str
    source: str
    payment: PaymentDraft


@dataclass(frozen=True, slots=True)
class Reported:
    """The answer for one entry: its identifier (also of a message that came before), or why not."""

    entry_ref: str = ""
    is_replay: bool = False
    error: OmsError | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the money of an order stands. Without any entry everything but `owed` is zero."""

    order_ref: str
    currency: str
    owed: Decimal
    authorized: Decimal = ZERO
    voided: Decimal = ZERO
    #: Of what was authorized: neither captured nor voided.
    open: Decimal = ZERO
    captured: Decimal = ZERO
    refunded: Decimal = ZERO
    goodwill: Decimal = ZERO
    due: Decimal = ZERO
    state: str = "none"
    is_covered: bool = False
    is_required: bool = False
    expires_at: datetime | None = None

    @property
    def to_refund(self) -> Decimal:
        return max(ZERO, self.due)

    @property
    def to_collect(self) -> Decimal:
        return max(ZERO, -self.due)


@dataclass(frozen=True, slots=True)
class Change:
    """What an order's money was before and is now."""

    before: Standing
    after: Standing
