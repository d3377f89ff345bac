"""Who may call the carrier for which label: claims that survive nobody's death unnoticed.

A claim is committed before the call. A claim whose lease ran out means a caller died in the middle:
the label may or may not be bought, which is doubt, not a free retry. All times are wall-clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from carriers.events import LabelInDoubt
from carriers.models import LabelIntent, Shipment
from carriers.services.facts import about, label_time
from oms.core import clock, transitions
from oms.core.transactions import needs_transaction, use_case

#: Longer than one chunk of calls can take.
LEASE: Final = timedelta(seconds=60)
#: A look-up sooner might overtake the purchase it asks about.
GRACE: Final = timedelta(seconds=10)

_CLAIM = """
UPDATE carriers_labelintent SET state = 'calling', lease_until = %(lease)s, tries = tries + 1
WHERE id IN (
    SELECT i.id FROM carriers_labelintent i JOIN carriers_shipment s ON s.id = i.shipment_id
    WHERE i.state = 'due' AND i.available_at <= %(now)s AND s.label_blocked_by = ''
      AND (%(refs)s::text[] IS NULL OR s.public_id = ANY(%(refs)s::text[]))
    ORDER BY i.available_at, i.id
    LIMIT %(limit)s
    FOR UPDATE OF i SKIP LOCKED
    -- Whoever stops a label holds its shipment: it is stopped before the claim or after, not amid.
    FOR SHARE OF s SKIP LOCKED
)
RETURNING id
"""
_CLAIM_DOUBTS = """
UPDATE carriers_labelintent SET available_at = %(lease)s
WHERE id IN (
    SELECT id FROM carriers_labelintent
    WHERE state = 'in_doubt' AND available_at <= %(now)s
    ORDER BY available_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


@use_case
def claim_due(*, limit: int, shipment_refs: Sequence[str] | None) -> list[LabelIntent]:
    """This function will take due intents for the caller alone, with all that the call needs."""
    return _claim(_CLAIM, limit=limit, refs=None if shipment_refs is None else list(shipment_refs))


@use_case
def claim_doubts(*, limit: int) -> list[LabelIntent]:
    """This function will take intents in doubt for the caller alone, for as long as a lease."""
    return _claim(_CLAIM_DOUBTS, limit=limit)


def _claim(statement: str, **given: Any) -> list[LabelIntent]:
    now = clock.real_now()
    with connection.cursor() as cursor:
        cursor.execute(statement, {"now": now, "lease": now + LEASE, **given})
        claimed = [row[0] for row in cursor.fetchall()]
    return list(
        LabelIntent.objects.filter(pk__in=claimed)
        .select_related("shipment__service")
        .order_by("pk")
    )


@use_case
def expire_leases(*, limit: int) -> int:
    """This function will put intents in doubt whose caller did not come back in time."""
    now = clock.real_now()
    lost = list(
        LabelIntent.objects.select_for_update(of=("self", "shipment"), skip_locked=True)
        .filter(state=LabelIntent.State.CALLING, lease_until__lt=now)
        .select_related("shipment")
        .order_by("shipment_id")[:limit]
    )
    doubt(lost)
    LabelIntent.objects.filter(pk__in=[intent.pk for intent in lost]).update(
        state=LabelIntent.State.IN_DOUBT,
        lease_until=None,
        available_at=now,
        error_code="carriers.lease_expired",
    )
    return len(lost)


@needs_transaction
def doubt(intents: Sequence[LabelIntent]) -> None:
    """This function will tell, once per label, that nobody knows whether it was bought.

    The intents and their shipments are locked by the caller.
    """
    times = {intent.shipment_id: label_time(intent) for intent in intents}
    transitions.apply_many(
        [
            intent.shipment
            for intent in intents
            if intent.shipment.status == Shipment.Status.LABEL_REQUESTED
        ],
        "doubt_label",
        at_for=lambda s: times[s.pk],
        event_for=lambda s: LabelInDoubt(**about(s), occurred_at=times[s.pk]),
    )
