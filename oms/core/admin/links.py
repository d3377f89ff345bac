"""Links from one list to another."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from oms.core.admin import cells


def list_link(label: str, text: Any, **query: Any) -> SafeString:
    """This function will return a link to the list of `app.model`, narrowed by `query`."""
    return cells.link(list_address(label, **query), text)


def list_address(label: str, **query: Any) -> str:
    """This function will return the address of the list of `app.model`, narrowed by `query`."""
    return f"{_address(label, 'changelist')}?{urlencode(query)}"


def figure(value: int, href: str | None) -> SafeString:
    """This function will return a number that opens what is behind it, or only a number without an
    address. A zero stands quiet."""
    quiet = "" if value else " o-zero"
    if href is None:
        return format_html('<span class="o-num{}">{}</span>', quiet, cells.figure(value))
    return format_html(
        '<a class="o-link o-num{}" href="{}">{}</a>', quiet, href, cells.figure(value)
    )


def find_list_address(label: str, **query: Any) -> str | None:
    """This function will return the same as `list_address`, or None where the list has no page."""
    try:
        return list_address(label, **query)
    except NoReverseMatch:
        return None


def maybe_row_link(label: str, key: Any, text: Any) -> Any:
    """This function will return a link to the page of one row, or the text where it has none."""
    try:
        return row_link(label, key, text)
    except NoReverseMatch:
        return text


def row_link(label: str, key: Any, text: Any) -> SafeString:
    """This function will return a link to the page of one row."""
    return cells.link(row_address(label, key), text)


def row_address(label: str, key: Any) -> str:
    """This function will return the address of the page of one row."""
    return _address(label, "change", key)


def order_link(public_id: str, text: Any) -> SafeString:
    """This function will return a link to an order by its identifier: the list opens it at once."""
    if not public_id.startswith("ord_"):
        return cells.code(public_id)
    return list_link("orders.order", text, q=public_id)


def _address(label: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)
