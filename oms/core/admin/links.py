"""Links from one list to another."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from oms.core.admin import cells


def list_link(label: str, text: Any, **query: Any) -> SafeString:
    """This function will return a link to the list of `app.model`, narrowed by `query`."""
    return cells.link(f"{_address(label, 'changelist')}?{urlencode(query)}", text)


def row_link(label: str, key: Any, text: Any) -> SafeString:
    """This function will return a link to the page of one row."""
    return cells.link(_address(label, "change", key), text)


def order_link(public_id: str, text: Any) -> SafeString:
    """This function will return a link to an order by its identifier: the list opens it at once."""
    if not public_id.startswith("ord_"):
        return cells.code(public_id)
    return list_link("orders.order", text, q=public_id)


def _address(label: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)
