"""Approvals: somebody with the authority for an order's amount, and not its maker, says yes or no.

Locks go order first, so that of two people who decide at once one wins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from oms.core import bulk, clock
from oms.core.context import current
from oms.core.errors import Conflict, Forbidden, Invalid, NotFound
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.events import ApprovalDecided, ApprovalExpired
from orders.models import Amendment, Approval, Hold, Order, OrderStatusChange
from orders.selectors.orders import UnknownOrder
from orders.services import authority, cancellation, holding, holds, rejecting

Decision = Literal["approve", "reject"]
State = Approval.State
#: Asked for again at this level, and at no higher one: administrators answer for any amount.
HIGHEST_LEVEL = 2


class NothingToDecide(NotFound):
    """No approval was ever asked for."""

    code = "orders.nothing_to_decide"


class DecidedAlready(Conflict):
    """Somebody was faster, or the order was closed."""

    code = "orders.decided_already"


class OwnOrder(Forbidden):
    """Four eyes: who made an order or changed it last does not approve it."""

    code = "orders.own_order"


class UnknownDecision(Invalid):
    code = "orders.unknown_decision"


@use_case
def decide(*, order_id: int, decision: str, reason: str) -> Approval:
    """This function will approve an order, which lifts its hold, or reject it: one that is being
    verified is rejected, another one cancelled.

    :raises UnknownDecision: neither `approve` nor `reject`.
    :raises UnknownOrder: there is none.
    :raises NothingToDecide: no approval was asked for.
    :raises DecidedAlready: it was decided, has expired or was withdrawn.
    :raises NoAuthority: the order is worth more than who acts may answer for.
    :raises OwnOrder: who acts made the order, or changed it last.
    :raises CannotCancel: it is rejected too late; nothing changes.
    """
    if decision not in ("approve", "reject"):
        raise UnknownDecision("Say approve or reject.")
    order = _lock(order_id)
    approval = _pending(order)
    _require_authority(order, approval)
    _require_other_eyes(order)
    is_approved = decision == "approve"
    _close(approval, State.APPROVED if is_approved else State.REJECTED, reason)
    emitting.emit(
        ApprovalDecided(
            organization_id=order.organization_id,
            order_ref=order.public_id,
            number=str(order.number),
            occurred_at=clock.now(),
            is_approved=is_approved,
            reason=reason[:200],
        )
    )
    if is_approved:
        holds.lift(orders=[order], type=Hold.Type.APPROVAL, reason=reason)
    else:
        _refuse(order, reason)
    return approval


def _lock(order_id: int) -> Order:
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise UnknownOrder("There is no such order.")
    return order


def _pending(order: Order) -> Approval:
    latest = Approval.objects.filter(order=order).order_by("-pk").first()
    if latest is None:
        raise NothingToDecide(f"No approval of order {order.number} was asked for.")
    if latest.state != State.PENDING:
        done = str(latest.get_state_display()).lower()
        raise DecidedAlready(
            f"The approval of order {order.number} is {done}.", data={"state": latest.state}
        )
    return latest


def _require_authority(order: Order, approval: Approval) -> None:
    # An order may have grown since it was asked for.
    amount = max(approval.amount, order.owed_amount)
    error = authority.shortfall(
        authority.of_actor(), amount=amount, currency=order.currency, level=approval.level
    )
    if error is not None:
        raise error


def _require_other_eyes(order: Order) -> None:
    if current().actor in makers_of(order):
        raise OwnOrder("You made this order or changed it last; somebody else must decide.")


def makers_of(order: Order) -> Collection[str]:
    """This function will return who made the order and who changed it last."""
    made = OrderStatusChange.objects.filter(subject=order).order_by("pk")
    changed = Amendment.objects.filter(order=order, state=Amendment.State.CONFIRMED)
    last = changed.order_by("-closed_at", "-pk").values_list("author", "closed_by").first()
    return {*made.values_list("actor", flat=True)[:1], *(last or ())}


def _close(approval: Approval, state: str, reason: str) -> None:
    approval.state, approval.decided_at = state, clock.now()
    approval.decided_by, approval.decision_reason = current().actor, reason[:200]
    approval.save(update_fields=["state", "decided_at", "decided_by", "decision_reason"])


def _refuse(order: Order, reason: str) -> None:
    if order.status == Order.Status.VERIFYING:
        rejecting.reject_many(orders=[order], reason_for=lambda _order: reason)
    else:
        cancellation.cancel_within(order_id=order.pk, reason=reason)


@use_case
def expire_due(*, limit: int) -> int:
    """This function will end approvals nobody decided in time, tell of each, and ask for each anew
    at the next level.

    :returns: how many had expired; constant statements for any number.
    """
    now = clock.now()
    due = Approval.objects.filter(state=State.PENDING, expires_at__lte=now).order_by("expires_at")
    keys = set(due.values_list("order_id", flat=True)[:limit])
    orders = {o.pk: o for o in Order.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
    # Read again behind the locks: somebody may have decided meanwhile.
    over = list(
        Approval.objects.filter(
            order__in=list(orders), state=State.PENDING, expires_at__lte=now
        ).order_by("pk")
    )
    _expire(over, orders, now)
    return len(over)


def _expire(over: Sequence[Approval], orders: dict[int, Order], now: datetime) -> None:
    bulk.update_rows(
        Approval,
        [
            {"id": a.pk, "state": State.EXPIRED.value, "decided_at": now}
            | {"decided_by": current().actor}
            for a in over
        ],
    )
    emitting.emit_many([_expired(a, orders[a.order_id], now) for a in over])
    for level in range(1, HIGHEST_LEVEL + 1):
        mine = [a for a in over if min(a.level + 1, HIGHEST_LEVEL) == level]
        holding.ask_for_approval(
            orders=[orders[a.order_id] for a in mine],
            reasons={a.order_id: a.reason for a in mine},
            level=level,
        )


def _expired(approval: Approval, order: Order, now: datetime) -> ApprovalExpired:
    return ApprovalExpired(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=now,
        amount=str(approval.amount),
        currency=approval.currency,
        level=approval.level,
    )
