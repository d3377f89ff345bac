"""Arrays as the database writes them: one text for many values, far cheaper than the driver's way
of making a parameter of a list."""

from __future__ import annotations

from collections.abc import Iterable


def bare(values: Iterable[object]) -> str:
    """This function will return an array of numbers, dates, times or names; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else f'"{value}"' for value in values]) + "}"


def texts(values: Iterable[str]) -> str:
    """This function will return an array of texts, whatever they contain."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(quoted) + "}"
