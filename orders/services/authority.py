"""Whether who acts may answer for what an order is worth."""

from __future__ import annotations

from decimal import Decimal

from oms.core.context import current
from oms.core.errors import Forbidden, OmsError
from oms.core.money import as_text
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.types import Authority
from orders.hold_terms import GUARDED_HOLDS

__all__ = ["GUARDED_HOLDS", "NoAuthority", "of_actor", "shortfall"]


class NoAuthority(Forbidden):
    """The order is worth more than the person's limit."""

    code = "orders.no_authority"


def of_actor() -> Authority:
    """This function will return the authority of whoever acts."""
    return accounts.authority_of(actor=current().actor)


def shortfall(
    mine: Authority, *, amount: Decimal, currency: str, level: int = 1
) -> OmsError | None:
    """This function will return what to tell a person who may not answer for an amount, or None.

    Above the first level only those without a limit may.
    """
    if mine.is_unlimited or (level == 1 and mine.covers(amount, currency)):
        return None
    needed = f"{as_text(amount, currency)} {currency}"
    limit = (
        "You have no approval limit"
        if mine.limit is None
        else f"Your limit is {as_text(mine.limit, mine.currency)} {mine.currency}"
    )
    rest = "this needs an administrator" if level > 1 else f"this is about {needed}"
    return NoAuthority(
        f"{limit}; {rest}.",
        data={
            "limit": None if mine.limit is None else as_text(mine.limit, mine.currency),
            "amount": as_text(amount, currency),
            "currency": currency,
        },
    )
