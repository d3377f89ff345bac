"""Words and tones of an order's derived states, shared by its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from oms.core.admin import cells
from orders.models import FulfillmentOrder, Hold, Order
from orders.selectors import orders as selectors

#: Where the goods are, by the word of `selectors.orders.derived_fulfillment`.
FULFILLMENT: Mapping[str, tuple[str | Promise, str]] = {
    "cancelled": (_("Nothing to ship"), ""),
    "unallocated": (_("No stock set aside"), ""),
    "backordered": (_("Waits for stock"), "warn"),
    "allocated": (_("Stock set aside"), "info"),
    "in_progress": (_("On the floor"), "info"),
    "partial": (_("Partly shipped"), "info"),
    "shipped": (_("Shipped"), "info"),
    "delivered": (_("Delivered"), "ok"),
}


def fulfillment_pill(word: str) -> SafeString:
    text, tone = FULFILLMENT[word]
    return cells.pill(text, tone)


def level(order: Any) -> str:
    """This function will return the service level of an order that was read with `own_level`."""
    return order.own_level or order.tier_name


def hold_pill(hold: Hold) -> SafeString:
    return cells.pill(_("On hold: %(type)s") % {"type": hold.get_type_display().lower()}, "hold")


def pending_pill(order: Order) -> list[SafeString]:
    """This function will say that a floor was asked to cancel something, where it was."""
    if not selectors.is_cancellation_pending(order):
        return []
    return [cells.pill(_("Cancellation pending"), "warn")]


def request_pill(work: FulfillmentOrder) -> list[SafeString]:
    """This function will say what is unusual about what the node was asked."""
    tone = _REQUESTS.get(work.request)
    return [cells.pill(work.get_request_display(), tone)] if tone else []


_REQUESTS: Mapping[str, str] = {
    "cancel_requested": "warn",
    "cancel_rejected": "bad",
    "rejected": "bad",
}
