"""What other settings of a rule would have made of the orders that came last. Nothing is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.core.errors import Unavailable
from orders import rules
from orders.models import Order
from orders.rules import PASS, Facts, Tuned
from orders.selectors import rulebook
from orders.services import facts

LATEST = 200
#: These look at people, whom no trial opens, or at credit as it stands in the moment.
_UNTRIED = ("address", "contact", "credit")


class CannotBeTried(Unavailable):
    """The rule looks at what a trial must not open or cannot know."""

    code = "orders.rule_cannot_be_tried"


@dataclass(frozen=True, slots=True)
class Trial:
    """`changes` counts (verdict now, verdict then); equal ones are left out."""

    orders: int
    changes: Mapping[tuple[str, str], int]

    @property
    def otherwise(self) -> int:
        return sum(self.changes.values())


def try_out(
    *,
    organization_id: int,
    channel: str,
    rule: str,
    settings: Mapping[str, Any],
    verdict: str,
    is_enabled: bool,
) -> Trial:
    """This function will judge the latest orders by a rule as it is and as it would be, both from
    the same stored facts: what was cancelled or edited since counts as it is now.

    :raises InvalidRule: a setting is wrong.
    :raises CannotBeTried: it would have to open the recipients, or to know past credit.
    """
    chosen = rules.find(rule)
    if rule in _UNTRIED:
        raise CannotBeTried("This rule cannot be tried on past orders.")
    scope = (organization_id, channel)
    book = rulebook.current(scopes=[scope])[scope]
    now = book[rule]
    then = Tuned(chosen, rules.parse(chosen.settings, settings), verdict, 0, is_enabled)
    orders = _latest(organization_id, channel)
    if not orders:
        return Trial(0, {})
    stored = facts.load(orders)
    past = facts.past_of(orders, [book, {**book, rule: then}])
    seen = [stored.facts(order, past) for order in orders]
    pairs = Counter((_verdict(now, known), _verdict(then, known)) for known in seen)
    return Trial(len(orders), {pair: n for pair, n in pairs.items() if pair[0] != pair[1]})


def _latest(organization_id: int, channel: str) -> list[Order]:
    rows = Order.objects.filter(organization_id=organization_id).exclude(status="draft")
    if channel:
        rows = rows.filter(channel__code=channel)
    return list(rows.order_by("-id")[:LATEST])


def _verdict(tuned: Tuned, known: Facts) -> str:
    answer = tuned.judge(known) if tuned.is_enabled else None
    return answer.verdict if answer else PASS
