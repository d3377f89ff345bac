"""Orders by how their money stands."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from orders.billing import selectors as balances


def is_in_payment_state(state: str) -> Q:
    """This function will tell, in a query of orders, whether their payment is in a state.

    An order for which nothing was reported is in `none`.
    """
    if state == balances.STATES.NONE:
        return ~Q(Exists(balances.beyond_none().filter(order_ref=OuterRef("public_id"))))
    return Q(Exists(balances.in_state(state).filter(order_ref=OuterRef("public_id"))))
