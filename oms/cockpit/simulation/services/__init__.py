"""What the runtime asks of the demo world."""

from __future__ import annotations

from orders.selectors import orders as order_selectors
from orders.tracking_links import path_for


def sample_tracking_path() -> str:
    """This function will return the tracking page of an order on its way, or "" while none is."""
    public_id = order_selectors.find_moving_public_id()
    return path_for(public_id) if public_id else ""
