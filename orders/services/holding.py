"""Opens hold rows; who may lift them and what follows stands in holds.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms.core import bulk, clock
from oms.core.context import current
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import OrderHeld
from orders.models import Hold, Order

#: What each type stops. Everything stops before goods move unless a type says less.
SCOPES = {kind: ["routing", "picking", "label", "shipping"] for kind in Hold.Type.values}
#: How long a person has before a hold is late.
ANSWER_WITHIN = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class HoldDraft:
    order: Order
    type: str
    reason: str
    at: datetime | None = None
    #: What it stops; empty: all that its type stops.
    scopes: tuple[str, ...] = ()


@needs_transaction
def open_many(*, drafts: Sequence[HoldDraft]) -> int:
    """This function will open the holds and tell of each; one that is open already stays.

    :returns: how many were opened.
    """
    if not drafts:
        return 0
    actor, now = current().actor, clock.now()
    rows = bulk.insert_rows(
        Hold,
        [
            {
                "order_id": draft.order.pk,
                "type": draft.type,
                "scopes": list(draft.scopes) or SCOPES[draft.type],
                "reason": draft.reason[:200],
                "author": actor,
                "opened_at": draft.at or now,
                "due_at": (draft.at or now) + ANSWER_WITHIN,
                "released_by": "",
                "release_reason": "",
            }
            for draft in drafts
        ],
        on_conflict="ON CONFLICT (order_id, type) WHERE released_at IS NULL DO NOTHING",
        returning="order_id, type",
    )
    opened = set(rows)
    emitting.emit_many(
        [_held(draft, now) for draft in drafts if (draft.order.pk, draft.type) in opened]
    )
    return len(rows)


def _held(draft: HoldDraft, now: datetime) -> OrderHeld:
    at = draft.at or now
    return OrderHeld(
        organization_id=draft.order.organization_id,
        order_ref=draft.order.public_id,
        number=str(draft.order.number),
        occurred_at=at,
        hold_type=draft.type,
        reason=draft.reason[:200],
        due_at=at + ANSWER_WITHIN,
    )
