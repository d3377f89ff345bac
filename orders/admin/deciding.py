"""What somebody needs to see of an order to decide about it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.core.admin import cells
from oms.core.admin.pages import Block, Facts
from orders.admin import checks, money, words
from orders.models import Order
from orders.selectors import orders as selectors


def link_to(order: Order) -> Any:
    """This function will return a link to the page of an order."""
    return cells.link(reverse("admin:orders_order_change", args=(order.pk,)), f"#{order.number}")


def blocks(order: Order) -> list[Block]:
    """This function will return the order's head, its money and what the checks said, in a
    constant number of statements."""
    return [_head(order), money.block(order), checks.block(order)]


def _head(order: Order) -> Facts:
    waiting = [words.hold_pill(hold) for hold in order.holds.all() if hold.released_at is None]
    where = words.fulfillment_pill(selectors.derived_fulfillment(order))
    return Facts(
        _("Order"),
        [
            (_("number"), link_to(order)),
            (_("status"), cells.pills(cells.status(order), where, *waiting)),
            (_("channel"), order.channel.name),
            (_("placed"), cells.ago(order.placed_at)),
            (_("ship by"), cells.due(order.latest_ship_at, is_open=order.shipped_at is None)),
            (_("promised"), cells.day(order.promised_on)),
            (_("to"), cells.place(order.city, order.region, order.country)),
            (_("units"), cells.number(order.unit_count)),
        ],
    )
