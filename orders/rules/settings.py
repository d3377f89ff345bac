"""Typed settings of rules: dataclasses whose fields know their words, their bounds and their JSON.

What people enter is refused with the field and the fix; what is stored was checked when it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol, TypeVar

from django.utils.functional import Promise

from oms.core.addresses import is_country
from oms.core.errors import FieldError, Invalid

Text = str | Promise
MAX_CODES = 250


class InvalidRule(Invalid):
    """A rule's settings cannot be kept: each wrong one is named."""

    code = "orders.invalid_rule"
    title = "These settings cannot be used"


class Kind(Protocol):
    """How values of a setting are read from JSON or a form, and written."""

    def read(self, value: Any) -> Any:
        """:raises ValueError: with the fix in words."""

    def write(self, value: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Switch:
    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("Give true or false.")
        return value

    def write(self, value: bool) -> bool:
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    low: int
    high: int

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("Give a whole number.")
        if not self.low <= value <= self.high:
            raise ValueError(f"Give a whole number from {self.low} to {self.high}.")
        return value

    def write(self, value: int) -> int:
        return value


@dataclass(frozen=True, slots=True)
class Number:
    low: Decimal
    high: Decimal

    def read(self, value: Any) -> Decimal:
        fix = f"Give a number from {self.low} to {self.high}."
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise ValueError(fix)
        try:
            number = Decimal(value)
        except InvalidOperation as error:
            raise ValueError(fix) from error
        if not number.is_finite() or not self.low <= number <= self.high:
            raise ValueError(fix)
        return number

    def write(self, value: Decimal) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Codes:
    """A list of codes, each once, in order; `are_countries` checks them against ISO 3166."""

    are_countries: bool = False

    def read(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) > MAX_CODES:
            raise ValueError(f"Give a list of at most {MAX_CODES} codes.")
        for code in value:
            if not isinstance(code, str) or not re.fullmatch(r"[\w-]{1,40}", code):
                raise ValueError("Give codes of letters, digits, - and _.")
            if self.are_countries and not is_country(code):
                raise ValueError(f"{code} is no country's code of ISO 3166.")
        return tuple(sorted(set(value)))

    def write(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


@dataclass(frozen=True, slots=True)
class Range:
    """Percentages between which a rate lies in these countries; without any: in all others."""

    countries: tuple[str, ...]
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Ranges:
    """Groups of countries, each with its range of percentages."""

    def read(self, value: Any) -> tuple[Range, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("Give a list of ranges.")
        ranges = tuple(self._read_one(one) for one in value)
        named = [code for one in ranges for code in one.countries or ("",)]
        if len(named) != len(set(named)):
            raise ValueError("Name each country in one range only.")
        return ranges

    def _read_one(self, value: Any) -> Range:
        if isinstance(value, Range):
            return value
        if not isinstance(value, Mapping) or set(value) != {"countries", "low", "high"}:
            raise ValueError("Give countries, low and high of each range.")
        percent = Number(Decimal(0), Decimal(100))
        low, high = percent.read(value["low"]), percent.read(value["high"])
        if low > high:
            raise ValueError("Give the lower end of a range first.")
        return Range(Codes(are_countries=True).read(value["countries"]), low, high)

    def write(self, value: tuple[Range, ...]) -> list[dict[str, Any]]:
        return [
            {"countries": list(one.countries), "low": str(one.low), "high": str(one.high)}
            for one in value
        ]


def setting(default: Any, kind: Kind, label: Text, help_text: Text = "") -> Any:
    """This function will return a field of a settings class."""
    return field(default=default, metadata={"kind": kind, "label": label, "help": help_text})


def percent(default: str, label: Text, help_text: Text = "", *, high: str = "1000") -> Any:
    """This function will return a field for a percentage."""
    return setting(Decimal(default), Number(Decimal(0), Decimal(high)), label, help_text)


@dataclass(frozen=True, slots=True)
class NoSettings:
    """The rule has nothing to set."""


S = TypeVar("S")


def parse(kind: type[S], given: Mapping[str, Any], *, is_strict: bool = True) -> S:
    """This function will return typed settings; what is not given has its default.

    What was stored is read with `is_strict` off: a setting that is no more is passed over.

    :raises InvalidRule: with every setting that is unknown or wrong.
    """
    known: dict[str, Field[Any]] = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    errors, values = [], {}
    for name, value in given.items():
        if name not in known:
            if is_strict:
                errors.append(_error(name, "unknown_setting", "This rule has no such setting."))
            continue
        try:
            values[name] = known[name].metadata["kind"].read(value)
        except ValueError as error:
            errors.append(_error(name, "invalid_setting", str(error)))
    if errors:
        raise InvalidRule(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)
    return kind(**values)


def _error(name: str, code: str, detail: str) -> FieldError:
    return FieldError(f"/settings/{name}", code, detail)


def as_json(settings: Any) -> dict[str, Any]:
    """This function will return settings as they are stored, each of them."""
    return {f.name: f.metadata["kind"].write(getattr(settings, f.name)) for f in fields(settings)}


#: Facts and settings to what a rule objects to; None: there is nothing to judge.
Check = Callable[[Any, Any], Any]
