"""What a cell of a staff page says: pills with words, money with its currency, times as people
tell them. Every function returns text that is safe in HTML."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django.db import models
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, to_locale

from oms.core import clock, money
from oms.core.admin import tones
from oms.core.templatetags.look import short_time

Text = str | Promise
NOTHING = mark_safe('<span class="o-none">–</span>')

#: Beyond this a date says more than a distance.
_NEAR = timedelta(days=7)


def pill(text: Text, tone: str = "") -> SafeString:
    """This function will return a pill: the word carries the meaning, the color repeats it."""
    return format_html('<span class="o-pill tone-{}">{}</span>', tone or "none", text)


def pills(*items: SafeString) -> SafeString:
    """This function will return several pills side by side."""
    joined = format_html_join("", "{}", ((item,) for item in items))
    return format_html('<span class="o-pills">{}</span>', joined) if items else NOTHING


def status(obj: Any, field: str = "status", tone: str | None = None) -> SafeString:
    """This function will return the pill of a choice field of `obj`."""
    words = getattr(obj, f"get_{field}_display")()
    return pill(words, tones.of(getattr(obj, field)) if tone is None else tone)


def yes(value: bool, text: Text, tone: str = "ok") -> SafeString:
    """This function will return a pill where it is so, and nothing where it is not."""
    return pill(text, tone) if value else NOTHING


def amount(value: Decimal | None, currency: str) -> SafeString:
    """This function will return an amount with its currency, rounded to its smallest unit."""
    if value is None or not currency:
        return NOTHING
    locale = to_locale(get_language() or "en")
    exact = money.quantize(value, currency)
    text = format_currency(exact, currency, locale=locale)
    return format_html('<span class="o-num" title="{} {}">{}</span>', exact, currency, text)


def number(value: int | None) -> SafeString:
    """This function will return a whole number with its thousands told apart."""
    if value is None:
        return NOTHING
    return format_html('<span class="o-num">{}</span>', figure(value))


def figure(value: int) -> str:
    """This function will return the same as plain text, with a true minus sign."""
    return f"{value:,}".replace("-", "−")


def weight(grams: int) -> SafeString:
    """This function will return a weight in the unit that reads best."""
    text = f"{grams / 1000:,.1f} kg" if grams >= 1000 else f"{grams} g"
    return format_html('<span class="o-num" title="{} g">{}</span>', grams, text)


def size(length_mm: int, width_mm: int, height_mm: int) -> SafeString:
    """This function will return three lengths in centimeters."""
    text = " × ".join(f"{mm / 10:g}" for mm in (length_mm, width_mm, height_mm))
    return format_html('<span class="o-num">{} cm</span>', text)


def code(value: str) -> SafeString:
    """This function will return an identifier in a fixed-width face."""
    return format_html('<span class="o-code">{}</span>', value) if value else NOTHING


def link(href: str, text: Any) -> SafeString:
    return format_html('<a class="o-link" href="{}">{}</a>', href, text)


def two_lines(first: Any, second: Any) -> SafeString:
    """This function will return a line with a quieter one below it."""
    return format_html('<span class="o-two"><b>{}</b><small>{}</small></span>', first, second)


def moment(at: datetime | None) -> SafeString:
    """This function will return a time in UTC, in full."""
    if at is None:
        return NOTHING
    return _time(at, _full(at))


def ago(at: datetime | None) -> SafeString:
    """This function will return how long ago something was; its day when that is long past, and its
    time when it lies ahead."""
    if at is None:
        return NOTHING
    passed = clock.now() - at
    if abs(passed) > _NEAR:
        return _time(at, date_format(at.astimezone(UTC), "M j, Y"))
    if passed < timedelta(seconds=-1):  # business time may run ahead of the wall
        return _time(at, date_format(at.astimezone(UTC), "M j, H:i"))
    return _time(at, gettext("%(time)s ago") % {"time": short_time(max(passed.total_seconds(), 0))})


def due(at: datetime | None, *, is_open: bool = True) -> SafeString:
    """This function will return how long is left, or by how much it is late; once done, when."""
    if at is None:
        return NOTHING
    left = (at - clock.now()).total_seconds()
    if not is_open or left > 30 * 86_400:
        return ago(at)
    if left >= 0:
        tone = "warn" if left < 3_600 else ""
        text = gettext("in %(time)s") % {"time": short_time(left)}
    else:
        tone, text = "bad", gettext("%(time)s late") % {"time": short_time(-left)}
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), _full(at), pill(text, tone)
    )


def day(on: date | None) -> SafeString:
    """This function will return a calendar day."""
    if on is None:
        return NOTHING
    return format_html('<span class="o-num">{}</span>', date_format(on, "M j, Y"))


def place(*parts: str) -> SafeString:
    """This function will return the parts of a place that are known."""
    known = ", ".join(part for part in parts if part)
    return format_html("{}", known) if known else NOTHING


def value_of(obj: models.Model, name: str) -> Any:
    """This function will return a field of a row as a cell, by its kind."""
    field: Any = obj._meta.get_field(name)
    value = getattr(obj, name)
    if value is None or value == "":
        return NOTHING
    if field.choices:
        return status(obj, name)
    if isinstance(field, models.BooleanField):
        return pill(gettext("Yes"), "ok") if value else pill(gettext("No"))
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, int):
        return number(value)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or NOTHING
    return value


def _time(at: datetime, text: str) -> SafeString:
    return format_html(
        '<time class="o-num" datetime="{}" title="{}">{}</time>', at.isoformat(), _full(at), text
    )


def _full(at: datetime) -> str:
    return date_format(at.astimezone(UTC), "M j, Y, H:i") + " UTC"
