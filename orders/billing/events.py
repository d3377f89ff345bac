"""Facts of money: amounts as text, no reference of a payment and no person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class _MoneyEvent(Event):
    AGGREGATE: ClassVar[str] = "order"
    AGGREGATE_FIELD: ClassVar[str] = "order_ref"
    CORRELATION_FIELD: ClassVar[str] = "order_ref"

    order_ref: str
    number: str
    occurred_at: datetime
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentRecorded(_MoneyEvent):
    """Money was authorized, captured, refunded, given for goodwill, or an authorization voided."""

    NAME: ClassVar[str] = "orders.payment.recorded.v1"

    entry_ref: str
    kind: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class RefundDue(_MoneyEvent):
    """What is to be given back to the customer is another amount than before; zero: nothing."""

    NAME: ClassVar[str] = "orders.refund.due.v1"

    amount: str
    was_amount: str
