"""Money: exact, never of two currencies, shared to the last cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.core import money
from oms.core.money import Money

D = Decimal


@pytest.mark.parametrize(
    ("currency", "unit"), [("USD", "0.01"), ("BRL", "0.01"), ("JPY", "1"), ("KWD", "0.001")]
)
def test_the_smallest_unit_is_the_currency_s(currency: str, unit: str) -> None:
    assert money.exponent(currency) == D(unit)


@pytest.mark.parametrize("code", ["", "XXY", "usd", "US", "DOLLAR"])
def test_unknown_currencies_are_refused(code: str) -> None:
    with pytest.raises(money.UnknownCurrency):
        money.exponent(code)


def test_amounts_round_half_to_even() -> None:
    amounts = ["0.005", "0.015", "0.025", "-0.005", "1.2349"]
    rounded = [str(money.quantize(D(amount), "USD")) for amount in amounts]
    assert rounded == ["0.00", "0.02", "0.02", "-0.00", "1.23"]
    assert Money(D("2.5"), "JPY").rounded() == Money(D("2"), "JPY")


def test_arithmetic_keeps_the_currency() -> None:
    assert Money(D("1.10"), "USD") + Money(D("2.20"), "USD") == Money(D("3.30"), "USD")
    assert Money(D("1.10"), "USD") - Money(D("2.20"), "USD") == Money(D("-1.10"), "USD")
    assert Money(D("1.10"), "USD").times(3) == Money(D("3.30"), "USD")
    for combine in (Money.__add__, Money.__sub__):
        with pytest.raises(money.MixedCurrencies):
            combine(Money(D(1), "USD"), Money(D(1), "EUR"))


@pytest.mark.parametrize(
    ("total", "weights", "currency", "parts"),
    [
        ("10.00", ["1", "1", "1"], "USD", ["3.34", "3.33", "3.33"]),
        ("0.05", ["1", "1"], "USD", ["0.03", "0.02"]),
        ("100", ["1", "2", "3"], "JPY", ["17", "33", "50"]),
        ("10.00", ["0", "0"], "USD", ["5.00", "5.00"]),
        ("10.00", ["0", "7"], "USD", ["0.00", "10.00"]),
        ("-10.00", ["1", "1", "1"], "USD", ["-3.33", "-3.33", "-3.34"]),
        ("0.00", ["1", "2"], "USD", ["0.00", "0.00"]),
        ("-0.01", ["0", "0"], "USD", ["0.00", "-0.01"]),
        ("10.005", ["1", "1"], "USD", ["5.00", "5.00"]),
    ],
)
def test_sharing_gives_missing_cents_to_the_largest_remainders(
    total: str, weights: list[str], currency: str, parts: list[str]
) -> None:
    shared = money.share(D(total), [D(weight) for weight in weights], currency)
    assert shared == [D(part) for part in parts]


def test_sharing_among_nobody_is_nothing() -> None:
    assert money.share(D("10.00"), [], "USD") == []


@given(
    cents=st.integers(-(10**12), 10**12),
    weights=st.lists(st.decimals(0, 10**6, places=4), min_size=1, max_size=40),
)
def test_parts_always_sum_to_the_total_and_stay_within_one_cent(
    cents: int, weights: list[Decimal]
) -> None:
    total = D(cents) / 100
    parts = money.share(total, weights, "USD")
    assert sum(parts) == total
    base = sum(weights)
    fair = [total * w / base if base else total / len(weights) for w in weights]
    assert all(abs(part - exact) <= D("0.01") for part, exact in zip(parts, fair, strict=True))
    assert all(part == part.quantize(D("0.01")) for part in parts)
