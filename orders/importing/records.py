"""From one record (a JSON object, or grouped CSV rows) to a draft; shared by all text formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orders.importing import fields
from orders.importing.fields import Problems
from orders.importing.types import RowError, SourceOrder
from orders.types import LineDraft, OrderDraft, RecipientDraft

_RECIPIENT = {
    "name": 120,
    "company": 120,
    "phone": 40,
    "email": 254,
    "city": 120,
    "region": 60,
    "postcode": 12,
    "country": 2,
}


def to_source(
    record: Mapping[str, Any],
    *,
    lines: Sequence[Mapping[str, Any]],
    recipient: Mapping[str, Any],
    line: int,
    original: str,
) -> SourceOrder:
    """This function will read one order, or say everything that is wrong with it."""
    problems = Problems()
    draft = OrderDraft(
        external_ref=fields.text(record, "external_ref", problems, limit=80, required=True),
        currency=fields.text(record, "currency", problems, limit=3, required=True),
        tier=fields.text(record, "tier", problems, limit=20),
        customer_ref=fields.text(record, "customer_ref", problems, limit=80),
        shipping_amount=fields.amount(record.get("shipping_amount"), "shipping_amount", problems)
        or Decimal(0),
        placed_at=fields.moment(record.get("placed_at"), "placed_at", problems),
        recipient=_recipient(recipient, problems),
        lines=tuple(_line(item, problems) for item in lines),
    )
    if problems.found:
        errors = tuple(RowError(line, *problem, original) for problem in problems.found)
        return SourceOrder(line, original, errors=errors)
    return SourceOrder(line, original, draft=draft)


def unreadable(line: int, original: str, code: str, message: str) -> SourceOrder:
    """This function will return an order that could not be read at all."""
    return SourceOrder(line, original, errors=(RowError(line, "", code, message, original),))


def _line(item: Any, problems: Problems) -> LineDraft:
    if not isinstance(item, Mapping):
        problems.add("lines", "invalid_type", "Each line is an object with sku and quantity.")
        return LineDraft("", 0)
    return LineDraft(
        sku=fields.text(item, "sku", problems, limit=64, required=True),
        quantity=fields.quantity(item.get("quantity"), "quantity", problems),
        unit_amount=fields.amount(item.get("unit_amount"), "unit_amount", problems),
    )


def _recipient(given: Mapping[str, Any], problems: Problems) -> RecipientDraft:
    values = {
        name: fields.text(given, name, problems, limit=limit, required=name == "country")
        for name, limit in _RECIPIENT.items()
    }
    street = given.get("lines") or [given.get("street"), given.get("street2")]
    if not isinstance(street, list) or len(street) > 4:
        problems.add("lines", "invalid_type", "Give up to four lines of street as a list.")
        street = []
    kept = [fields.text({"street": part}, "street", problems, limit=120) for part in street]
    return RecipientDraft(
        lines=tuple(part for part in kept if part),
        latitude=_degrees(given, "latitude", 90, problems),
        longitude=_degrees(given, "longitude", 180, problems),
        **values,
    )


def _degrees(given: Mapping[str, Any], name: str, limit: int, problems: Problems) -> float | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        degrees = float(value)
    except (TypeError, ValueError):
        degrees = float("nan")
    if not abs(degrees) <= limit:
        problems.add(name, "invalid_coordinate", f"Give degrees from -{limit} to {limit}.")
        return None
    return degrees
