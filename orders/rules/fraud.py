"""How likely an order is not what it seems: signals with weights, a score from 0 to 100.

A signal is a pure function of the facts and settings to a share from 0 to 1 and words; what it adds
to the score is its share of its weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from orders.rules.answers import PASS, Finding
from orders.rules.facts import Facts
from orders.rules.settings import Codes, Number, Whole, setting

_WEIGHT = Whole(0, 100)
_AMOUNT = Number(Decimal(0), Decimal("99999999.9999"))
#: The rank from which a service level counts as fast.
_FAST = 30


@dataclass(frozen=True, slots=True)
class FraudSettings:
    threshold: int = setting(70, Whole(1, 100), _("Objects from a score of"))
    velocity_weight: int = setting(40, _WEIGHT, _("Weight: many orders in short time"))
    value_weight: int = setting(30, _WEIGHT, _("Weight: worth far more than before"))
    mismatch_weight: int = setting(20, _WEIGHT, _("Weight: another country or currency"))
    newcomer_weight: int = setting(30, _WEIGHT, _("Weight: first order, dear and in a hurry"))
    minutes: int = setting(60, Whole(1, 1_440), _("Many orders: within minutes"))
    orders: int = setting(
        5,
        Whole(1, 100),
        _("Many orders: how many"),
        _("Others with the same customer, mail, phone or door."),
    )
    value_factor: int = setting(
        5, Whole(2, 1_000), _("Far more: how many times the customer's average")
    )
    dear_amount: Decimal = setting(Decimal(500), _AMOUNT, _("Dear: from this total"))
    home_countries: tuple[str, ...] = setting(
        (), Codes(are_countries=True), _("Countries the channel sells to"), _("None: any.")
    )

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.minutes)


#: A share from 0 to 1, and why.
Signal = tuple[float, str]


def _velocity(facts: Facts, settings: FraudSettings) -> Signal:
    near = facts.nearby
    counts = {
        "customer": near.customer,
        "mail": near.email,
        "phone": near.phone,
        "door": near.address,
    }
    same, most = max(counts.items(), key=lambda pair: pair[1])
    detail = f"{most} other orders with the same {same} in {settings.minutes} minutes"
    return min(1.0, most / settings.orders), detail


def _value(facts: Facts, settings: FraudSettings) -> Signal:
    """Nothing up to twice the average, everything at `value_factor` times."""
    average = facts.history.average_amount
    if not average:
        return 0.0, ""
    times = float(facts.total_amount / average)
    span = max(settings.value_factor - 2, 1)
    return min(1.0, max(0.0, (times - 2) / span)), f"{times:.1f} times the customer's average"


def _mismatch(facts: Facts, settings: FraudSettings) -> Signal:
    past = facts.history
    strange = []
    if settings.home_countries and facts.country not in settings.home_countries:
        strange.append("a country the channel does not sell to")
    elif past.usual_country and past.usual_country != facts.country:
        strange.append("another country than usual")
    if past.usual_currency and past.usual_currency != facts.currency:
        strange.append("another currency than usual")
    return min(1.0, 0.6 * len(strange)), " and ".join(strange)


def _newcomer(facts: Facts, settings: FraudSettings) -> Signal:
    is_hurried_and_dear = (
        facts.history.orders == 0
        and facts.tier_rank >= _FAST
        and facts.total_amount >= settings.dear_amount
    )
    return (1.0, "a first order, dear and in a hurry") if is_hurried_and_dear else (0.0, "")


#: Name of a signal → what it looks at. Its weight is the setting `<name>_weight`.
SIGNALS: dict[str, Callable[[Facts, FraudSettings], Signal]] = {
    "velocity": _velocity,
    "value": _value,
    "mismatch": _mismatch,
    "newcomer": _newcomer,
}


@dataclass(frozen=True, slots=True)
class Score:
    """`parts` are what each signal adds, with its reason; the total is at most 100."""

    total: int
    parts: tuple[tuple[str, int, str], ...]


def score(facts: Facts, settings: FraudSettings) -> Score:
    """This function will return the score of an order and what each signal adds to it."""
    parts = []
    for name, signal in SIGNALS.items():
        share, why = signal(facts, settings)
        added = round(share * getattr(settings, f"{name}_weight"))
        if added:
            parts.append((name, added, why))
    return Score(min(100, sum(added for _name, added, _why in parts)), tuple(parts))


def check_fraud(facts: Facts, settings: FraudSettings) -> list[Finding]:
    """Below the threshold the parts are told all the same."""
    found = score(facts, settings)
    is_high = found.total >= settings.threshold
    parts = [Finding(name, f"+{added}: {why}.", verdict=PASS) for name, added, why in found.parts]
    if not is_high:
        return parts
    return [Finding("score", f"A score of {found.total} of 100."), *parts]
