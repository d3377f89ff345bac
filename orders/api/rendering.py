"""Orders as the API shows them; nothing here is personal data."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from oms.core.money import as_text
from orders.api.serializers import OrderCancelledOut, OrderOut, OrderSummaryOut
from orders.billing.types import Standing
from orders.models import Amendment, Cancellation, Order, OrderLine
from orders.selectors import orders as selectors
from orders.services import paying
from orders.services.amending.actions import as_told
from orders.tracking_links import path_for
from orders.types import Placed


def placed(answer: Placed) -> dict[str, Any]:
    """This function will render the answer to a placement."""
    return {
        "id": answer.public_id,
        "number": str(answer.number),
        "external_ref": answer.external_ref,
        "status": answer.status,
        "holds": list(answer.holds),
        "promised_on": answer.promised_on or None,
        "tracking_url": settings.PUBLIC_URL + answer.tracking_path,
    }


def summary(order: Order) -> dict[str, Any]:
    """This function will render one row of a list."""
    return dict(OrderSummaryOut(_head(order)).data)


def full(order: Order) -> dict[str, Any]:
    """This function will render an order with lines, holds, work and what may be done next."""
    return dict(OrderOut(_view(order)).data)


def cancelled(order: Order, answer: Cancellation) -> dict[str, Any]:
    """This function will render an order with what became of a request to cancel of it."""
    shown = {
        **{name: getattr(answer, name) for name in ("public_id", "state", "reason", "text")},
        "units": answer.units,
        "amount": as_text(answer.amount, order.currency),
    }
    return dict(OrderCancelledOut({**_view(order), "cancellation": shown}).data)


def _view(order: Order) -> dict[str, Any]:
    return {
        **_head(order),
        "channel": order.channel,
        "fulfillment": selectors.derived_fulfillment(order),
        "payment": money_of(paying.standing_of(order)),
        "lines": [_line(line, order.currency) for line in order.lines.all()],
        "holds": [hold for hold in order.holds.all() if hold.released_at is None],
        "work": [
            {
                "id": work.public_id,
                "node": work.node.code,
                "service": work.service_code,
                "status": work.status,
                "part": work.part,
                "parcel": (work.merged_into or work).public_id,
                "ship_by": work.latest_ship_at,
            }
            for work in order.fulfillment_orders.all()
        ],
        "tracking_url": settings.PUBLIC_URL + path_for(order.public_id),
        "replaces": order.replaces.public_id if order.replaces else None,
        "replacements": [made.public_id for made in order.replacements.all()],
        "cancelled_amount": as_text(order.cancelled_amount, order.currency),
        "is_cancellation_pending": selectors.is_cancellation_pending(order),
        "allowed_actions": selectors.allowed_actions(order),
    }


def money_of(standing: Standing) -> dict[str, str]:
    """This function will render how the money of an order stands."""
    amounts = {name: as_text(getattr(standing, name), standing.currency) for name in _MONEY}
    return {"state": standing.state, **amounts}


def etag(order: Order) -> str:
    """This function will return the order's version as a header names it."""
    return f'"{order.version}"'


def draft(order: Order) -> dict[str, Any]:
    """This function will render a draft; who gets it is not shown."""
    plain = {name: getattr(order, name) for name in _DRAFT}
    amounts = {
        name: as_text(getattr(order, name), order.currency)
        for name in ("total_amount", "shipping_amount", "shipping_tax_amount")
    }
    lines = [
        {
            "position": line.position,
            "sku": line.sku,
            "quantity": line.ordered,
            **{name: as_text(getattr(line, name), order.currency) for name in _PRICES},
        }
        for line in order.lines.all()
    ]
    return {**plain, **amounts, "channel": order.channel.code, "lines": lines}


_DRAFT = ("public_id", "number", "external_ref", "version", "tier", "currency", "country",
          "created_at", "is_partial_allowed")  # fmt: skip
_PRICES = ("unit_amount", "discount_amount", "tax_amount")


def amendment(found: Amendment) -> dict[str, Any]:
    """This function will render a change of an order with what it does."""
    return {
        "id": found.public_id,
        "order": found.order.public_id,
        "status": found.state,
        "version": found.base_version,
        "actions": as_told(found.actions),
        "reason": found.reason,
        "author": found.author,
        "created_at": found.created_at,
        "closed_at": found.closed_at,
        "preview": found.outcome,
    }


def _head(order: Order) -> dict[str, Any]:
    plain = {name: getattr(order, name) for name in _PLAIN}
    return {**plain, "total_amount": as_text(order.total_amount, order.currency)}


def _line(line: OrderLine, currency: str) -> dict[str, Any]:
    plain = {name: getattr(line, name) for name in _LINE}
    return {**plain, "unit_amount": as_text(line.unit_amount, currency)}


_MONEY = (
    "owed", "authorized", "voided", "captured", "refunded", "goodwill", "to_collect", "to_refund",
)  # fmt: skip
_PLAIN = (
    "public_id", "number", "external_ref", "status", "tier", "placed_at", "promised_on",
    "delivered_at", "currency", "country", "version", "priority",
    "latest_ship_at", "at_risk_of",
)  # fmt: skip
_LINE = (
    "position", "sku", "ordered", "cancelled", "backordered", "allocated", "shipped", "delivered",
    "returned",
)  # fmt: skip
