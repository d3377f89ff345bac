"""One measured figure, and how people and scripts see a run: at most three significant digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

SIGNIFICANT_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """`raw` is the limit of the same work without our code, from the same run; `ratio` is ours by
    it. `bar` is the least `value` may be, `ratio_bar` the least `ratio`, `most` the most `value`
    may be; a figure without any of them is only told."""

    name: str
    value: float
    unit: str
    raw: float | None = None
    bar: float | None = None
    ratio_bar: float | None = None
    most: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.raw if self.raw else None

    @property
    def ok(self) -> bool:
        return (
            (self.bar is None or self.value >= self.bar)
            and (self.most is None or self.value <= self.most)
            and (self.ratio_bar is None or (self.ratio or 0.0) >= self.ratio_bar)
        )

    @property
    def has_bar(self) -> bool:
        return any(bar is not None for bar in (self.bar, self.ratio_bar, self.most))

    def as_dict(self) -> dict[str, Any]:
        """What `bench.json` holds of it."""
        return {
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "raw": rounded(self.raw),
            "ratio": rounded(self.ratio),
            "bar": self.bar,
            "ratio_bar": self.ratio_bar,
            "most": self.most,
            "ok": self.ok,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Figure:
        """This function will return a figure stored by `asdict`."""
        return cls(**stored)


def rounded(value: float | None) -> float | None:
    """This function will keep the digits that mean something: 8,124.6 is 8120, 0.012345 0.0123."""
    if value is None:
        return None
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def to_store(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """This function will return the figures whole, for `Figure.from_dict`."""
    return [asdict(figure) for figure in figures]


_HEAD = ("what", "ours", "unit", "raw limit", "ratio", "bar", "")


def table(figures: Sequence[Figure]) -> list[str]:
    """This function will return the figures as aligned lines, a head first."""
    rows = [_HEAD, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in rows]


def _cells(figure: Figure) -> tuple[str, ...]:
    verdict = "" if not figure.has_bar else ("ok" if figure.ok else "MISSED")
    return (
        figure.name,
        _number(figure.value),
        figure.unit,
        _number(figure.raw),
        _number(figure.ratio),
        _bars(figure),
        verdict,
    )


def _bars(figure: Figure) -> str:
    """Bars as people say them: at least a value, at least a ratio, at most a value."""
    said = [
        text
        for bar, text in (
            (figure.bar, _number(figure.bar)),
            (figure.ratio_bar, f"x {_number(figure.ratio_bar)}"),
            (figure.most, f"<= {_number(figure.most)}"),
        )
        if bar is not None
    ]
    return ", ".join(said) or "-"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{rounded(value):,.15g}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    is_text = (True, False, True, False, False, False, True)
    return [
        cell.ljust(width) if left else cell.rjust(width)
        for cell, width, left in zip(row, widths, is_text, strict=True)
    ]
