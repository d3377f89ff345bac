"""Template tags of the page look: the same figures in the same words as `static/js/format.js`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400
SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 100.0, 32.0, 3.0
DASH = "–"
MINUS = "−"


@register.filter
def short_time(seconds: float | None) -> str:
    """45 s, 41 min, 1 h 05, 1.9 d; a minus sign when the moment has passed."""
    if seconds is None:
        return DASH
    sign = MINUS if seconds <= -1 else ""
    return sign + _magnitude(int(abs(seconds)))


def _magnitude(seconds: int) -> str:
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE:02d}"
    return f"{seconds * 10 // DAY / 10:.1f} d"


@register.filter
def seconds_since(moment: str, as_of: str) -> float:
    """Seconds from the ISO instant `moment` to the ISO instant `as_of`, never below zero."""
    passed = datetime.fromisoformat(as_of) - datetime.fromisoformat(moment)
    return max(passed.total_seconds(), 0.0)


@register.filter
def time_of_day(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%H:%M:%S")


@register.filter
def percent(fraction: float) -> str:
    return f"{int(fraction * 100 + 0.5)} %"


@register.filter
def width(fraction: float) -> int:
    """The fraction as a bar width between 0 and 100."""
    return min(max(int(fraction * 100 + 0.5), 0), 100)


@register.filter
def step_state(done: float) -> str:
    if done >= 1:
        return "done"
    return "now" if done > 0 else "todo"


@register.filter
def total(rows: Iterable[Mapping[str, Any]], key: str) -> int:
    return sum(row[key] for row in rows)


@register.filter
def spark_line(values: Sequence[float] | None) -> str:
    """SVG points of a trend over a 100 by 32 box, lowest value at the bottom."""
    if not values or len(values) < 2:
        return ""
    low, span = min(values), max(values) - min(values)
    step = SPARK_WIDTH / (len(values) - 1)
    height = SPARK_HEIGHT - 2 * SPARK_MARGIN
    return " ".join(
        f"{index * step:.1f},{SPARK_HEIGHT - SPARK_MARGIN - _share(value - low, span) * height:.1f}"
        for index, value in enumerate(values)
    )


def _share(above: float, span: float) -> float:
    return above / span if span else 0.5


@register.filter
def spark_area(values: Sequence[float] | None) -> str:
    line = spark_line(values)
    return f"0,{SPARK_HEIGHT:.0f} {line} {SPARK_WIDTH:.0f},{SPARK_HEIGHT:.0f}" if line else ""


@register.simple_block_tag
def card(content: SafeString, title: str = "", **options: str) -> SafeString:
    """A white card around the content; options: name (id of the heading), hint, css."""
    return render_to_string("components/card.html", {"title": title, "content": content, **options})


@register.simple_block_tag
def table(content: SafeString, caption: str, **options: str) -> SafeString:
    """A table that scrolls inside its card; the content is its thead and tbody. Option: css."""
    return render_to_string(
        "components/table.html", {"caption": caption, "content": content, **options}
    )
