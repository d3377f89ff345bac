"""The rules as they are set now, and their versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db.models import Max, QuerySet

from orders.models import RuleResult, VerificationRule
from orders.rules import BUILT_IN, RULES, Tuned, parse

#: An organization and the code of one of its channels; "" is all of them.
Scope = tuple[int, str]
Rulebook = Mapping[str, Tuned]


def current(*, scopes: Collection[Scope]) -> dict[Scope, Rulebook]:
    """This function will return the rules that hold in each scope, in one statement.

    A channel's own version goes before its organization's, that before the one of the code.
    """
    wanted = set(scopes)
    rows = VerificationRule.objects.filter(
        organization_id__in={organization_id for organization_id, _ in wanted},
        channel__in={"", *(channel for _, channel in wanted)},
        is_current=True,
    )
    found: dict[Scope, dict[str, Tuned]] = defaultdict(dict)
    for row in rows.order_by("pk"):
        if row.rule in RULES:
            found[row.organization_id, row.channel][row.rule] = tuned(row)
    return {
        (organization_id, channel): {
            **BUILT_IN,
            **found[organization_id, ""],
            **found[organization_id, channel],
        }
        for organization_id, channel in wanted
    }


def tuned(row: VerificationRule) -> Tuned:
    """This function will return a stored version as the rules take it."""
    rule = RULES[row.rule]
    settings = parse(rule.settings, row.settings, is_strict=False)
    return Tuned(rule, settings, row.verdict, row.version, row.is_enabled)


def list_versions(*, organization_id: int, rule: str) -> QuerySet[VerificationRule]:
    """This function will return all versions of a rule, of every channel, newest first."""
    rows = VerificationRule.objects.filter(organization_id=organization_id, rule=rule)
    return rows.order_by("-version")


def list_answers(*, order_id: int) -> list[RuleResult]:
    """This function will return the newest run of an order's rules."""
    rows = RuleResult.objects.filter(order_id=order_id)
    newest = rows.aggregate(Max("run"))["run__max"]
    return list(rows.filter(run=newest).order_by("pk")) if newest else []
