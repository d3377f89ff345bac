"""Replacement orders: units that arrived broken, wrong or never are sent again, each at most as
often as it was shipped. A replacement is an order like any other and goes through placement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from django.db.models import F, Sum

from oms.core import clock
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.channels import selectors as channels
from orders.events import OrderReplaced
from orders.models import Order, OrderLine
from orders.services import placement
from orders.services.drafts import recipient_of
from orders.types import LineDraft, OrderDraft, Placed


class NothingToReplace(Invalid):
    """A replacement has at least one unit, and somebody says why."""

    code = "orders.nothing_to_replace"


class TooManyReplaced(Conflict):
    """Only what was shipped can be replaced, and each unit once."""

    code = "orders.too_many_replaced"


@use_case
def replace(
    *,
    order_id: int,
    units: Mapping[int, int],
    reason: str,
    prices: Mapping[int, Decimal] | None = None,
    external_ref: str = "",
    within: Callable[[Placed], None] | None = None,
) -> Placed:
    """This function will place an order of its own for units (by line) of an order that were
    shipped, to the same recipient. Lines without a price are free of charge.

    `within` is called with the answer before the commit.

    :raises NothingToReplace: no unit, no such line, or no reason; names each.
    :raises TooManyReplaced: a line has fewer units that were shipped and not replaced yet.
    :raises InvalidOrder: an SKU is not sold any more, or a price is wrong.
    :raises ReferenceTaken: the channel has another order with this reference.
    :raises Erased: the customer's data was erased.
    """
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("channel", "customer")
        .get(pk=order_id)
    )
    lines = {line.position: line for line in OrderLine.objects.filter(order=order)}
    _require_sound(lines, units, reason)
    if not order.replacements.filter(external_ref=external_ref).exists():
        _require_left(lines, units)
    draft = _draft(order, lines, units, prices or {}, external_ref)
    channel = channels.get_facts(organization_id=order.organization_id, code=order.channel.code)
    [answer] = placement.place_within(channel=channel, drafts=[draft])
    if answer.error is not None:
        raise answer.error
    if not answer.is_replay:
        emitting.emit(_replaced(order, answer, units, reason))
    if within is not None:
        within(answer)
    return answer


def left_of(*, order: Order) -> dict[int, int]:
    """This function will return how many units of each line may still be replaced, by position."""
    lines = {line.position: line for line in OrderLine.objects.filter(order=order)}
    return _left(lines)


def _left(lines: Mapping[int, OrderLine]) -> dict[int, int]:
    replaced = dict(
        OrderLine.objects.filter(replaces__in=[line.pk for line in lines.values()])
        .values_list("replaces_id")
        .annotate(units=Sum(F("ordered") - F("cancelled")))
        .order_by()
    )
    return {position: line.shipped - replaced.get(line.pk, 0) for position, line in lines.items()}


def _require_sound(lines: Mapping[int, OrderLine], units: Mapping[int, int], reason: str) -> None:
    errors = [
        FieldError(f"/lines/{position}", "unknown_line", "The order has no such line.")
        for position in units
        if position not in lines
    ]
    errors += [
        FieldError(f"/lines/{position}", "invalid_quantity", "Give at least one unit.")
        for position, count in units.items()
        if count < 1
    ]
    if not units:
        errors.append(FieldError("/lines", "required", "Give at least one line."))
    if not reason.strip():
        errors.append(FieldError("/reason", "required", "Say why it is sent again."))
    if errors:
        raise NothingToReplace(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)


def _require_left(lines: Mapping[int, OrderLine], units: Mapping[int, int]) -> None:
    left = _left(lines)
    errors = [
        FieldError(
            f"/lines/{position}",
            "too_many",
            f"{count} units; {left[position]} were shipped and not replaced yet.",
        )
        for position, count in units.items()
        if count > left[position]
    ]
    if errors:
        raise TooManyReplaced(
            f"Line {errors[0].pointer.rpartition('/')[2]}: {errors[0].detail}", errors=errors
        )


def _draft(
    order: Order,
    lines: Mapping[int, OrderLine],
    units: Mapping[int, int],
    prices: Mapping[int, Decimal],
    external_ref: str,
) -> OrderDraft:
    number = order.replacements.count() + 1
    return OrderDraft(
        external_ref=external_ref or f"{order.public_id}/R{number}",
        currency=order.currency,
        known_customer=order.customer.reference,
        tier=order.tier,
        placed_at=clock.now(),
        origin=Order.Origin.REPLACEMENT,
        replaces_id=order.pk,
        recipient=recipient_of(order, purpose="replacement order"),
        lines=tuple(
            LineDraft(
                lines[position].sku,
                count,
                prices.get(position, Decimal(0)),
                replaces_id=lines[position].pk,
            )
            for position, count in sorted(units.items())
        ),
    )


def _replaced(order: Order, answer: Placed, units: Mapping[int, int], reason: str) -> OrderReplaced:
    made = Order.objects.get(public_id=answer.public_id)
    return OrderReplaced(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=clock.now(),
        replacement_ref=answer.public_id,
        replacement_number=str(answer.number),
        lines=sorted(units.items()),
        units=sum(units.values()),
        total_amount=str(made.total_amount),
        currency=order.currency,
        reason=reason[:200],
    )
