"""The last guard before goods move: an address that cannot be delivered needs somebody who takes
responsibility for it, however its hold ended."""

from __future__ import annotations

from collections.abc import Sequence

from oms.core.errors import Unavailable
from oms.core.transactions import needs_transaction
from orders.models import Hold, Order
from orders.selectors import overrides
from orders.services import holding

REASON = "The address is undeliverable and nobody has overridden that."


class NeedsOverride(Unavailable):
    """A parcel waits for an override of its undeliverable address; it will be tried again."""

    code = "orders.needs_override"


@needs_transaction
def hold_back(*, orders: Sequence[Order]) -> list[Order]:
    """This function will return the orders that may move; the others are put on hold (again).

    No statement where every address is fine.
    """
    doomed = overrides.without_override(orders=orders)
    if not doomed:
        return list(orders)
    holding.open_many(
        drafts=[
            holding.HoldDraft(order=o, type=Hold.Type.ADDRESS, reason=REASON, rule="address")
            for o in doomed
        ]
    )
    keys = {order.pk for order in doomed}
    return [order for order in orders if order.pk not in keys]


@needs_transaction
def require_shippable(*, orders: Sequence[Order]) -> None:
    """This function will refuse to let a parcel be made for an address nobody overrode.

    :raises NeedsOverride: for one of the orders.
    """
    doomed = overrides.without_override(orders=orders)
    if doomed:
        numbers = ", ".join(str(order.number) for order in doomed)
        raise NeedsOverride(f"{REASON} Orders: {numbers}.")
