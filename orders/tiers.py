"""Service levels and the urgency they give an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Level:
    """A speed that is promised: a higher rank is worked first; `deadline_days` are calendar days
    from the day of the order, where the node is, to the last acceptable day of arrival."""

    code: str
    name: str | Promise
    rank: int
    deadline_days: int


#: The levels every organization has. Its own ones rank between and around them.
BUILT_IN: Mapping[str, Level] = {
    level.code: level
    for level in (
        Level("same_day", _("Same day"), 40, 0),
        Level("next_day", _("Next day"), 30, 1),
        Level("standard", _("Standard"), 20, 7),
        Level("economy", _("Economy"), 10, 14),
    )
}


def priority(level: Level, *, placed_at: datetime, latest_ship_at: datetime | None) -> int:
    """This function will return the place in the queue: higher first.

    Rank in tens, plus up to 99 the nearer the ship-by time was at placement (4 a day less), so
    that within a tier the order with less time left goes first.
    """
    base = level.rank * 10
    if latest_ship_at is None:
        return base
    days_left = max(0.0, (latest_ship_at - placed_at).total_seconds() / 86_400)
    return base + max(0, 99 - round(4 * days_left))
