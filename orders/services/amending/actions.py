"""The closed list of what may be changed about an order, as it is stored with an amendment.

Nothing here is personal data: another address is the key of a contact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from oms.core.errors import FieldError, Invalid

#: More at once is a new order.
MAX_ACTIONS = 500


class InvalidAmendment(Invalid):
    code = "orders.invalid_amendment"
    title = "The order cannot be changed so"


class _Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action"):
    """`name` is what messages and the story call it."""

    @property
    def name(self) -> str:
        return str(type(self).__struct_config__.tag)

    @property
    def subject(self) -> tuple[str, int]:
        """What it is about: two actions of one subject contradict each other."""
        return self.name, getattr(self, "line", 0)


class ChangeQuantity(_Action, frozen=True, tag="change_quantity"):
    """The line is to have so many units that are not cancelled."""

    line: int
    quantity: int


class AddLine(_Action, frozen=True, tag="add_line"):
    """Without a price it costs what the catalog says."""

    sku: str
    quantity: int
    unit_amount: Decimal | None = None
    discount_amount: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)

    @property
    def subject(self) -> tuple[str, int]:
        return self.name, id(self)


class RemoveLine(_Action, frozen=True, tag="remove_line"):
    """Every unit of the line that has not gone is cancelled."""

    line: int


class ChangePrice(_Action, frozen=True, tag="change_price"):
    """What is not given stays; discount and tax are for all ordered units of the line."""

    line: int
    unit_amount: Decimal | None = None
    discount_amount: Decimal | None = None
    tax_amount: Decimal | None = None


class ChangeShipping(_Action, frozen=True, tag="change_shipping"):
    shipping_amount: Decimal
    shipping_tax_amount: Decimal | None = None


class ChangeTier(_Action, frozen=True, tag="change_tier"):
    tier: str


class ChangeAddress(_Action, frozen=True, tag="change_address"):
    """`contact` is the vault's key of the new recipient."""

    contact: int


class AllowParts(_Action, frozen=True, tag="allow_parts"):
    """Whether what is there may ship at once, the rest following."""

    is_partial_allowed: bool


Action = (
    ChangeQuantity
    | AddLine
    | RemoveLine
    | ChangePrice
    | ChangeShipping
    | ChangeTier
    | ChangeAddress
    | AllowParts
)
NAMES = tuple(str(kind.__struct_config__.tag) for kind in Action.__args__)


def parse(given: Sequence[Mapping[str, Any]]) -> list[Action]:
    """This function will return the actions that plain data stands for.

    :raises InvalidAmendment: there is none, there are too many, one is of no known kind or lacks
        something, or two are about the same; every wrong one is named.
    """
    if not 1 <= len(given) <= MAX_ACTIONS:
        raise refuse([FieldError("/actions", "count", f"Give 1 to {MAX_ACTIONS} actions.")])
    found: list[Action] = []
    errors: list[FieldError] = []
    for index, item in enumerate(given):
        try:
            found.append(msgspec.convert(dict(item), Action, strict=False))
        except msgspec.ValidationError as error:
            errors.append(FieldError(f"/actions/{index}", "invalid_action", f"{error}."))
    if not errors:
        errors = _contradictions(found)
    if errors:
        raise refuse(errors)
    return found


def _contradictions(found: Sequence[Action]) -> list[FieldError]:
    seen: set[tuple[str, int]] = set()
    errors = []
    for index, action in enumerate(found):
        # A line that goes has no other quantity.
        name = "change_quantity" if isinstance(action, RemoveLine) else action.name
        subject = (name, action.subject[1])
        if subject in seen:
            detail = "An earlier action is about the same; give one of them."
            errors.append(FieldError(f"/actions/{index}", "repeated", detail))
        seen.add(subject)
    return errors


def refuse(errors: Sequence[FieldError]) -> InvalidAmendment:
    """This function will return the refusal that names every error."""
    first = errors[0]
    more = f" And {len(errors) - 1} more; see errors." if len(errors) > 1 else ""
    return InvalidAmendment(f"{first.pointer}: {first.detail}{more}", errors=errors)


def as_data(actions: Sequence[Action]) -> list[dict[str, Any]]:
    """This function will return the actions as JSON holds them."""
    data: list[dict[str, Any]] = msgspec.to_builtins(actions, builtin_types=())
    return data


def as_told(data: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """This function will return stored actions as they may be shown: without a contact's key."""
    return [{key: value for key, value in item.items() if key != "contact"} for item in data]
