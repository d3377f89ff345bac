"""Units of measure: people count cases and pallets, stock counts pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inventory.catalog import selectors as catalog
from inventory.types import StockChange
from oms.core.errors import FieldError, Invalid
from oms.core.quantities import InvalidQuantity

#: (variant_id, unit code or "" for pieces, quantity of that unit)
Amount = tuple[int, str, int]


class UnknownUnit(Invalid):
    """The variant is not handled in this unit."""

    code = "inventory.unknown_unit"


def to_pieces(*, amounts: Sequence[Amount]) -> list[int]:
    """This function will return the pieces of each amount, in order; signs stay.

    One statement for any number of amounts, none where all are pieces.

    :raises UnknownUnit: names every unit that its variant does not have.
    :raises InvalidQuantity: a quantity that is no whole number.
    """
    if not any(unit for _, unit, _ in amounts):
        return [quantity for _, _, quantity in amounts]
    units = catalog.units_of(variant_ids={variant_id for variant_id, unit, _ in amounts if unit})
    errors = [
        FieldError(f"/{i}/unit", "unknown_unit", f"Variant {variant_id} has no unit {unit!r}.")
        for i, (variant_id, unit, _) in enumerate(amounts)
        if unit and unit not in units.get(variant_id, {})
    ]
    if errors:
        raise UnknownUnit(errors[0].detail, errors=errors)
    return [
        _whole(quantity) * units[variant_id][unit] if unit else quantity
        for variant_id, unit, quantity in amounts
    ]


def in_pieces(*, changes: Sequence[StockChange]) -> list[StockChange]:
    """This function will return the changes counted in pieces.

    :raises UnknownUnit: a variant is not handled in the unit of its change.
    :raises InvalidQuantity: a quantity that is no whole number.
    """
    pieces = to_pieces(amounts=[(c.variant_id, c.unit, c.quantity) for c in changes])
    return [
        replace(change, quantity=quantity, unit="") if change.unit else change
        for change, quantity in zip(changes, pieces, strict=True)
    ]


def _whole(quantity: object) -> int:
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        raise InvalidQuantity("Give the quantity as a whole number.")
    return quantity
