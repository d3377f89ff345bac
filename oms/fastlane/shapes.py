"""The body of `POST /api/v1/orders`, read without a serializer.

Takes what is plainly right, and nothing else: whatever it does not take goes to the ordinary door,
which says what is wrong with it. So there is one set of rules, and one set of messages.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from oms.core.api.parsing import parse_object
from oms.core.errors import OmsError
from oms.core.quantities import MAX_LINE_QUANTITY
from orders.drafting import MAX_LINES
from orders.types import LineDraft, OrderDraft, RecipientDraft

#: No space at either end: the ordinary door would trim it.
_TRIM, _TRIM_OR_EMPTY = r"^\S(?s:.*\S)?\Z", r"^(\S(?s:.*\S)?)?\Z"
_MONEY = r"^[0-9]{1,12}(\.[0-9]{1,4})?\Z"
#: Stricter than the ordinary door's rule, so that whatever fits here is a mail there.
_MAIL = r"^([A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,20})?\Z"

_Text40 = Annotated[str, Meta(max_length=40, pattern=_TRIM)]
_Text64 = Annotated[str, Meta(max_length=64, pattern=_TRIM)]
_Text80 = Annotated[str, Meta(max_length=80, pattern=_TRIM)]
_Text120 = Annotated[str, Meta(max_length=120, pattern=_TRIM)]
_Maybe12 = Annotated[str, Meta(max_length=12, pattern=_TRIM_OR_EMPTY)]
_Maybe40 = Annotated[str, Meta(max_length=40, pattern=_TRIM_OR_EMPTY)]
_Maybe60 = Annotated[str, Meta(max_length=60, pattern=_TRIM_OR_EMPTY)]
_Maybe80 = Annotated[str, Meta(max_length=80, pattern=_TRIM_OR_EMPTY)]
_Maybe120 = Annotated[str, Meta(max_length=120, pattern=_TRIM_OR_EMPTY)]
_Amount = Annotated[str, Meta(pattern=_MONEY)]


class ShipToBody(Struct, forbid_unknown_fields=True):
    name: _Text120
    country: Annotated[str, Meta(min_length=2, max_length=2, pattern=_TRIM)]
    company: _Maybe120 = ""
    phone: _Maybe40 = ""
    email: Annotated[str, Meta(max_length=200, pattern=_MAIL)] = ""
    lines: Annotated[list[_Text120], Meta(max_length=4)] = []
    city: _Maybe120 = ""
    region: _Maybe60 = ""
    postcode: _Maybe12 = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | UnsetType = UNSET
    longitude: Annotated[float, Meta(ge=-180, le=180)] | UnsetType = UNSET


class LineBody(Struct, forbid_unknown_fields=True):
    sku: _Text64
    quantity: Annotated[int, Meta(ge=1, le=MAX_LINE_QUANTITY)]
    unit_amount: _Amount | UnsetType = UNSET


class OrderBody(Struct, forbid_unknown_fields=True):
    external_ref: _Text80
    currency: Annotated[str, Meta(min_length=3, max_length=3, pattern=_TRIM)]
    ship_to: ShipToBody
    lines: Annotated[list[LineBody], Meta(min_length=1, max_length=MAX_LINES)]
    channel: _Text40 = "api"
    tier: Annotated[str, Meta(max_length=20, pattern=_TRIM)] | UnsetType = UNSET
    customer_ref: _Maybe80 = ""
    shipping_amount: _Amount = "0"
    reservation: _Text40 | UnsetType = UNSET


def read(body: bytes) -> tuple[dict[str, Any], OrderBody] | None:
    """This function will return the body as parsed and as an order, None unless it is plainly
    right."""
    try:
        parsed = parse_object(body)
        order = msgspec.convert(parsed, OrderBody)
    except (OmsError, msgspec.ValidationError):
        return None
    return parsed, order


def to_draft(order: OrderBody) -> OrderDraft:
    """This function will return the order as placement takes it."""
    return OrderDraft(
        external_ref=order.external_ref,
        currency=order.currency,
        tier=order.tier or "",
        customer_ref=order.customer_ref,
        shipping_amount=Decimal(order.shipping_amount),
        reservation=order.reservation or "",
        recipient=_recipient(order.ship_to),
        lines=tuple(
            LineDraft(
                line.sku,
                line.quantity,
                None if line.unit_amount is UNSET else Decimal(line.unit_amount),
            )
            for line in order.lines
        ),
    )


def _recipient(to: ShipToBody) -> RecipientDraft:
    return RecipientDraft(
        country=to.country,
        city=to.city,
        region=to.region,
        postcode=to.postcode,
        lines=tuple(to.lines),
        name=to.name,
        company=to.company,
        phone=to.phone,
        email=to.email,
        latitude=None if to.latitude is UNSET else to.latitude,
        longitude=None if to.longitude is UNSET else to.longitude,
    )
