"""Verification rules: pure functions from facts to a verdict with reasons, each with a version.

Nothing physical starts before every rule has answered; a `hold` verdict opens a hold of its type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oms.core.addresses import Verdict as AddressVerdict

PASS, WARN, HOLD, REJECT = "pass", "warn", "hold", "reject"

#: Above this a line is looked at by a person: a typing error more often than a wish.
UNUSUAL_QUANTITY = 200
#: Orders above this many units in all, likewise.
UNUSUAL_UNITS = 1_000
#: The same content for the same customer within this time is probably one order sent twice.
DUPLICATE_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules may look at: no names, no streets."""

    address: AddressVerdict
    quantities: tuple[int, ...]
    placed_at: datetime
    #: Numbers of other orders with the same customer and content, with their times.
    lookalikes: tuple[tuple[int, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One rule's verdict; `reasons` are codes with details for people."""

    verdict: str
    reasons: tuple[dict[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Rule:
    code: str
    version: int
    hold_type: str
    check: Callable[[Facts], Answer]


def _address(facts: Facts) -> Answer:
    if facts.address.is_deliverable:
        return Answer(PASS)
    return Answer(
        HOLD,
        tuple(
            {"code": error.code, "field": error.pointer, "detail": error.detail}
            for error in facts.address.errors
        ),
    )


def _quantity(facts: Facts) -> Answer:
    reasons = []
    if max(facts.quantities) > UNUSUAL_QUANTITY:
        detail = f"A line of {max(facts.quantities)} units; {UNUSUAL_QUANTITY} is usual."
        reasons.append({"code": "unusual_quantity", "detail": detail})
    if sum(facts.quantities) > UNUSUAL_UNITS:
        detail = f"{sum(facts.quantities)} units in all; {UNUSUAL_UNITS} is usual."
        reasons.append({"code": "unusual_units", "detail": detail})
    return Answer(HOLD if reasons else PASS, tuple(reasons))


def _duplicate(facts: Facts) -> Answer:
    near = [
        number for number, at in facts.lookalikes if abs(facts.placed_at - at) <= DUPLICATE_WINDOW
    ]
    if not near:
        return Answer(PASS)
    detail = f"Same customer and content as order {near[0]} within 10 minutes."
    return Answer(HOLD, ({"code": "possible_duplicate", "detail": detail},))


RULES = (
    Rule("address", 1, "address", _address),
    Rule("quantity", 1, "operator", _quantity),
    Rule("duplicate", 1, "duplicate", _duplicate),
)


def judge(facts: Facts) -> list[tuple[Rule, Answer]]:
    """This function will return every rule's answer, in the order of the rules."""
    return [(rule, rule.check(facts)) for rule in RULES]
