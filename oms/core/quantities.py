"""Quantities are whole units; lengths are millimeters, weights grams."""

from __future__ import annotations

from oms.core.errors import Invalid

#: Above this an order line is a typing error, not a wish (also the database's CHECK).
MAX_LINE_QUANTITY = 100_000


class InvalidQuantity(Invalid):
    code = "quantity.invalid"


def require_quantity(value: object, *, maximum: int = MAX_LINE_QUANTITY) -> int:
    """This function will return `value` when it is a whole number from 1 to `maximum`.

    Strict: text, booleans, floats and non-ASCII digits are refused.

    :raises InvalidQuantity: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidQuantity("Give the quantity as a whole number.")
    if not 1 <= value <= maximum:
        raise InvalidQuantity(f"Give a quantity from 1 to {maximum}.")
    return value


def volume_cm3(length_mm: int, width_mm: int, height_mm: int) -> float:
    """This function will return the volume of a box in cubic centimeters."""
    return length_mm * width_mm * height_mm / 1000


def billable_weight_g(weight_g: int, volume: float, *, divisor: int = 5000) -> int:
    """This function will return the larger of actual and dimensional weight.

    Dimensional weight in kg is cm³ / divisor; 5000 is the usual divisor of parcel carriers.
    """
    return max(weight_g, round(volume / divisor * 1000))
