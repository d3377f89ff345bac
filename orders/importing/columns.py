"""Which column of a file is which field: said once, kept per channel, suggested by the names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oms.core.errors import FieldError, Invalid
from orders.importing.errors_file import ERROR_COLUMNS


class UnreadableFile(Invalid):
    """The file as a whole is not what its format says; nothing was placed."""

    code = "import.unreadable_file"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an order or of one of its lines, with what others call it."""

    name: str
    meaning: str | Promise
    also: tuple[str, ...] = ()
    is_required: bool = False


FIELDS = (
    Field(
        "external_ref",
        _("Your own reference; rows with the same one are one order"),
        ("order", "order number", "order no", "order id", "reference", "order reference"),
        is_required=True,
    ),
    Field(
        "sku",
        _("What is ordered"),
        ("item", "item sku", "variant sku", "lineitem sku", "product code", "article number"),
        is_required=True,
    ),
    Field(
        "quantity",
        _("Whole number"),
        ("qty", "units", "pieces", "lineitem quantity"),
        is_required=True,
    ),
    Field("currency", _("ISO 4217, such as USD"), ("currency code",), is_required=True),
    Field(
        "country",
        _("ISO 3166-1, two letters"),
        ("country code", "ship to country", "shipping country"),
        is_required=True,
    ),
    Field(
        "unit_amount",
        _("Price of one unit; empty: the catalog's"),
        ("price", "unit price", "lineitem price"),
    ),
    Field("discount_amount", _("For all units of the line"), ("discount", "lineitem discount")),
    Field("tax_amount", _("For all units of the line"), ("tax", "taxes")),
    Field("tier", _("Service level; empty: the channel's"), ("service level", "shipping method")),
    Field("customer_ref", _("Your own reference of the buyer"), ("customer", "customer id")),
    Field(
        "placed_at",
        _("Time with zone: 2026-11-20T14:00:00Z"),
        ("created at", "order date", "ordered at", "date"),
    ),
    Field("shipping_amount", _("What shipping costs"), ("shipping", "shipping cost")),
    Field("shipping_tax_amount", _("Tax on shipping"), ("shipping tax",)),
    Field("name", _("Who gets it"), ("recipient", "ship to name", "shipping name", "full name")),
    Field("company", _("Company"), ("shipping company", "ship to company")),
    Field("phone", _("Phone with country code"), ("telephone", "shipping phone", "phone number")),
    Field("email", _("E-mail"), ("e-mail", "mail", "email address")),
    Field(
        "street", _("Street and number"), ("address", "address 1", "shipping street", "street 1")
    ),
    Field("street2", _("Second line of it"), ("address 2", "shipping address 2", "street 2")),
    Field("city", _("City"), ("town", "shipping city", "ship to city")),
    Field(
        "region",
        _("State or province"),
        ("state", "province", "shipping province", "shipping state"),
    ),
    Field(
        "postcode",
        _("Postal code"),
        ("zip", "zip code", "postal code", "shipping zip", "post code"),
    ),
    Field("latitude", _("Degrees"), ("lat",)),
    Field("longitude", _("Degrees"), ("lon", "lng", "long")),
    Field("payment_kind", _("authorized or captured; empty: captured"), ("payment status",)),
    Field("payment_amount", _("How much of it"), ("paid", "amount paid", "paid amount")),
    Field("payment_reference", _("The payment's own reference"), ("payment id", "transaction id")),
)
NAMES = tuple(field.name for field in FIELDS)
REQUIRED = tuple(field.name for field in FIELDS if field.is_required)
#: A column that is read over.
IGNORED = ""


def fold(name: str) -> str:
    """This function will return what is left of a header when case, accents, spaces and signs make
    no difference."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[^a-z0-9]", "", plain)


_BY_NAME = {fold(field.name): field.name for field in FIELDS}
_BY_HABIT = {fold(other): field.name for field in FIELDS for other in field.also} | _BY_NAME


def suggest(columns: Sequence[str], saved: Mapping[str, str] | None = None) -> dict[str, str]:
    """This function will return a field for every column that has a likely one, each field once;
    what was saved for the channel (by folded name) goes first."""
    known = {**_BY_HABIT, **(saved or {})}
    found: dict[str, str] = {}
    # The field's own name wins over what others call it.
    for column in sorted(columns, key=lambda column: fold(column) not in _BY_NAME):
        field = known.get(fold(column), IGNORED)
        if field and field not in found.values():
            found[column] = field
    return {column: found[column] for column in columns if column in found}


def settle(columns: Sequence[str], mapping: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """This function will return the field of each column, "" for one that is read over.

    :param mapping: field by column; columns that it does not name are fields by their own name.
    :raises UnreadableFile: names every column that is missing, unknown or there twice.
    """
    chosen = {fold(column): field for column, field in (mapping or {}).items()}
    fields = tuple(_field_of(column, chosen) for column in columns)
    errors = [*_unknown(columns, fields), *_missing(fields), *_twice(columns, fields)]
    if errors:
        told = " ".join(f"{e.pointer.lstrip('/')}: {e.detail}" for e in errors[:8])
        raise UnreadableFile(f"The columns do not fit. {told}", errors=errors)
    return tuple(field or IGNORED for field in fields)


def _field_of(column: str, chosen: Mapping[str, str]) -> str | None:
    if column in ERROR_COLUMNS or not column.strip():
        return IGNORED
    return chosen.get(fold(column), _BY_NAME.get(fold(column)))


def _unknown(columns: Sequence[str], fields: Sequence[str | None]) -> list[FieldError]:
    return [
        FieldError(f"/{column[:60]}", "unknown_column", f"No field.{_likely(column)}")
        for column, field in zip(columns, fields, strict=True)
        if field is None or (field and field not in NAMES)
    ]


def _likely(column: str) -> str:
    field = _BY_HABIT.get(fold(column))
    return f" Perhaps {field}?" if field else " Map it to a field, or to nothing."


def _missing(fields: Sequence[str | None]) -> list[FieldError]:
    return [
        FieldError(f"/{name}", "missing_column", "No column has it.")
        for name in REQUIRED
        if name not in fields
    ]


def _twice(columns: Sequence[str], fields: Sequence[str | None]) -> list[FieldError]:
    return [
        FieldError(f"/{column[:60]}", "column_twice", f"Another column is {field}, too.")
        for index, (column, field) in enumerate(zip(columns, fields, strict=True))
        if field and field in fields[:index]
    ]
