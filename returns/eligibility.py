"""What may come back, and until when: pure rules, texts for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext

from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.quantities import InvalidQuantity, require_quantity
from returns.types import WantedLine

#: Days after the delivery of the whole order within which a return is approved by itself.
WINDOW = timedelta(days=30)


class InvalidReturn(Invalid):
    code = "returns.invalid"


class NotReturnable(Conflict):
    """More is asked than was delivered and has not been asked back before."""

    code = "returns.not_returnable"


def require_shape(lines: Sequence[WantedLine]) -> None:
    """This function will refuse an empty request, a line named twice and impossible quantities.

    :raises InvalidReturn: naming each wrong field.
    """
    if not lines:
        raise InvalidReturn(
            "Name at least one line.", errors=[FieldError("/lines", "required", "Give a line.")]
        )
    times = Counter(line.position for line in lines)
    errors = [
        error for index, line in enumerate(lines) if (error := _shape_error(index, line, times))
    ]
    if errors:
        raise InvalidReturn("Some lines are wrong; see errors.", errors=errors)


def _shape_error(index: int, line: WantedLine, times: Mapping[int, int]) -> FieldError | None:
    if times[line.position] > 1:
        return FieldError(f"/lines/{index}/position", "duplicate", "Name each line once.")
    try:
        require_quantity(line.quantity)
    except InvalidQuantity as error:
        return FieldError(f"/lines/{index}/quantity", error.code, error.detail)
    return None


def require_returnable(
    lines: Sequence[WantedLine], *, delivered: Mapping[int, int], claimed: Mapping[int, int]
) -> None:
    """This function will refuse lines the order does not have and units that cannot come back.

    Both mappings are by position; `claimed` came back or is on its way.

    :raises InvalidReturn: the order has no such line.
    :raises NotReturnable: fewer units are left to return.
    """
    unknown = [
        FieldError(f"/lines/{index}/position", "unknown_line", "The order has no such line.")
        for index, line in enumerate(lines)
        if line.position not in delivered
    ]
    if unknown:
        raise InvalidReturn("The order has no such line.", errors=unknown)
    errors = []
    for index, line in enumerate(lines):
        left = delivered[line.position] - claimed.get(line.position, 0)
        if line.quantity > left:
            detail = f"{left} of {delivered[line.position]} delivered units can come back."
            errors.append(FieldError(f"/lines/{index}/quantity", "not_returnable", detail))
    if errors:
        raise NotReturnable("More is asked than can come back; see errors.", errors=errors)


def why_declined(*, delivered_at: datetime | None, at: datetime) -> str:
    """This function will return why a person must decide, or nothing when the rules approve.

    Delivery counts from the last parcel; an order still arriving is within its window.
    """
    if delivered_at is None or at - delivered_at <= WINDOW:
        return ""
    return gettext("Delivered more than %(days)d days ago.") % {"days": WINDOW.days}
