"""From one record (a JSON object, or grouped rows) to a draft; shared by all formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orders.importing import fields
from orders.importing.fields import Problems
from orders.importing.types import RowError, SourceOrder, SourceRow
from orders.types import LineDraft, OrderDraft, PaymentDraft, RecipientDraft

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
_NOTHING = Decimal(0)


def to_source(
    record: Mapping[str, Any],
    *,
    lines: Sequence[Any],
    recipient: Mapping[str, Any],
    rows: tuple[SourceRow, ...],
) -> SourceOrder:
    """This function will read one order, or say everything that is wrong with it.

    Where the record is a table's (`recipient` is the record itself), `lines` stand in the order of
    `rows`.
    """
    is_table = recipient is record
    problems = Problems(rows, is_table=is_table)
    draft = OrderDraft(
        external_ref=fields.text(record, "external_ref", problems, limit=80, required=True),
        currency=fields.text(record, "currency", problems, limit=3, required=True),
        tier=fields.text(record, "tier", problems, limit=20),
        customer_ref=fields.text(record, "customer_ref", problems, limit=80),
        shipping_amount=_amount(record, "shipping_amount", problems),
        shipping_tax_amount=_amount(record, "shipping_tax_amount", problems),
        placed_at=fields.moment(record.get("placed_at"), "placed_at", problems),
        recipient=_recipient(recipient, problems),
        payments=_row_payment(record, problems) if is_table else _payments(record, problems),
        lines=_lines(lines, problems),
    )
    if problems.found:
        return SourceOrder(rows, errors=tuple(problems.found))
    return SourceOrder(rows, draft=draft)


def unreadable(
    rows: tuple[SourceRow, ...], code: str, message: str, *, line: int | None = None
) -> SourceOrder:
    """This function will return an order that could not be read at all."""
    at = rows[0].line if line is None else line
    return SourceOrder(rows, errors=(RowError(at, "", code, message),))


def _amount(record: Mapping[str, Any], name: str, problems: Problems) -> Decimal:
    return fields.amount(record.get(name), name, problems) or _NOTHING


def _lines(lines: Sequence[Any], problems: Problems) -> tuple[LineDraft, ...]:
    found = []
    for index, item in enumerate(lines):
        with problems.within("lines", index):
            found.append(_line(item, problems))
    return tuple(found)


def _line(item: Any, problems: Problems) -> LineDraft:
    if not isinstance(item, Mapping):
        problems.add("", "invalid_type", "Each line is an object with sku and quantity.")
        return LineDraft("", 0)
    return LineDraft(
        sku=fields.text(item, "sku", problems, limit=64, required=True),
        quantity=fields.quantity(item.get("quantity"), "quantity", problems),
        unit_amount=fields.amount(item.get("unit_amount"), "unit_amount", problems),
        discount_amount=_amount(item, "discount_amount", problems),
        tax_amount=_amount(item, "tax_amount", problems),
    )


def _row_payment(record: Mapping[str, Any], problems: Problems) -> tuple[PaymentDraft, ...]:
    amount = fields.amount(record.get("payment_amount"), "payment_amount", problems)
    if amount is None:
        return ()
    kind = fields.text(record, "payment_kind", problems, limit=20)
    reference = fields.text(record, "payment_reference", problems, limit=80)
    return (PaymentDraft(kind or "captured", amount, reference),)


def _payments(record: Mapping[str, Any], problems: Problems) -> tuple[PaymentDraft, ...]:
    given = record.get("payments") or []
    if not isinstance(given, list):
        problems.add("payments", "invalid_type", "Give payments as a list.")
        return ()
    found = []
    for index, item in enumerate(given):
        with problems.within("payments", index):
            found.append(_payment(item, problems))
    return tuple(found)


def _payment(item: Any, problems: Problems) -> PaymentDraft:
    if not isinstance(item, Mapping):
        problems.add("", "invalid_type", "Each payment is an object with kind and amount.")
        return PaymentDraft("", _NOTHING)
    return PaymentDraft(
        kind=fields.text(item, "kind", problems, limit=20, required=True),
        amount=_amount(item, "amount", problems),
        reference=fields.text(item, "reference", problems, limit=80),
        occurred_at=fields.moment(item.get("occurred_at"), "occurred_at", problems),
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
