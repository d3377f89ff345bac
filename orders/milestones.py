"""The milestones of an order: where each should be reached, and where it stands. Pure: no clock, no
database.

Targets count back from the last moment to ship; an order that came with less time than that takes
has its targets squeezed into the time there is. The promise alone says when it has to arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum


class Milestone(StrEnum):
    ORDERED = "ordered"
    VERIFIED = "verified"
    RELEASED = "released"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


class WhyNot(StrEnum):
    """What stands between an order and its next milestone."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ON_HOLD = "on_hold"
    WAITING_FOR_STOCK = "waiting_for_stock"
    NOT_VERIFIED = "not_verified"
    NOT_ROUTED = "not_routed"
    NOT_RELEASED = "not_released"
    AT_THE_NODE = "at_the_node"
    WITH_THE_CARRIER = "with_the_carrier"
    CLOSED = "closed"


#: How long before the last moment to ship each milestone is due.
LEADS: Mapping[Milestone, timedelta] = {
    Milestone.VERIFIED: timedelta(minutes=110),
    Milestone.RELEASED: timedelta(minutes=105),
    Milestone.PICKED: timedelta(minutes=75),
    Milestone.PACKED: timedelta(minutes=45),
    Milestone.SHIPPED: timedelta(0),
}
#: Those that can be flagged as missed on the way to leave in time.
FLAGGED = (Milestone.RELEASED, Milestone.PICKED, Milestone.PACKED, Milestone.SHIPPED)
LONGEST = max(LEADS.values())
#: What has not left so long before its last moment is at risk: half an hour in which somebody can
#: still act, and the time until the next look.
WARNING = timedelta(minutes=35)
#: What should have left so long ago is history (an import), or was flagged long before.
HISTORY = timedelta(days=7)
#: Statuses in which nothing more happens → why.
_ENDED = {
    "cancelled": WhyNot.CANCELLED,
    "rejected": WhyNot.REJECTED,
    "expired": WhyNot.EXPIRED,
    "completed": WhyNot.CLOSED,
}
#: Holds that stock lifts, not a person.
_STOCK_HOLDS = frozenset({"stock"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an order; `reached` has the milestones with their times."""

    status: str
    placed_at: datetime
    latest_ship_at: datetime | None
    promised_on: date | None
    reached: Mapping[Milestone, datetime]
    open_holds: frozenset[str] = frozenset()
    #: Units wait for stock, or have no node yet.
    has_backorder: bool = False
    has_unrouted: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """One milestone: due when, reached when, or why not; `is_late` against its target."""

    milestone: Milestone
    target: datetime | None
    reached_at: datetime | None
    why_not: WhyNot | None
    is_late: bool


def targets(
    *, placed_at: datetime, latest_ship_at: datetime | None, promised_on: date | None
) -> dict[Milestone, datetime | None]:
    """This function will return when each milestone is due; None where nothing is promised yet.

    An order arrives in time until the end of the promised day (UTC).
    """
    due: dict[Milestone, datetime | None] = dict.fromkeys(Milestone)
    due[Milestone.ORDERED] = placed_at
    if latest_ship_at is not None:
        share = squeeze(placed_at=placed_at, latest_ship_at=latest_ship_at)
        due |= {milestone: latest_ship_at - lead * share for milestone, lead in LEADS.items()}
    if promised_on is not None:
        due[Milestone.DELIVERED] = datetime.combine(
            promised_on + timedelta(days=1), time(0), tzinfo=UTC
        )
    return due


def squeeze(*, placed_at: datetime, latest_ship_at: datetime) -> float:
    """This function will return which share of the usual times there is: 1 where there is enough,
    down to 0. `services/risks.py` has the same as SQL."""
    return min(1.0, max(0.0, (latest_ship_at - placed_at) / LONGEST))


def standings(facts: Facts, *, now: datetime) -> list[Standing]:
    """This function will return every milestone in the order of an order's life."""
    due = targets(
        placed_at=facts.placed_at,
        latest_ship_at=facts.latest_ship_at,
        promised_on=facts.promised_on,
    )
    why = why_not(facts)
    return [_standing(milestone, due[milestone], facts, why, now) for milestone in Milestone]


def _standing(
    milestone: Milestone, target: datetime | None, facts: Facts, why: WhyNot, now: datetime
) -> Standing:
    reached_at = facts.reached.get(milestone)
    is_over = reached_at is None and facts.status in _ENDED
    is_late = target is not None and not is_over and (reached_at or now) > target
    return Standing(milestone, target, reached_at, None if reached_at else why, is_late)


def why_not(facts: Facts) -> WhyNot:
    """This function will return the one reason why the next milestone is not reached."""
    if facts.status in _ENDED:
        return _ENDED[facts.status]
    if facts.has_backorder or facts.open_holds & _STOCK_HOLDS:
        return WhyNot.WAITING_FOR_STOCK
    if facts.open_holds:
        return WhyNot.ON_HOLD
    return _in_motion(facts)


def _in_motion(facts: Facts) -> WhyNot:
    reached = facts.reached
    if Milestone.SHIPPED in reached:
        return WhyNot.WITH_THE_CARRIER
    if Milestone.VERIFIED not in reached:
        return WhyNot.NOT_VERIFIED
    if facts.has_unrouted:
        return WhyNot.NOT_ROUTED
    return WhyNot.AT_THE_NODE if Milestone.RELEASED in reached else WhyNot.NOT_RELEASED
