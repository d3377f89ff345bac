"""Service levels and the urgency they give an order."""

from __future__ import annotations

from datetime import datetime

#: Tier → rank; a higher rank is worked first.
TIERS = {"economy": 1, "standard": 2, "next_day": 3, "same_day": 4}


def priority(tier: str, *, placed_at: datetime, latest_ship_at: datetime | None) -> int:
    """This function will return the place in the queue: higher first.

    Tier rank in hundreds, plus up to 99 the nearer the ship-by time was at placement (4 a day
    less), so that within a tier the order with less time left goes first.
    """
    if latest_ship_at is None:
        return TIERS[tier] * 100
    days_left = max(0.0, (latest_ship_at - placed_at).total_seconds() / 86_400)
    return TIERS[tier] * 100 + max(0, 99 - round(4 * days_left))
