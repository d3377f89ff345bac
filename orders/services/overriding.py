"""Overrides: a person takes responsibility for what a rule objects to, in writing."""

from __future__ import annotations

from oms.core import clock
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Forbidden, Invalid
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders import rules
from orders.events import RuleOverridden
from orders.models import Hold, Order, Override
from orders.selectors import overrides
from orders.selectors.orders import UnknownOrder
from orders.services import holds

MAX_REASON = 200


class NotStaff(Forbidden):
    """Only a person of the staff can take responsibility."""

    code = "orders.override_needs_staff"


class NotObjected(Conflict):
    """The rule has no objection to this order, or somebody has overridden it."""

    code = "orders.not_objected"


class DecidedElsewhere(Conflict):
    """This objection ends with a decision of its own: a credit limit, an approval."""

    code = "orders.decided_elsewhere"


class InvalidOverride(Invalid):
    code = "orders.invalid_override"


@use_case
def override(*, order_id: int, rule: str, reason: str) -> Override:
    """This function will record who overrides which rule of which order and why, and tell of it;
    the hold is lifted unless another rule of its type objects. It covers what the rule objects to
    now: of an address this very one.

    :raises NotStaff: whoever acts is no person of the staff.
    :raises UnknownRule: no such rule.
    :raises InvalidOverride: without a reason of 1 to 200 characters.
    :raises UnknownOrder: there is none.
    :raises NotObjected: the rule has no objection that is not overridden; nothing changes.
    :raises DecidedElsewhere: it is a matter of credit or approval.
    """
    chosen = rules.find(rule)
    _check(reason)
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise UnknownOrder("There is no such order.")
    if not chosen.is_decided_here:
        raise DecidedElsewhere("This needs a decision about the credit or an approval.")
    run = overrides.last_runs(order_ids=[order.pk])[order.pk]
    covered = overrides.marks_of(order_ids=[order.pk])[order.pk]
    mark = _mark(order, rule, run)
    if order.closed_at or not mark or (rule, mark) in covered:
        raise NotObjected(f"There is nothing to override for this rule in order {order.number}.")
    made = Override.objects.create(
        order=order,
        rule=rule,
        covers=mark,
        author=current().actor,
        reason=reason.strip(),
        created_at=clock.now(),
    )
    emitting.emit(_told(order, made))
    covered.add((rule, mark))
    _lift(order, chosen.hold_type, run.objections - covered, made.reason)
    return made


def _mark(order: Order, rule: str, run: overrides.Run) -> str:
    """What is objected to; a part of an order has the whole one's address, and no run."""
    answer = run.answers.get(rule)
    if answer is not None:
        return answer.mark
    is_doomed = order.address_verdict == Order.AddressVerdict.UNDELIVERABLE
    return overrides.mark(order, rule, ())[1] if rule == overrides.ADDRESS and is_doomed else ""


def _check(reason: str) -> None:
    if not current().actor.startswith("staff:"):
        raise NotStaff("Only a person of the staff can override a rule.")
    if not reason.strip() or len(reason) > MAX_REASON:
        detail = f"Say why, in 1 to {MAX_REASON} characters."
        raise InvalidOverride(detail, errors=[FieldError("/reason", "required", detail)])


def _lift(order: Order, hold_type: str, left: set[overrides.Mark], reason: str) -> None:
    still = {rules.RULES[rule].hold_type for rule, _ in left if rule in rules.RULES}
    is_open = Hold.objects.filter(order=order, type=hold_type, released_at=None).exists()
    if is_open and hold_type not in still:
        holds.lift(orders=[order], type=hold_type, reason=f"Overridden: {reason}")


def _told(order: Order, made: Override) -> RuleOverridden:
    return RuleOverridden(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=made.created_at,
        rule=made.rule,
        reason=made.reason,
    )
