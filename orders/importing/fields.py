"""Turns the texts of a file into typed values, collecting what is wrong with each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from orders.importing.types import RowError, SourceRow

_INTEGER = re.compile(r"^[0-9]{1,9}$", re.ASCII)
_DECIMAL = re.compile(r"^[0-9]{1,12}(\.[0-9]{1,4})?$", re.ASCII)


class Problems:
    """Collects what is wrong while an order is read, each at its row (of a table) or under its path
    (of a document)."""

    def __init__(self, rows: Sequence[SourceRow], *, is_table: bool) -> None:
        self.found: list[RowError] = []
        self._rows = rows
        self._is_table = is_table
        self._line, self._prefix = rows[0].line, ""

    def add(self, field: str, code: str, message: str) -> None:
        path = f"{self._prefix}/{field}".strip("/")
        self.found.append(RowError(self._line, path, code, message))

    @contextmanager
    def within(self, part: str, index: int) -> Iterator[None]:
        """This method will place what is added meanwhile at a part of the order."""
        if self._is_table:
            self._line = self._rows[index].line
        else:
            self._prefix = f"{part}/{index}"
        yield
        self._line, self._prefix = self._rows[0].line, ""


def text(
    row: Mapping[str, Any], name: str, problems: Problems, *, limit: int, required: bool = False
) -> str:
    """This function will return a trimmed text of at most `limit` characters."""
    value = row.get(name)
    if value is None or value == "":
        if required:
            problems.add(name, "required", f"Fill in {name}.")
        return ""
    if not isinstance(value, str):
        problems.add(name, "invalid_type", "Give a text.")
        return ""
    value = value.strip()
    if len(value) > limit or "\x00" in value:
        problems.add(name, "too_long", f"Give at most {limit} characters.")
        return ""
    return value


def quantity(value: Any, name: str, problems: Problems) -> int:
    """This function will return a whole number; range is placement's affair."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.match(value.strip()):
        return int(value)
    problems.add(name, "invalid_quantity", "Give the quantity as a whole number.")
    return 0


def amount(value: Any, name: str, problems: Problems) -> Decimal | None:
    """This function will return a decimal amount, or None where there is none."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and _DECIMAL.match(value.strip()):
            return Decimal(value.strip())
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
    except InvalidOperation:
        pass
    problems.add(name, "invalid_amount", 'Give an amount such as "12.50".')
    return None


def moment(value: Any, name: str, problems: Problems) -> datetime | None:
    """This function will return a time with its zone (RFC 3339), or None where there is none."""
    if value is None or value == "":
        return None
    try:
        parsed = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None or not 1990 <= parsed.year <= 2100:
        problems.add(name, "invalid_timestamp", "Give a time with zone: 2026-11-20T14:00:00Z.")
        return None
    return parsed.astimezone(UTC)
