"""Parts of a line add up to the line, to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orders import amounts


@dataclass(frozen=True)
class _Line:
    unit_amount: Decimal
    quantity: int
    discount_amount: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)


def test_a_line_costs_its_units_less_discount_with_tax() -> None:
    line = _Line(Decimal("12.50"), 2, Decimal("5.00"), Decimal("1.65"))

    assert amounts.of_line(line) == Decimal("21.65")


def test_parts_carry_their_share_of_discount_and_tax() -> None:
    line = _Line(Decimal("10.00"), 3, Decimal("1.00"), Decimal("2.00"))

    parts = [amounts.of_units(line, n, n + 1, currency="USD") for n in range(3)]

    assert parts == [Decimal("10.34"), Decimal("10.32"), Decimal("10.34")]
    assert sum(parts) == amounts.of_line(line)


def test_yen_have_no_cents() -> None:
    assert amounts.share(Decimal(100), 1, of=3, currency="JPY") == Decimal(33)


_CENTS = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)


@given(_CENTS, st.integers(1, 50), _CENTS, _CENTS, st.sets(st.integers(1, 49)))
def test_however_a_line_is_taken_apart_nothing_is_lost(
    unit: Decimal, quantity: int, discount: Decimal, tax: Decimal, cuts: set[int]
) -> None:
    line = _Line(unit, quantity, discount, tax)
    bounds = [0, *sorted(cut for cut in cuts if cut < quantity), quantity]

    parts = [amounts.of_units(line, a, b, currency="USD") for a, b in pairwise(bounds)]

    assert sum(parts) == amounts.of_line(line)
