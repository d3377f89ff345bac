"""Opens returns: only what was delivered, each unit once, approved or declined by the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from oms.core import clock, transitions
from oms.core.errors import Conflict, FieldError
from oms.core.locks import LockSpace, hold
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from returns import eligibility
from returns.events import ReturnApproved, ReturnDeclined, ReturnRequested
from returns.models import Return, ReturnLine
from returns.selectors import deliveries
from returns.selectors import returns as selectors
from returns.selectors.deliveries import Delivery
from returns.types import WantedLine


class NowhereToReturn(Conflict):
    code = "returns.no_node"


@use_case
def request(
    *,
    organization_id: int,
    order_ref: str,
    lines: Sequence[WantedLine],
    reason: str,
    actor: str,
    at: datetime | None = None,
    within: Callable[[Return], None] | None = None,
) -> Return:
    """This function will open a return and decide on it.

    Approved within the window after delivery, else declined with the reason in its history.
    `within` is called before the commit: what it stores becomes durable together with the return.

    :raises UnknownOrder: the organization has no such order.
    :raises InvalidReturn: no line, an unknown one, one named twice, a wrong quantity or reason.
    :raises NotReturnable: more than was delivered and is not on its way back.
    :raises NowhereToReturn: no node takes returns.
    """
    _require_reason(reason)
    eligibility.require_shape(lines)
    delivery = deliveries.get_delivery(organization_id=organization_id, order_ref=order_ref)
    # Two requests for the last unit: the second waits here, then sees what the first claimed.
    hold(LockSpace.RETURNS, delivery.order_id)
    eligibility.require_returnable(
        lines,
        delivered={position: line.delivered for position, line in delivery.lines.items()},
        claimed=selectors.claimed_units(order_id=delivery.order_id),
    )
    opened = _open(delivery, lines, reason, at or clock.now())
    _decide(opened, delivery, sum(line.quantity for line in lines), actor)
    if within is not None:
        within(opened)
    return opened


def _require_reason(reason: str) -> None:
    if reason not in Return.Reason.values:
        known = ", ".join(Return.Reason.values)
        raise eligibility.InvalidReturn(
            "There is no such reason.",
            errors=[FieldError("/reason", "unknown_reason", f"Known: {known}.")],
        )


def _open(delivery: Delivery, lines: Sequence[WantedLine], reason: str, at: datetime) -> Return:
    sources = [delivery.lines[line.position] for line in lines]
    node_id = deliveries.find_return_node(
        delivery=delivery, line_ids=[source.id for source in sources]
    )
    if node_id is None:
        raise NowhereToReturn("No node takes returns for this organization.")
    opened = Return.objects.create(
        organization_id=delivery.organization_id,
        order_id=delivery.order_id,
        node_id=node_id,
        reason=reason,
        created_at=at,
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(
            parent=opened,
            order_line_id=source.id,
            variant_id=source.variant_id,
            quantity=line.quantity,
        )
        for line, source in zip(lines, sources, strict=True)
    )
    return opened


def _decide(opened: Return, delivery: Delivery, units: int, actor: str) -> None:
    at = opened.created_at
    about: dict[str, Any] = {
        "organization_id": delivery.organization_id,
        "return_ref": opened.public_id,
        "order_ref": delivery.order_ref,
        "occurred_at": at,
    }
    emitting.emit(ReturnRequested(**about, reason=opened.reason, units=units))
    why = eligibility.why_declined(delivered_at=delivery.delivered_at, at=at)
    if why:
        declined = ReturnDeclined(**about, why=why)
        transitions.apply(opened, "decline", actor=actor, now=at, reason=why, event=declined)
        return
    approved = ReturnApproved(**about, node_id=opened.node_id)
    transitions.apply(opened, "approve", actor=actor, now=at, event=approved)
