"""Soft holds for carts and quotes: planned, kept for a while, extended, given back, or turned into
an order, all under the seller's own reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from inventory.models import Reservation
from inventory.selectors import carts as planning
from inventory.selectors.carts import Wanted
from inventory.services import kits, reservations
from inventory.services.rearranging import MAX_HOLD
from inventory.services.taking import OutOfStock
from inventory.types import CartHold, CartLine, Demand, DemandAtNode, Leg, Shortage
from oms.core import clock
from oms.core.errors import Conflict, FieldError, Invalid, NotFound
from oms.core.transactions import needs_transaction, use_case

KIND = "cart"
#: Somebody else may take the planned stock between plan and hold; plan again, then say so.
_ROUNDS = 3
_LIVE = (Reservation.Status.HELD, Reservation.Status.CONFIRMED)
_MAX_MINUTES = int(MAX_HOLD / timedelta(minutes=1))


class CartTaken(Conflict):
    """The reference holds other lines; release it first, or use a new one."""

    code = "inventory.cart_taken"


class UnknownCart(NotFound):
    """Nothing is held under the reference, or not any more."""

    code = "inventory.unknown_cart"


class InvalidTerm(Invalid):
    code = "inventory.invalid_term"


@use_case
def hold(
    *,
    organization_id: int,
    reference: str,
    lines: Sequence[Wanted],
    minutes: int,
    channel: str = "",
) -> CartHold:
    """This function will keep all lines for so many minutes, or nothing. The same cart again is
    the same answer.

    :raises InvalidTerm: less than a minute or more than a hold may last.
    :raises CartTaken: the reference holds other lines.
    :raises OutOfStock: something is missing; nothing is held.
    """
    expires_at = _expiry(minutes)
    standing = _rows(organization_id, reference)
    if standing:
        _require_same(organization_id, reference, lines, standing)
        return _cart(reference, standing)
    for _ in range(_ROUNDS):
        plan = planning.plan(organization_id=organization_id, lines=lines, channel=channel)
        if plan.short:
            raise _out_of_stock(plan.short)
        demand = Demand(
            organization_id, KIND, _key(organization_id, reference), plan.legs, channel=channel
        )
        result = reservations.hold(demands=[demand], expires_at=expires_at)
        if result.taken:
            return _cart(reference, _rows(organization_id, reference))
    raise _out_of_stock(next(iter(result.short.values())))


@use_case
def extend(*, organization_id: int, reference: str, minutes: int) -> CartHold:
    """This function will let the cart stand so many minutes from now.

    :raises InvalidTerm: less than a minute or more than a hold may last.
    :raises UnknownCart: nothing is held.
    :raises HoldTooLong: it was extended too often, or too far.
    """
    expires_at = _expiry(minutes)
    if not _rows(organization_id, reference):
        raise _unknown(reference)
    reservations.extend(items=[_item(organization_id, reference)], expires_at=expires_at)
    return _cart(reference, _rows(organization_id, reference))


@use_case
def release(*, organization_id: int, reference: str) -> int:
    """This function will give back what the cart holds; again, nothing.

    :returns: units given back.
    """
    return redeem(organization_id=organization_id, references=[reference], reason="cart released")


@needs_transaction
def redeem(*, organization_id: int, references: Collection[str], reason: str = "ordered") -> int:
    """This function will free the carts for whoever asks next in this transaction: the places stay
    locked until its end, so nobody comes between."""
    if not references:
        return 0
    items = [_item(organization_id, reference) for reference in dict.fromkeys(references)]
    return reservations.release(items=items, reason=reason)


def get(*, organization_id: int, reference: str) -> CartHold:
    """This function will return what the cart holds.

    :raises UnknownCart: nothing, or not any more.
    """
    rows = _rows(organization_id, reference)
    if not rows:
        raise _unknown(reference)
    return _cart(reference, rows)


def _expiry(minutes: int) -> datetime:
    if not 1 <= minutes <= _MAX_MINUTES:
        detail = f"Give 1 to {_MAX_MINUTES} minutes."
        raise InvalidTerm(detail, errors=[FieldError("/minutes", "out_of_range", detail)])
    return clock.now() + timedelta(minutes=minutes)


def _key(organization_id: int, reference: str) -> str:
    """Carts of two sellers never meet, whatever they call them."""
    return f"{organization_id}:{reference}"


def _item(organization_id: int, reference: str) -> DemandAtNode:
    return DemandAtNode(KIND, _key(organization_id, reference))


def _rows(organization_id: int, reference: str) -> list[Reservation]:
    rows = Reservation.objects.filter(
        demand_kind=KIND,
        demand_ref=_key(organization_id, reference),
        status__in=_LIVE,
        expires_at__gt=clock.now(),
    )
    return list(rows.select_related("variant", "position__node").order_by("line_ref", "pk"))


def _require_same(
    organization_id: int, reference: str, lines: Sequence[Wanted], rows: Sequence[Reservation]
) -> None:
    legs = tuple(Leg(line.line_ref, line.variant_id, 0, line.quantity) for line in lines)
    [wanted] = kits.explode(demands=[Demand(organization_id, KIND, reference, legs)])
    asked, held = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for leg in wanted.legs:
        asked[leg.line_ref, leg.variant_id] += leg.quantity
    for row in rows:
        held[row.line_ref, row.variant_id] += row.quantity
    if asked != held:
        raise CartTaken(f"{reference} holds other lines; release it first.")


def _cart(reference: str, rows: Sequence[Reservation]) -> CartHold:
    assert rows and rows[0].expires_at is not None
    return CartHold(
        reference=reference,
        channel=rows[0].channel,
        expires_at=min(row.expires_at for row in rows if row.expires_at is not None),
        lines=tuple(
            CartLine(int(row.line_ref), row.variant.sku, row.position.node.code, row.quantity)
            for row in rows
            if row.position is not None
        ),
    )


def _out_of_stock(shortages: Sequence[Shortage]) -> OutOfStock:
    """What the seller cannot have, by the lines of the request."""
    short = {int(each.line_ref): each for each in reversed(shortages)}
    lines = [
        {"line": line, "wanted": short[line].wanted, "available": short[line].available}
        for line in sorted(short)
    ]
    errors = [
        FieldError(
            f"/lines/{line['line'] - 1}/quantity",
            "out_of_stock",
            f"{line['wanted']} wanted, {line['available']} there; ask for that many at most.",
        )
        for line in lines
    ]
    detail = "Nothing is held: some lines are not there; see errors."
    return OutOfStock(detail, errors=errors, data={"lines": lines})


def _unknown(reference: str) -> UnknownCart:
    return UnknownCart(f"Nothing is held for {reference}.")
