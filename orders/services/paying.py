"""The money of orders: what is reported, and what follows for those that must be covered first.

Locks go from the order to its balance. A hold is opened and lifted in the transaction of the report
or of the change that it follows from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F

from oms.core import money
from oms.core.errors import NotFound
from oms.core.transactions import needs_transaction, use_case
from orders.billing import selectors as balances
from orders.billing import services as billing
from orders.billing.types import Account, Change, EntryDraft, PaymentDraft, Reported, Standing
from orders.channels.types import ChannelFacts
from orders.models import Hold, Order, OrderLine
from orders.services import families, holding, holds, stopping
from orders.services.recording import Recorded

HOLD = Hold.Type.PAYMENT


class UnknownOrders(NotFound):
    code = "orders.unknown"


@use_case
def report(
    *,
    organization_id: int,
    source: str,
    payments: Sequence[tuple[str, PaymentDraft]],
    within: Callable[[list[Reported]], None] | None = None,
) -> list[Reported]:
    """This function will write down what happened to the money of orders (by public identifier)
    and answer each report, in order. Orders that are covered by it go on.

    The number of statements does not grow with the number of reports. `within` is called with the
    answers before the commit.

    :raises UnknownOrders: the organization lacks one of the orders; nothing is written.
    """
    references = {reference for reference, _ in payments}
    orders = list(
        Order.objects.select_for_update()
        .filter(organization_id=organization_id, public_id__in=references)
        .order_by("pk")
    )
    if len(orders) != len(references):
        missing = sorted(references - {order.public_id for order in orders})
        raise UnknownOrders(f"There is no order {missing[0]}.")
    family = families.of(order_ids=[order.pk for order in orders])
    payers = families.payers(family)
    named = {order.public_id: payers[order.pk] for order in family}
    owed = families.owed(family)
    answers, changes = billing.report(
        accounts=[
            account_of(order, owed=owed[order.public_id])
            for order in family
            if order.public_id in owed
        ],
        entries=[EntryDraft(named[reference], source, payment) for reference, payment in payments],
    )
    _follow(family, {o.public_id: changes[named[o.public_id]] for o in family})
    if within is not None:
        within(answers)
    return answers


def report_one(
    *,
    organization_id: int,
    source: str,
    order_ref: str,
    payment: PaymentDraft,
    within: Callable[[Reported], None] = lambda _answer: None,
) -> Reported:
    """This function will do as `report` for one payment; where it is refused nothing is written.

    :raises UnknownOrders: the organization lacks the order.
    :raises OmsError: what the payment was refused with.
    """

    def only(answers: list[Reported]) -> None:
        if answers[0].error is not None:
            raise answers[0].error
        within(answers[0])

    payments = [(order_ref, payment)]
    answers = report(organization_id=organization_id, source=source, payments=payments, within=only)
    return answers[0]


@needs_transaction
def settle(*, order_ids: Collection[int]) -> None:
    """This function will tell billing what orders are worth after a change, in the transaction of
    that change: an order that is not covered any more stops, one that is covered now goes on, and
    what is to be refunded is told. The caller holds the orders' locks.
    """
    orders = families.of(order_ids=order_ids)
    payers = families.payers(orders)
    changes = billing.owe(owed=families.owed(orders))
    _follow(orders, {o.public_id: changes[payers[o.pk]] for o in orders if payers[o.pk] in changes})


@needs_transaction
def take_with_orders(*, channel: ChannelFacts, orders: Sequence[Recorded]) -> None:
    """This function will write down the payments that new orders came with, and stop those that
    their channel wants covered and that are not.

    Adds the opened type to `holds` of each.
    """
    items = [item for item in orders if channel.requires_payment or item.draft.draft.payments]
    if not items:
        return
    answers, changes = billing.report(
        accounts=[_first_account(channel, item.order) for item in items],
        entries=[
            EntryDraft(item.order.public_id, balances.SOURCES.INTAKE, payment)
            for item in items
            for payment in item.draft.draft.payments
        ],
    )
    for answer in answers:
        if answer.error is not None:
            raise answer.error
    if channel.requires_payment:
        short = [item for item in items if not changes[item.order.public_id].after.is_covered]
        _stop([item.order for item in short], changes, is_new=True)
        for item in short:
            item.holds.add(HOLD)


def account_of(order: Order, *, owed: Decimal) -> Account:
    """This function will return an order as billing knows it, with what it is to be paid for."""
    return Account(
        order_ref=order.public_id,
        organization_id=order.organization_id,
        number=str(order.number),
        currency=order.currency,
        owed_amount=owed,
    )


def standing_of(order: Order) -> Standing:
    """This function will return how the money of an order stands, also where none moved yet."""
    family = families.of(order_ids=[order.pk])
    payer = families.payers(family)[order.pk]
    found = balances.standings(order_refs=[payer])
    owed = families.owed(family)[payer]
    return found.get(payer, Standing(payer, order.currency, owed, due=Decimal(-owed)))


def payer_of(order: Order) -> str:
    """This function will return under which order's identifier an order is paid."""
    return families.payers(families.of(order_ids=[order.pk]))[order.pk]


def _first_account(channel: ChannelFacts, order: Order) -> Account:
    wait = timedelta(hours=settings.OMS["PAYMENT_WINDOW_H"])
    return Account(
        order_ref=order.public_id,
        organization_id=order.organization_id,
        number=str(order.number),
        currency=order.currency,
        owed_amount=order.owed_amount,
        is_required=channel.requires_payment,
        expires_at=order.placed_at + wait if channel.requires_payment else None,
    )


def _follow(orders: Sequence[Order], changes: Mapping[str, Change]) -> None:
    alive = [order for order in orders if order.closed_at is None and order.public_id in changes]
    watched = [order for order in alive if changes[order.public_id].after.is_required]
    now_covered = [order for order in watched if _turned(changes[order.public_id], to=True)]
    now_short = [order for order in watched if _turned(changes[order.public_id], to=False)]
    if now_covered:
        billing.stop_waiting(order_refs=[order.public_id for order in now_covered])
        holds.lift(orders=now_covered, type=HOLD, reason="Paid.")
    short = _with_something_to_ship(now_short) if now_short else []
    if short:
        _stop(short, changes)
        stopping.tell(orders=short)


def _turned(change: Change, *, to: bool) -> bool:
    return change.after.is_covered is to and change.before.is_covered is not to


def _with_something_to_ship(orders: Sequence[Order]) -> list[Order]:
    rest = OrderLine.objects.filter(order__in=orders, ordered__gt=F("cancelled") + F("shipped"))
    keys = set(rest.values_list("order_id", flat=True))
    return [order for order in orders if order.pk in keys]


def _stop(orders: Sequence[Order], changes: Mapping[str, Change], *, is_new: bool = False) -> None:
    holding.open_many(
        drafts=[
            holding.HoldDraft(
                order=order,
                type=HOLD,
                reason=_reason(changes[order.public_id].after),
                at=order.placed_at if is_new else None,
            )
            for order in orders
        ]
    )


def _reason(standing: Standing) -> str:
    covered = standing.open + standing.captured - standing.refunded
    have, want = (money.as_text(x, standing.currency) for x in (covered, standing.owed))
    return f"{have} of {want} {standing.currency} are authorized or paid."
