"""Money: a decimal amount and a currency; exact, cents are shared by largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import cache

from moneyed import CurrencyDoesNotExist, get_currency

from oms.core.errors import Invalid


class UnknownCurrency(Invalid):
    code = "money.unknown_currency"


class MixedCurrencies(Invalid):
    code = "money.mixed_currencies"


@cache
def exponent(currency: str) -> Decimal:
    """This function will return the smallest unit of a currency (ISO 4217), e.g. 0.01 for USD.

    :raises UnknownCurrency: no such code.
    """
    try:
        sub_unit = get_currency(currency).sub_unit
    except CurrencyDoesNotExist:
        raise UnknownCurrency(f"{currency!r} is not an ISO 4217 currency code.") from None
    digits = len(str(sub_unit)) - 1
    return Decimal(1).scaleb(-digits)


def is_currency(code: str) -> bool:
    """This function will tell whether a code is an ISO 4217 currency."""
    try:
        exponent(code)
    except UnknownCurrency:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        self._require_same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._require_same(other)
        return Money(self.amount - other.amount, self.currency)

    def times(self, quantity: int) -> Money:
        return Money(self.amount * quantity, self.currency)

    def rounded(self) -> Money:
        return Money(quantize(self.amount, self.currency), self.currency)

    def _require_same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise MixedCurrencies(f"Cannot combine {self.currency} with {other.currency}.")


def quantize(amount: Decimal, currency: str) -> Decimal:
    """This function will round an amount to the currency's smallest unit, half to even."""
    return amount.quantize(exponent(currency), rounding=ROUND_HALF_EVEN)


def as_text(amount: Decimal, currency: str) -> str:
    """This function will write an amount with the currency's own number of digits: "12.50"."""
    return str(quantize(amount, currency))


def share(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """This function will split `total` by weight so that the parts sum to it exactly.

    Largest remainder method: every part is rounded down (a refund's, below zero, too), the missing
    units go to the largest remainders. All-zero weights share equally. A total finer than the
    currency's smallest unit is rounded first.
    """
    unit = exponent(currency)
    total = quantize(total, currency)
    if not weights:
        return []
    base = sum(weights, Decimal(0))
    exact = [total * w / base if base else total / len(weights) for w in weights]
    parts = [(x / unit).to_integral_value(ROUND_FLOOR) * unit for x in exact]
    missing = int(((total - sum(parts, Decimal(0))) / unit).to_integral_value())
    by_remainder = sorted(range(len(exact)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_remainder[:missing]:
        parts[index] += unit
    return parts
