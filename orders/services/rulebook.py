"""Changes how rules judge: every change is a new version, with an author and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from oms.core import clock
from oms.core.context import current
from oms.core.errors import Conflict, FieldError
from oms.core.transactions import use_case
from orders import rules
from orders.channels import selectors as channels
from orders.models import VerificationRule
from orders.rules import HOLD, REJECT, WARN, InvalidRule, Rule

MAX_REASON = 200


class RuleChanged(Conflict):
    """Somebody made another version meanwhile; look at it first."""

    code = "orders.rule_changed"


@use_case
def change(
    *,
    organization_id: int,
    channel: str,
    rule: str,
    settings: Mapping[str, Any],
    verdict: str,
    is_enabled: bool,
    reason: str,
    based_on: int,
) -> VerificationRule:
    """This function will make a new version of a rule, for an organization ("") or one channel.

    `based_on` is the version that was looked at, 0 for the one of the code.

    :raises UnknownRule: no such rule.
    :raises InvalidRule: with every wrong field; nothing is changed.
    :raises UnknownChannel: the organization has no such channel.
    :raises RuleChanged: another version holds by now.
    """
    chosen = rules.find(rule)
    if channel:
        channels.get_facts(organization_id=organization_id, code=channel)
    _check(chosen, verdict, reason)
    typed = rules.parse(chosen.settings, settings)
    mine = VerificationRule.objects.filter(organization_id=organization_id, rule=rule)
    holding = _lock(organization_id, channel, rule)
    if _version_of(holding, channel) != based_on:
        raise RuleChanged("Somebody changed this rule meanwhile; look at it, then decide.")
    old = holding.get(channel)
    if old is not None:
        old.is_current = False
        old.save(update_fields=["is_current"])
    highest = mine.aggregate(Max("version"))["version__max"] or 0
    return _insert(
        VerificationRule(
            organization_id=organization_id,
            channel=channel,
            rule=rule,
            version=highest + 1,
            is_enabled=is_enabled,
            verdict=verdict,
            settings=rules.as_json(typed),
            author=current().actor,
            reason=reason.strip(),
            created_at=clock.now(),
        )
    )


def _check(rule: Rule, verdict: str, reason: str) -> None:
    errors = []
    allowed = [v for v in (WARN, HOLD, REJECT) if v != REJECT or rule.is_decided_here]
    if verdict not in allowed:
        detail = f"Give one of {', '.join(allowed)}."
        errors.append(FieldError("/verdict", "invalid_verdict", detail))
    if not reason.strip() or len(reason) > MAX_REASON:
        detail = f"Say why, in 1 to {MAX_REASON} characters."
        errors.append(FieldError("/reason", "required", detail))
    if errors:
        raise InvalidRule(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)


def _lock(organization_id: int, channel: str, rule: str) -> dict[str, VerificationRule]:
    rows = VerificationRule.objects.select_for_update().filter(
        organization_id=organization_id,
        channel__in={"", channel},
        rule=rule,
        is_current=True,
    )
    return {row.channel: row for row in rows.order_by("pk")}


def _version_of(holding: Mapping[str, VerificationRule], channel: str) -> int:
    row = holding.get(channel) or holding.get("")
    return row.version if row else 0


def _insert(row: VerificationRule) -> VerificationRule:
    """The first version has no row to lock: of two at once the constraint lets one through."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise RuleChanged("Somebody changed this rule in the same moment.") from error
    return row
