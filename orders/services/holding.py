"""Opens hold rows; who may lift them and what follows stands in holds.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms.core import bulk, clock
from oms.core.context import current
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import ApprovalRequested, OrderHeld
from orders.models import Approval, Hold, Order

#: What each type stops. Everything stops before goods move unless a type says less.
SCOPES = {kind: ["routing", "picking", "label", "shipping"] for kind in Hold.Type.values}
#: Holds that end by a new route, not by a person's word.
ROUTED_HOLDS = ("stock", "routing")
#: How long a person has before a hold is late.
ANSWER_WITHIN = timedelta(hours=4)
#: How long an approval is asked for before it is asked for at a higher level.
DECIDE_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class HoldDraft:
    order: Order
    type: str
    reason: str
    at: datetime | None = None
    #: What it stops; empty: all that its type stops.
    scopes: tuple[str, ...] = ()
    #: When an answer is due; else `ANSWER_WITHIN` after it was opened.
    due_at: datetime | None = None
    #: When it ends by itself.
    releases_at: datetime | None = None
    #: Who wants it; else whoever acts.
    author: str = ""
    #: The rule that objects.
    rule: str = ""


@needs_transaction
def open_many(*, drafts: Sequence[HoldDraft]) -> set[tuple[int, str]]:
    """This function will open the holds and tell of each; one that is open already stays. A hold
    of type `approval` asks for an approval of what the order is worth.

    Work that the floor or a carrier has already is stopped by `stopping.tell`.

    :returns: order and type of those that were opened.
    """
    if not drafts:
        return set()
    now = clock.now()
    opened = set(
        bulk.insert_rows(
            Hold,
            [_row(draft, now) for draft in drafts],
            on_conflict="ON CONFLICT (order_id, type) WHERE released_at IS NULL DO NOTHING",
            returning="order_id, type",
        )
    )
    fresh = [draft for draft in drafts if (draft.order.pk, draft.type) in opened]
    emitting.emit_many([_held(draft, now) for draft in fresh])
    ask_for_approval(
        orders=[draft.order for draft in fresh if draft.type == Hold.Type.APPROVAL],
        reasons={draft.order.pk: draft.reason for draft in fresh},
    )
    return {(order_id, kind) for order_id, kind in opened}


def _row(draft: HoldDraft, now: datetime) -> dict[str, Any]:
    at = draft.at or now
    return {
        "order_id": draft.order.pk,
        "type": draft.type,
        "scopes": list(draft.scopes) or SCOPES[draft.type],
        "reason": draft.reason[:200],
        "rule": draft.rule,
        "author": draft.author or current().actor,
        "opened_at": at,
        "due_at": draft.due_at or at + ANSWER_WITHIN,
        "releases_at": draft.releases_at,
        "released_by": "",
        "release_reason": "",
    }


def _held(draft: HoldDraft, now: datetime) -> OrderHeld:
    at = draft.at or now
    return OrderHeld(
        organization_id=draft.order.organization_id,
        order_ref=draft.order.public_id,
        number=str(draft.order.number),
        occurred_at=at,
        hold_type=draft.type,
        reason=draft.reason[:200],
        due_at=draft.due_at or at + ANSWER_WITHIN,
        scopes=list(draft.scopes) or SCOPES[draft.type],
    )


@needs_transaction
def ask_for_approval(*, orders: Sequence[Order], reasons: dict[int, str], level: int = 1) -> None:
    """This function will ask for the orders' approval, for what each is worth now; one that is
    asked for already stays."""
    if not orders:
        return
    now, actor = clock.now(), current().actor
    asked = bulk.insert_rows(
        Approval,
        [
            {
                "order_id": order.pk,
                "state": Approval.State.PENDING.value,
                "level": level,
                "reason": reasons[order.pk][:200],
                "amount": order.owed_amount,
                "currency": order.currency,
                "requested_by": actor,
                "expires_at": now + DECIDE_WITHIN,
                "decided_by": "",
                "decision_reason": "",
                "created_at": now,
            }
            for order in orders
        ],
        on_conflict="ON CONFLICT (order_id) WHERE state = 'pending' DO NOTHING",
        returning="order_id",
    )
    fresh = {row[0] for row in asked}
    emitting.emit_many(
        [
            ApprovalRequested(
                organization_id=order.organization_id,
                order_ref=order.public_id,
                number=str(order.number),
                occurred_at=now,
                reason=reasons[order.pk][:200],
                amount=str(order.owed_amount),
                currency=order.currency,
                level=level,
            )
            for order in orders
            if order.pk in fresh
        ]
    )


@needs_transaction
def close_all(*, orders: Sequence[Order], author: str, reason: str) -> None:
    """This function will end the holds of orders that go no further, and withdraw the approvals
    that were asked for, in two statements."""
    now = clock.now()
    Hold.objects.filter(order__in=orders, released_at=None).update(
        released_at=now, released_by=author, release_reason=reason
    )
    Approval.objects.filter(order__in=orders, state=Approval.State.PENDING).update(
        state=Approval.State.WITHDRAWN,
        decided_at=now,
        decided_by=author,
        decision_reason=reason,
    )
