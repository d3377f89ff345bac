"""Pictures for pages to read: drawn on the server, as wide as their card, with a table beside them
that says the same. Lengths across are percentages, so that texts keep their size on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar, NamedTuple

from oms.core.admin.cells import Text, figure

#: Heights in pixels: of the part with the level, of the one with the bars, of a line of text.
LEVEL_HEIGHT, BARS_HEIGHT, ROOM = 120, 72, 18
#: The least a bar shows of a day on which anything moved.
_SLIVER = 1.5
#: Days between two dates below the chart.
_LABEL_STEP = 7
#: Nearer to a side than this, in percent, a date is set flush with it.
_EDGE = 8
_NICE = (1, 2, 5, 10)


class FlowDay(NamedTuple):
    """One day: how it is called, what stood at its end, what came and went; `href` opens it."""

    label: str
    level: int
    units_in: int
    units_out: int
    href: str


class Tick(NamedTuple):
    """A label at a height in pixels."""

    label: str
    y: str


class Mark(NamedTuple):
    """A text at a place across, in percent."""

    label: str
    x: str
    anchor: str


class Bar(NamedTuple):
    """A day's stripe of the chart: where it is across, and its two bars, from the zero line."""

    day: FlowDay
    x: str
    width: str
    bar_x: str
    bar_width: str
    in_y: str
    in_height: str
    out_height: str


@dataclass(frozen=True)
class Flow:
    """A level over days, above what came in and went out on each of them."""

    template: ClassVar[str] = "admin/oms/blocks/flow.html"

    title: Text
    days: Sequence[FlowDay]
    level_name: Text
    in_name: Text
    out_name: Text
    empty: Text
    level_height: ClassVar[int] = LEVEL_HEIGHT
    level_top: ClassVar[int] = ROOM
    bars_top: ClassVar[int] = ROOM + LEVEL_HEIGHT + 2 * ROOM
    bars_end: ClassVar[int] = bars_top + BARS_HEIGHT
    dates_y: ClassVar[int] = bars_end + 2 * ROOM
    height: ClassVar[int] = dates_y + 6

    @property
    def is_empty(self) -> bool:
        return not any(day.level or day.units_in or day.units_out for day in self.days)

    @property
    def units_in(self) -> str:
        return f"{sum(day.units_in for day in self.days):,}"

    @property
    def units_out(self) -> str:
        return f"{sum(day.units_out for day in self.days):,}"

    @property
    def newest_first(self) -> list[FlowDay]:
        return list(reversed(self.days))

    @cached_property
    def _limits(self) -> tuple[int, int, int]:
        """Lowest and highest line of the grid, and the step between lines."""
        low = min(0, *(day.level for day in self.days))
        high = max(1, *(day.level for day in self.days))
        step = nice_step(high - low, 3)
        return step * (low // step), step * -(-high // step), step

    @property
    def grid(self) -> list[Tick]:
        """The lines of the level, the lowest first."""
        low, high, step = self._limits
        return [Tick(figure(n), f"{self._level_y(n):.1f}") for n in range(low, high + 1, step)]

    @property
    def line(self) -> str:
        """The level as points over a box of 100 by 100."""
        low, high, _ = self._limits
        return " ".join(
            f"{self._center(index):.2f},{100 * (high - day.level) / (high - low):.2f}"
            for index, day in enumerate(self.days)
        )

    @property
    def area(self) -> str:
        low, high, _ = self._limits
        ground = f"{100 * high / (high - low):.2f}"
        return f"{self._center(0):.2f},{ground} {self.line} {self._center(-1):.2f},{ground}"

    @property
    def last(self) -> Mark:
        """The end of the level: its place across and (as its anchor) in pixels down."""
        y = self._level_y(self.days[-1].level)
        return Mark(figure(self.days[-1].level), f"{self._center(-1):.2f}%", f"{y:.1f}")

    @cached_property
    def _most(self) -> tuple[int, int]:
        return max(day.units_in for day in self.days), max(day.units_out for day in self.days)

    @property
    def zero_y(self) -> str:
        return f"{self._zero:.1f}"

    @property
    def extremes(self) -> list[Tick]:
        """The most that came in and went out on one day, above and below the bars."""
        most_in, most_out = self._most
        found = [Tick(f"+{most_in:,}", f"{self.bars_top - 5}")] if most_in else []
        return found + ([Tick(figure(-most_out), f"{self.bars_end + 13}")] if most_out else [])

    @property
    def bars(self) -> list[Bar]:
        width = 100 / len(self.days)
        return [
            Bar(
                day,
                f"{index * width:.3f}%",
                f"{width:.3f}%",
                f"{(index + 0.2) * width:.3f}%",
                f"{0.6 * width:.3f}%",
                f"{self._zero - self._bar(day.units_in):.1f}",
                f"{self._bar(day.units_in):.1f}",
                f"{self._bar(day.units_out):.1f}",
            )
            for index, day in enumerate(self.days)
        ]

    @property
    def dates(self) -> list[Mark]:
        """Every seventh day, counted back from the last one."""
        last = len(self.days) - 1
        return [self._date(index) for index in range(last % _LABEL_STEP, last + 1, _LABEL_STEP)]

    def _date(self, index: int) -> Mark:
        label, x = self.days[index].label, self._center(index)
        if x > 100 - _EDGE:
            return Mark(label, "100%", "end")
        return Mark(label, "0", "start") if x < _EDGE else Mark(label, f"{x:.2f}%", "middle")

    def _center(self, index: int) -> float:
        return (index % len(self.days) + 0.5) * 100 / len(self.days)

    def _level_y(self, level: int) -> float:
        low, high, _ = self._limits
        return self.level_top + LEVEL_HEIGHT * (high - level) / (high - low)

    @property
    def _zero(self) -> float:
        return self.bars_top + self._bar(self._most[0]) if any(self._most) else self.bars_end

    def _bar(self, units: int) -> float:
        return max(BARS_HEIGHT * units / sum(self._most), _SLIVER) if units else 0


class Step(NamedTuple):
    """One step of a sum: what it adds (below zero: takes), as a number and as a cell that opens
    what is behind it."""

    name: Text
    units: int
    cell: Any
    note: Any = ""


class StepBar(NamedTuple):
    step: Step
    x: str
    width: str
    kind: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How a number comes about: from the first step, by what each adds or takes, to the sum."""

    template: ClassVar[str] = "admin/oms/blocks/waterfall.html"

    title: Text
    steps: Sequence[Step]
    #: What comes out; its units are those of the steps in sum.
    result: Step
    notes: Sequence[Any] = ()

    @property
    def bars(self) -> list[StepBar]:
        sums = list(accumulate(step.units for step in self.steps))
        low, high = min(0, *sums), max(1, *sums)
        drawn: list[StepBar] = []
        for step, before, after in zip(self.steps, [0, *sums], sums, strict=False):
            kind = "start" if not drawn else "more" if step.units >= 0 else "less"
            drawn.append(_step_bar(step, before, after, low, high, kind))
        return [*drawn, _step_bar(self.result, 0, self.result.units, low, high, "result")]


def _step_bar(step: Step, start: int, end: int, low: int, high: int, kind: str) -> StepBar:
    x, width = (min(start, end) - low) / (high - low), abs(end - start) / (high - low)
    return StepBar(step, f"{100 * x:.2f}%", f"{100 * width:.2f}%", kind)


def nice_step(span: int, lines: int) -> int:
    """This function will return the smallest of 1, 2, 5, 10, 20, … that parts `span` into at most
    `lines`."""
    size = 1
    while True:
        for factor in _NICE:
            if factor * size * lines >= span:
                return factor * size
        size *= 10
