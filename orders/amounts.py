"""What lines and parts of lines are worth, to the cent: parts always add up to the whole."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from oms.core import money


class Priced(Protocol):
    """A line: `quantity` units at `unit_amount`, with discount and tax for all of them."""

    @property
    def unit_amount(self) -> Decimal: ...
    @property
    def discount_amount(self) -> Decimal: ...
    @property
    def tax_amount(self) -> Decimal: ...
    @property
    def quantity(self) -> int: ...


def of_line(line: Priced) -> Decimal:
    """This function will return what a line costs, with tax."""
    return line.unit_amount * line.quantity - line.discount_amount + line.tax_amount


def share(amount: Decimal, units: int, *, of: int, currency: str) -> Decimal:
    """This function will return the part of an amount that the first `units` of `of` carry.

    Rounded half up to the currency's smallest unit. The part of units m..n is
    `share(n) - share(m)`: however a line is taken apart, its parts add up to `amount`.
    """
    if units == of:
        return amount
    return (amount * units / of).quantize(money.exponent(currency), ROUND_HALF_UP)


def of_units(line: Priced, first: int, last: int, *, currency: str) -> Decimal:
    """This function will return what the units `first` (exclusive) to `last` of a line are worth,
    with their part of discount and tax."""

    def upto(units: int) -> Decimal:
        discount = share(line.discount_amount, units, of=line.quantity, currency=currency)
        tax = share(line.tax_amount, units, of=line.quantity, currency=currency)
        return line.unit_amount * units - discount + tax

    return upto(last) - upto(first)
