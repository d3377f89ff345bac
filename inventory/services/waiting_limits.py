"""How many units may wait for a variant on a channel: the most specific selling rule decides.

Order of precedence: variant and channel, variant, channel, neither. A limit counts what waits on
all channels that its rule decides for; other rules' channels have limits of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection

from inventory.models import Backorder
from inventory.services import _backlog_sql

Kind = Backorder.Kind

#: (organization, variant or None, channel or ""): where a rule stands.
RuleKey = tuple[int, int | None, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits of one selling rule; None is unlimited, 0 is none."""

    key: RuleKey
    backorder_limit: int | None
    preorder_limit: int | None
    preorder_ships_on: date | None

    def kind_on(self, today: date) -> str:
        """This function will tell what waiting is today: a preorder until the day it ships."""
        is_early = self.preorder_ships_on is None or self.preorder_ships_on >= today
        return Kind.PREORDER if self.preorder_limit != 0 and is_early else Kind.BACKORDER

    def limit_of(self, kind: str) -> int | None:
        return self.preorder_limit if kind == Kind.PREORDER else self.backorder_limit


class Rules:
    """The rules of some variants, to ask for the one that decides."""

    def __init__(self, rules: Collection[Rule]) -> None:
        self._rules = {rule.key: rule for rule in rules}

    def find(self, organization_id: int, variant_id: int, channel: str) -> Rule | None:
        """This function will return the rule that decides, or None: then nothing may wait."""
        for variant, name in ((variant_id, channel), (variant_id, ""), (None, channel), (None, "")):
            rule = self._rules.get((organization_id, variant, name))
            if rule is not None:
                return rule
        return None

    def allow(self, organization_id: int, variant_id: int, channel: str, today: date) -> bool:
        """This function will tell whether anything may wait, whatever waits already."""
        rule = self.find(organization_id, variant_id, channel)
        return rule is not None and rule.limit_of(rule.kind_on(today)) != 0


def rules_of(*, organization_ids: Collection[int], variant_ids: Collection[int]) -> Rules:
    """This function will read the rules that may decide for the variants, in one statement."""
    params = [sorted(set(organization_ids)), sorted(set(variant_ids))]
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.RULES, params)
        return Rules([Rule((row[0], row[1], row[2]), *row[3:]) for row in cursor.fetchall()])
