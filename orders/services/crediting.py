"""Orders and the credit of their customers.

An order takes what it is worth, less what is paid, when it is verified; it gives back what it needs
no more when a part or all of it is cancelled, paid or closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from oms.core.transactions import needs_transaction
from orders.billing import selectors as balances
from orders.channels import selectors as channels
from orders.customers.selectors import credit as accounts
from orders.customers.services import credit
from orders.customers.types import CreditAnswer, CreditMove, CreditRequest
from orders.models import Order
from orders.rules import CreditFacts
from orders.selectors import rulebook
from orders.services import families

ZERO = Decimal(0)
#: Orders that owe nothing any more.
_GONE = (Order.Status.CANCELLED, Order.Status.REJECTED, Order.Status.EXPIRED)


@needs_transaction
def take(*, orders: Sequence[Order], authorized_by: str = "") -> dict[int, CreditFacts]:
    """This function will let orders take what they are worth of their customers' credit; one that
    would pass the limit takes nothing more, unless somebody lets it.

    :returns: how each stands, by key; absent are those of customers without an account. One
        statement where nobody has one.
    """
    known = accounts.customers_with_account(customer_ids={order.customer_id for order in orders})
    mine = {order.public_id: order for order in orders if order.customer_id in known}
    if not mine:
        return {}
    unpaid = _unpaid(families.of(order_ids=[order.id for order in mine.values()]))
    answers = credit.take(
        requests=[
            CreditRequest(order.customer_id, ref, unpaid[ref], order.currency, authorized_by)
            for ref, order in mine.items()
        ]
    )
    return {mine[reference].pk: _facts(answer) for reference, answer in answers.items()}


def _facts(answer: CreditAnswer) -> CreditFacts:
    return CreditFacts(answer.currency, answer.free_amount, answer.lacks, answer.is_other_currency)


def _unpaid(orders: Sequence[Order]) -> dict[str, Decimal]:
    """What is still to be paid for each order of whole families: money covers the original first,
    then what was split off, in that order."""
    payers = families.payers(orders)
    money = {payer: ZERO for payer in payers.values()}
    for payer, standing in balances.standings(order_refs=list(money)).items():
        money[payer] = standing.captured - standing.refunded
    unpaid = {}
    for order in orders:
        payer = payers[order.id]
        covered = max(ZERO, min(order.owed_amount, money[payer]))
        money[payer] -= covered
        unpaid[order.public_id] = order.owed_amount - covered
    return unpaid


@needs_transaction
def divide(*, parts: Mapping[str, Order]) -> int:
    """This function will let orders that were split off take over what they are worth of what
    their originals (by reference) take; nothing more is owed by it.

    :returns: how many took something over.
    """
    return credit.move(
        moves=[
            CreditMove(original, made.public_id, made.owed_amount)
            for original, made in parts.items()
        ]
    )


@needs_transaction
def settle(*, order_refs: Sequence[str]) -> int:
    """This function will give back the credit that orders need no more. It looks at the orders and
    their payments, not at what was told of them: a fact that comes twice or late changes nothing.

    :returns: how many gave something back.
    """
    found = Order.objects.filter(public_id__in=set(order_refs))
    buyers = dict(found.values_list("pk", "customer_id"))
    known = accounts.customers_with_account(customer_ids=buyers.values())
    keys = [key for key, customer_id in buyers.items() if customer_id in known]
    if not keys:
        return 0
    every = [order.id for order in families.of(order_ids=keys)]
    mine = list(Order.objects.select_for_update().filter(pk__in=every).order_by("pk"))
    unpaid = _unpaid(mine)
    until_paid = _until_paid(mine)
    return credit.shrink(
        amounts={
            order.public_id: ZERO
            if _is_settled(order, until_paid[order.id])
            else unpaid[order.public_id]
            for order in mine
        }
    )


def _is_settled(order: Order, until_paid: bool) -> bool:
    is_delivered = order.status == Order.Status.COMPLETED
    return order.status in _GONE or (is_delivered and not until_paid)


def _until_paid(orders: Sequence[Order]) -> dict[int, bool]:
    """Whether their rules say that delivery does not end a debt."""
    codes = channels.rules_by_id(channel_ids={order.channel_id for order in orders})
    scopes = {o.pk: (o.organization_id, codes[o.channel_id].code) for o in orders}
    books = rulebook.current(scopes=set(scopes.values()))
    return {key: books[scope]["credit"].settings.until_paid for key, scope in scopes.items()}
