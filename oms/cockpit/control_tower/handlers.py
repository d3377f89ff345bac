"""What the control tower does when something happened: open cases, close those that healed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from oms.cockpit import hints
from oms.cockpit.control_tower import triage
from oms.cockpit.control_tower.services import cases
from oms.cockpit.control_tower.services.cases import CaseDraft, Healed
from oms.infra.outbox.subscriptions import Delivered, subscribe
from orders.selectors import board as order_board


@subscribe(*triage.EVENTS, consumer="control_tower.cases", batch_size=500)
def on_facts(facts: Sequence[Delivered[Any]]) -> None:
    steps = [step for fact in facts for step in triage.steps(fact)]
    for drafts, healed in _runs(_named(steps)):
        cases.open_many(drafts=drafts)
        cases.heal_many(healed=healed)
    hints.publish_on_commit({hints.BOARD})


def _named(steps: Sequence[triage.Step]) -> list[triage.Step]:
    """Shipments do not know what people call their order."""
    unnamed = {s.correlation_id for s in steps if isinstance(s, CaseDraft) and not s.label}
    orders = order_board.facts_by_ref(order_refs=unnamed) if unnamed else {}
    return [
        replace(step, label=str(orders[step.correlation_id].number))
        if isinstance(step, CaseDraft) and step.correlation_id in orders
        else step
        for step in steps
    ]


def _runs(steps: Sequence[triage.Step]) -> list[tuple[list[CaseDraft], list[Healed]]]:
    """Cuts the steps so that, within a run, opening first and then closing says the same.

    Nearly every batch is one run; a case that closes and opens again within a batch starts another.
    """
    runs: list[tuple[list[CaseDraft], list[Healed]]] = [([], [])]
    closed: set[tuple[str, str, str]] = set()
    for step in steps:
        if isinstance(step, Healed):
            closed.update((kind, step.subject_kind, step.subject_ref) for kind in step.kinds)
            runs[-1][1].append(step)
            continue
        if (step.kind, step.subject_kind, step.subject_ref) in closed:
            runs.append(([], []))
            closed.clear()
        runs[-1][0].append(step)
    return runs
