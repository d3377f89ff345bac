"""The demo's person at the desk: looks at holds for a while, then lets most orders go."""

from __future__ import annotations

from datetime import timedelta

from oms.core import clock
from oms.core.context import acting
from orders.selectors import holds as hold_selectors
from orders.services import cancellation, holds

#: How long a hold stays visible on the board before somebody decides.
LOOK_FOR = timedelta(seconds=75)


def decide(*, limit: int = 10) -> int:
    """This function will decide holds that have been looked at: duplicates are cancelled, the
    rest released. Stock holds wait for stock.

    :returns: how many were decided.
    """
    due = hold_selectors.list_open_since(before=clock.now() - LOOK_FOR, limit=limit)
    with acting(actor="staff:demo-desk"):
        for order_id, kind in due:
            if kind == "duplicate":
                cancellation.cancel(order_id=order_id, reason="Sent twice.")
            else:
                holds.release_hold(order_id=order_id, type=kind, reason="Checked and in order.")
    return len(due)
