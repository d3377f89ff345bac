"""The demo's person at the desk: looks at holds for a while, then lets most orders go."""

from __future__ import annotations

from datetime import timedelta

from oms.core import clock
from oms.core.context import acting
from orders.selectors import holds as hold_selectors
from orders.services import approvals, cancellation, holds

#: How long a hold stays visible on the board before somebody decides.
LOOK_FOR = timedelta(seconds=75)
#: Holds that end in a cancellation.
_HOPELESS = {"duplicate": "Sent twice.", "routing": "No carrier takes it."}


def decide(*, limit: int = 10) -> int:
    """This function will decide holds that have been looked at: what is hopeless is cancelled,
    the rest released. Stock holds wait for stock.

    :returns: how many were decided.
    """
    due = hold_selectors.list_open_since(before=clock.now() - LOOK_FOR, limit=limit)
    with acting(actor="system:demo-desk"):
        for order_id, kind in due:
            if kind in _HOPELESS:
                cancellation.cancel(order_id=order_id, reason=_HOPELESS[kind])
            elif kind == "approval":
                approvals.decide(order_id=order_id, decision="approve", reason="In order.")
            else:
                holds.release_hold(order_id=order_id, type=kind, reason="Checked and in order.")
    return len(due)
