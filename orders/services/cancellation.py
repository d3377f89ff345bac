"""Cancels orders, lines and units of lines: at once what nobody has in his hands, the rest when the
floor says that it still can.

Stock, node work, counters, money and what the order does next change together or not at all. Locks
go order → fulfillment order → floor → stock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms.core import bulk, clock, ids
from oms.core.context import current
from oms.core.errors import FieldError, Invalid
from oms.core.transactions import needs_transaction, unit, use_case
from orders.models import Cancellation, CancellationPart, Order
from orders.selectors.orders import UnknownOrder
from orders.services import cancel_planning, negotiation, settling
from orders.services.cancel_applying import Removal, remove
from orders.services.cancel_planning import (
    CancellationPending,
    CannotCancel,
    NothingToCancel,
    Standing,
    Take,
    TooManyToCancel,
    UnknownLine,
)
from orders.types import CancelDraft, CancelPreview

__all__ = [
    "CancellationPending",
    "CannotCancel",
    "InvalidReason",
    "NothingToCancel",
    "SameOrderTwice",
    "TooManyToCancel",
    "UnknownLine",
    "cancel",
    "cancel_lines",
    "cancel_many",
    "cancel_within",
    "preview",
]

State = Cancellation.State
Reason = Cancellation.Reason

Within = Callable[[Sequence[Cancellation]], None]


class InvalidReason(Invalid):
    """The reason is none of the list."""

    code = "orders.invalid_reason"


class SameOrderTwice(Invalid):
    """One batch cancels of an order once; name all of its lines together."""

    code = "orders.same_order_twice"


def cancel(*, order_id: int, reason: str, code: str = Reason.OTHER) -> Cancellation:
    """This function will cancel all of an order, as `cancel_lines` does; `reason` is for people."""
    return cancel_lines(order_id=order_id, quantities=None, reason=code, text=reason)


def cancel_lines(
    *,
    order_id: int,
    quantities: Mapping[int, int] | None,
    reason: str,
    text: str = "",
    request_key: str = "",
    within: Within | None = None,
) -> Cancellation:
    """This function will cancel units of an order's lines (by position), or all of it: a batch of
    one, see `cancel_many`."""
    draft = CancelDraft(order_id, reason, quantities, text, request_key)
    return cancel_many(drafts=[draft], within=within)[0]


@use_case
def cancel_many(
    *, drafts: Sequence[CancelDraft], within: Within | None = None
) -> list[Cancellation]:
    """This function will cancel what the drafts name, all of it or nothing, and answer each.

    Units that a picker has taken are asked about: the answer is pending until the floor gave its
    own, and the order goes on with them if it is too late. A request key that was used before is
    answered with what it did. `within` is called with the answers before the commit. Constant
    statements for any number of orders.

    :raises InvalidReason: none of `Cancellation.Reason`.
    :raises SameOrderTwice: two drafts are about one order.
    :raises UnknownOrder: there is no such order.
    :raises IllegalTransition: the order is closed.
    :raises CannotCancel: all of it is meant, and a part has left.
    :raises UnknownLine, NothingToCancel, InvalidQuantity: a draft is wrong.
    :raises TooManyToCancel: fewer units of a line are left; the others are cancelled or gone.
    :raises CancellationPending: the floor was asked about these units and has not answered.
    :raises CartonClosed: some units of a closed carton are meant.
    """
    return _cancel_many(drafts, within)


@needs_transaction
def cancel_within(*, order_id: int, reason: str) -> Cancellation:
    """This function will do as `cancel` in its caller's transaction.

    :raises: what `cancel_many` raises.
    """
    return _cancel_many([CancelDraft(order_id, Reason.OTHER, text=reason)], None)[0]


def _cancel_many(drafts: Sequence[CancelDraft], within: Within | None) -> list[Cancellation]:
    _check(drafts)
    orders = _lock(drafts)
    known = _answered_before(drafts)
    fresh = [draft for draft in drafts if draft.order_id not in known]
    if fresh:
        known |= _cancel([(draft, orders[draft.order_id]) for draft in fresh])
    answers = [known[draft.order_id] for draft in drafts]
    if within is not None:
        within(answers)
    return answers


def preview(*, order_id: int, quantities: Mapping[int, int] | None = None) -> CancelPreview:
    """This function will say what `cancel_lines` would do now, and do nothing.

    :raises: what it would raise.
    """
    draft = CancelDraft(order_id, Reason.OTHER, quantities)
    with unit():
        order = _lock([draft])[order_id]
        standing = cancel_planning.load(orders=[order])[order_id]
        takes = cancel_planning.plan(draft, standing)
    asked = sum(take.units for take in takes if take.is_pending)
    units = sum(take.units for take in takes)
    left = sum(line.ordered - line.cancelled for line in standing.lines)
    return CancelPreview(
        units=units - asked,
        pending_units=asked,
        amount=cancel_planning.worth(standing, takes),
        currency=order.currency,
        is_whole=units == left,
    )


def _check(drafts: Sequence[CancelDraft]) -> None:
    for draft in drafts:
        if draft.reason not in Reason.values:
            detail = f"Choose one of {', '.join(Reason.values)}."
            raise InvalidReason(detail, errors=[FieldError("/reason_code", "invalid", detail)])
    if any(n > 1 for n in Counter(draft.order_id for draft in drafts).values()):
        raise SameOrderTwice()


def _lock(drafts: Sequence[CancelDraft]) -> dict[int, Order]:
    wanted = [draft.order_id for draft in drafts]
    rows = Order.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk")
    orders = {order.pk: order for order in rows}
    if len(orders) < len(wanted):
        raise UnknownOrder("There is no such order.")
    return orders


def _answered_before(drafts: Sequence[CancelDraft]) -> dict[int, Cancellation]:
    keys = {draft.order_id: draft.request_key for draft in drafts if draft.request_key}
    if not keys:
        return {}
    rows = Cancellation.objects.filter(order__in=list(keys), request_key__in=set(keys.values()))
    return {row.order_id: row for row in rows if keys[row.order_id] == row.request_key}


def _cancel(items: Sequence[tuple[CancelDraft, Order]]) -> dict[int, Cancellation]:
    now = clock.now()
    standing = cancel_planning.load(orders=[order for _, order in items])
    plans = {
        draft.order_id: cancel_planning.plan(draft, standing[draft.order_id]) for draft, _ in items
    }
    rows = {draft.order_id: _row(draft, plans[draft.order_id], now) for draft, _ in items}
    removals = [
        Removal(rows[key], standing[key], [take for take in takes if not take.is_pending])
        for key, takes in plans.items()
    ]
    remove(removals=removals, at=now)
    _store(rows, standing, plans, now)
    negotiation.ask(
        questions=[
            negotiation.Question(rows[key], standing[key], [t for t in takes if t.is_pending])
            for key, takes in plans.items()
        ],
        at=now,
    )
    settling.settle(orders=[order for _, order in items], at=now)
    return rows


def _row(draft: CancelDraft, takes: Sequence[Take], now: datetime) -> Cancellation:
    is_pending = any(take.is_pending for take in takes)
    return Cancellation(
        public_id=ids.public_id("can", at=now),
        order_id=draft.order_id,
        reason=draft.reason,
        text=draft.text[:200],
        author=current().actor,
        request_key=draft.request_key,
        amount=Decimal(0),
        state=State.PENDING if is_pending else State.DONE,
        created_at=now,
    )


@needs_transaction
def _store(
    rows: Mapping[int, Cancellation],
    standing: Mapping[int, Standing],
    plans: Mapping[int, Sequence[Take]],
    now: datetime,
) -> None:
    for row, key in zip(rows.values(), bulk.next_ids(Cancellation, len(rows)), strict=True):
        row.pk = key
    names = [field.attname for field in Cancellation._meta.concrete_fields]
    bulk.insert_rows(Cancellation, [{n: getattr(row, n) for n in names} for row in rows.values()])
    bulk.insert_rows(
        CancellationPart,
        [_part(rows[key], take, now) for key, takes in plans.items() for take in takes],
    )


def _part(row: Cancellation, take: Take, now: datetime) -> dict[str, Any]:
    state = CancellationPart.State.PENDING if take.is_pending else CancellationPart.State.DONE
    return {
        "cancellation_id": row.pk,
        "order_line_id": take.line.pk,
        "fulfillment_order_id": take.source.fulfillment_order_id if take.source else None,
        "quantity": take.units,
        "state": state.value,
        "answer": "",
        "answered_at": None if take.is_pending else now,
    }
