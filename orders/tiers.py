"""Service levels and the urgency they give an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oms.core import money


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


#: Below the rank there is room for an order's value, in the smallest units of its currency.
VALUES = 10_000_000


def priority(level: Level, *, amount: Decimal, currency: str) -> int:
    """This function will return an order's place among those that have to ship by the same moment:
    by level, then by value; higher first. `services/prioritizing.py` has the same as SQL."""
    return level.rank * VALUES + min(int(amount / money.exponent(currency)), VALUES - 1)
