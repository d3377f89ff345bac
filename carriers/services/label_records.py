"""Writes down what carriers answered: one transaction, a constant number of statements.

An answer counts only for the claim it was given to; one that comes after somebody else settled the
matter is dropped.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from carriers.adapters.base import LabelResult
from carriers.events import LabelBought, LabelRefused
from carriers.models import LabelFile, LabelIntent, Shipment
from carriers.selectors.labels import label_context
from carriers.services.facts import about, label_time
from carriers.services.label_calls import ODD_WAIT_S, Fate, Outcome
from carriers.services.label_claims import GRACE, doubt
from carriers.services.scans import adopt
from oms.core import bulk, clock, transitions
from oms.core.transactions import use_case
from oms.infra.contacts.services import vault

logger = logging.getLogger(__name__)

State = LabelIntent.State

#: By intent: its two files, sealed.
Sealed = Mapping[int, Sequence[tuple[str, bytes]]]


def seal_files(intents: Sequence[LabelIntent], outcomes: Sequence[Outcome]) -> Sealed:
    """This function will seal bought labels under their recipients' keys.

    A recipient erased in this moment has no files; the label is bought all the same.
    """
    shipments = {intent.pk: intent.shipment for intent in intents}
    wanted = [
        (outcome.intent_id, name, data)
        for outcome in outcomes
        if outcome.result is not None
        for name, data in (("pdf", outcome.result.label_pdf), ("zpl", outcome.result.label_zpl))
    ]
    items = [
        (shipments[pk].contact_id, data, label_context(shipments[pk], name))
        for pk, name, data in wanted
    ]
    files: dict[int, list[tuple[str, bytes]]] = {}
    for (pk, name, _), sealed in zip(wanted, vault.seal_for_many(items=items), strict=True):
        if sealed is not None:
            files.setdefault(pk, []).append((name, sealed))
    return files


@use_case
def record(*, outcomes: Sequence[Outcome], files: Sealed) -> None:
    """This function will settle intents and shipments by what the carriers answered."""
    locked = _lock(outcomes)
    settled = _believable(locked, [o for o in outcomes if _counts(o, locked.get(o.intent_id))])
    by_fate: dict[Fate, list[LabelIntent]] = {fate: [] for fate in Fate}
    for outcome in settled:
        by_fate[outcome.fate].append(locked[outcome.intent_id])
    results = {locked[o.intent_id].shipment_id: o.result for o in settled if o.result is not None}
    errors = {locked[o.intent_id].shipment_id: o.error_code for o in settled}
    _attach(by_fate[Fate.BOUGHT], results, files)
    _refuse(by_fate[Fate.REFUSED], errors)
    doubt(by_fate[Fate.DOUBT])
    bulk.update_rows(LabelIntent, [_intent_row(outcome) for outcome in settled])


def _lock(outcomes: Sequence[Outcome]) -> dict[int, LabelIntent]:
    rows = (
        LabelIntent.objects.select_for_update(of=("self", "shipment"))
        .filter(pk__in=[outcome.intent_id for outcome in outcomes])
        .select_related("shipment__service", "shipment__account")
        .order_by("shipment_id")
    )
    return {intent.pk: intent for intent in rows}


def _counts(outcome: Outcome, intent: LabelIntent | None) -> bool:
    if intent is None or intent.tries != outcome.tries:
        return False
    if intent.state == State.IN_DOUBT:
        return True
    return intent.state == State.CALLING


def _believable(locked: Mapping[int, LabelIntent], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """A tracking number that another parcel has is not this parcel's label."""
    bought = [(o, o.result) for o in outcomes if o.result is not None]
    numbers = [(locked[o.intent_id].shipment.account_id, r.tracking_number) for o, r in bought]
    rows = Shipment.objects.filter(tracking_number__in=[number for _, number in numbers])
    taken = Counter(numbers) + Counter(rows.values_list("account_id", "tracking_number"))
    odd = {o.intent_id for (o, _), number in zip(bought, numbers, strict=True) if taken[number] > 1}
    if odd:
        logger.error("carrier sold %d labels under numbers in use", len(odd))
    return [_odd(o) if o.intent_id in odd else o for o in outcomes]


def _odd(outcome: Outcome) -> Outcome:
    return replace(
        outcome,
        fate=Fate.DOUBT,
        result=None,
        error_code="carriers.odd_label.number_in_use",
        wait_s=ODD_WAIT_S,
    )


def _attach(
    intents: Sequence[LabelIntent], results: Mapping[int, LabelResult], files: Sealed
) -> None:
    times = {intent.shipment_id: label_time(intent) for intent in intents}
    shipments = [intent.shipment for intent in intents]
    transitions.apply_many(
        shipments,
        "attach_label",
        at_for=lambda s: times[s.pk],
        kwargs_for=lambda s: {
            "tracking_number": results[s.pk].tracking_number,
            "cost_amount": results[s.pk].cost,
            "cost_currency": results[s.pk].currency,
        },
        event_for=lambda s: LabelBought(
            **about(s),
            occurred_at=times[s.pk],
            tracking_number=s.tracking_number,
            service_code=s.service.code,
            cost_amount=str(s.cost_amount),
            cost_currency=s.cost_currency,
        ),
    )
    bulk.insert_rows(
        LabelFile,
        [
            {
                "shipment_id": intent.shipment_id,
                "format": name,
                "sealed": sealed,
                "created_at": times[intent.shipment_id],
            }
            for intent in intents
            for name, sealed in files.get(intent.pk, ())
        ],
    )
    adopt(shipments=shipments)


def _refuse(intents: Sequence[LabelIntent], errors: Mapping[int, str]) -> None:
    times = {intent.shipment_id: label_time(intent) for intent in intents}
    transitions.apply_many(
        [intent.shipment for intent in intents],
        "fail_label",
        at_for=lambda s: times[s.pk],
        event_for=lambda s: LabelRefused(
            **about(s), occurred_at=times[s.pk], error_code=errors[s.pk]
        ),
    )


_STATES = {
    Fate.BOUGHT: State.BOUGHT,
    Fate.REFUSED: State.REFUSED,
    Fate.LATER: State.DUE,
    Fate.DOUBT: State.IN_DOUBT,
}


def _intent_row(outcome: Outcome) -> dict[str, Any]:
    wait = timedelta(seconds=outcome.wait_s)
    if outcome.fate is Fate.DOUBT:
        wait = max(wait, GRACE)
    return {
        "id": outcome.intent_id,
        "state": _STATES[outcome.fate],
        "lease_until": None,
        "available_at": clock.real_now() + wait,
        "error_code": outcome.error_code,
    }
