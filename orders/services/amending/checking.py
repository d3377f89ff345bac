"""Asks the rules again about what an edit changed: new answers stored as a run of their own, holds
opened, and those lifted that the edit settled."""

from __future__ import annotations

from django.db.models import Max

from oms.core import bulk, clock
from oms.core.addresses import PostalAddress, Verdict
from oms.core.transactions import needs_transaction
from orders.models import Order, RuleResult
from orders.rules import HOLD, PASS, Answer, Facts, Rule, judge
from orders.services import holding, holds, stopping
from orders.services.amending.editing import Edited


@needs_transaction
def check_again(*, order: Order, edited: Edited) -> None:
    """This function will judge the edited order by the rules whose facts the edit changed."""
    answers = _answers(order, edited)
    if not answers:
        return
    _store(order, answers)
    opened = holding.open_many(
        drafts=[
            holding.HoldDraft(order=order, type=rule.hold_type, reason=answer.reasons[0]["detail"])
            for rule, answer in answers
            if answer.verdict == HOLD
        ]
    )
    if opened:
        stopping.tell(orders=[order])
    for rule, answer in answers:
        if rule.code == "address" and answer.verdict == PASS:
            holds.lift(orders=[order], type=rule.hold_type, reason="The address was changed.")


def _answers(order: Order, edited: Edited) -> list[tuple[Rule, Answer]]:
    asked = set()
    if edited.destination is not None:
        asked.add("address")
    if edited.grown or edited.added:
        asked.add("quantity")
    facts = Facts(
        address=edited.destination.verdict if edited.destination else _as_before(order),
        quantities=tuple(line.wanted for line in edited.every_line),
        placed_at=order.placed_at,
    )
    return [(rule, answer) for rule, answer in judge(facts) if rule.code in asked]


def _as_before(order: Order) -> Verdict:
    return Verdict(PostalAddress(order.country), ())


def _store(order: Order, answers: list[tuple[Rule, Answer]]) -> None:
    last = RuleResult.objects.filter(order=order).aggregate(Max("run"))["run__max"] or 0
    bulk.insert_rows(
        RuleResult,
        [
            {
                "order_id": order.pk,
                "rule": rule.code,
                "rule_version": rule.version,
                "run": last + 1,
                "verdict": answer.verdict,
                "reasons": list(answer.reasons),
                "created_at": clock.now(),
            }
            for rule, answer in answers
        ],
    )
