"""All rules, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oms.core.errors import FieldError, Invalid
from orders.rules import fraud, goods, money, recipient
from orders.rules.answers import HOLD, REJECT, Answer, Finding, answer
from orders.rules.facts import Facts
from orders.rules.settings import NoSettings


class UnknownRule(Invalid):
    code = "orders.unknown_rule"
    title = "There is no such rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of code: what it looks at, the hold it opens, and what it does by default.

    `check` returns what it objects to; None: there is nothing to judge.
    """

    code: str
    name: str | Promise
    hold_type: str
    settings: type[Any]
    check: Callable[[Facts, Any], Sequence[Finding] | None]
    verdict: str = HOLD
    #: It is asked last, when no other rule has rejected the order: it takes something.
    is_last: bool = False
    #: What is decided elsewhere, by a person with the authority, neither rejects nor is overruled.
    is_decided_here: bool = True


@dataclass(frozen=True, slots=True)
class Tuned:
    """A rule as one organization or channel has set it; version 0 is the one of the code."""

    rule: Rule
    settings: Any
    verdict: str
    version: int = 0
    is_enabled: bool = True

    def judge(self, facts: Facts) -> Answer | None:
        findings = self.rule.check(facts, self.settings)
        return None if findings is None else answer(findings, self.verdict)


RULES: Mapping[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("address", _("Address"), "address", recipient.AddressSettings,
             recipient.check_address),
        Rule("contact", _("Phone and mail"), "contact", recipient.ContactSettings,
             recipient.check_contact),
        Rule("embargo", _("Embargo"), "restriction", goods.EmbargoSettings, goods.check_embargo,
             verdict=REJECT),
        Rule("restriction", _("Restricted goods"), "restriction", goods.RestrictionSettings,
             goods.check_restrictions),
        Rule("quantity", _("Quantity"), "quantity", goods.QuantitySettings,
             goods.check_quantity),
        Rule("duplicate", _("Duplicate"), "duplicate", goods.DuplicateSettings,
             goods.check_duplicate),
        Rule("price", _("Price"), "price", money.PriceSettings, money.check_price),
        Rule("tax", _("Tax"), "price", money.TaxSettings, money.check_tax),
        Rule("fraud", _("Fraud"), "fraud", fraud.FraudSettings, fraud.check_fraud),
        Rule("approval", _("Approval"), "approval", NoSettings, money.check_approval,
             is_decided_here=False),
        Rule("credit", _("Credit limit"), "credit", money.CreditSettings, money.check_credit,
             is_last=True, is_decided_here=False),
    )
}  # fmt: skip

#: What holds where nobody has set anything.
BUILT_IN: Mapping[str, Tuned] = {
    code: Tuned(rule, rule.settings(), rule.verdict) for code, rule in RULES.items()
}


def find(code: str) -> Rule:
    """This function will return a rule.

    :raises UnknownRule: there is none with this code.
    """
    rule = RULES.get(code)
    if rule is None:
        detail = f"Give one of {', '.join(RULES)}."
        raise UnknownRule(detail, errors=[FieldError("/rule", "unknown_rule", detail)])
    return rule


def judge(facts: Facts, rules: Mapping[str, Tuned]) -> list[tuple[Tuned, Answer]]:
    """This function will return the answers of the rules that are in use and have something to
    judge, in the order of the rules."""
    answers = ((tuned, tuned.judge(facts)) for tuned in rules.values() if tuned.is_enabled)
    return [(tuned, answer) for tuned, answer in answers if answer is not None]
