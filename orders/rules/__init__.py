"""Verification rules: pure functions from facts and settings to what they object to.

Nothing physical starts before every rule has answered. What follows an objection (a warning, a
hold, a rejection) and the settings are data with versions, per organization and channel; the
defaults stand here in code as version 0.
"""

from orders.rules.answers import HOLD, PASS, REJECT, WARN, Answer, Finding
from orders.rules.facts import (
    ContactFacts,
    CreditFacts,
    Facts,
    History,
    LineFacts,
    Nearby,
)
from orders.rules.registry import BUILT_IN, RULES, Rule, Tuned, UnknownRule, find, judge
from orders.rules.settings import InvalidRule, as_json, parse

__all__ = [
    "BUILT_IN",
    "HOLD",
    "PASS",
    "REJECT",
    "RULES",
    "WARN",
    "Answer",
    "ContactFacts",
    "CreditFacts",
    "Facts",
    "Finding",
    "History",
    "InvalidRule",
    "LineFacts",
    "Nearby",
    "Rule",
    "Tuned",
    "UnknownRule",
    "as_json",
    "find",
    "judge",
    "parse",
]
