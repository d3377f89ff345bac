"""Credit: orders take of it and give it back, many at once; what is taken never passes the limit
unless a person with the authority lets it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import connection

from oms.core import bulk, clock, money
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.transactions import needs_transaction, use_case
from orders.customers.models import CreditAccount, CreditChange, CreditUse, Customer
from orders.customers.types import CreditAnswer, CreditMove, CreditRequest

MAX_LIMIT = Decimal("9999999999.9999")
MAX_TERMS = 365
MAX_REASON = 200

#: Each account has its own customer, so that the order of customers is one order of locks.
_ADD_SQL = """
UPDATE customers_creditaccount AS t SET exposure_amount = t.exposure_amount + d.amount
FROM unnest(%s::bigint[], %s::numeric[]) AS d(id, amount) WHERE t.id = d.id
"""


class InvalidCredit(Invalid):
    code = "customers.invalid_credit"
    title = "This limit cannot be set"


class CreditChanged(Conflict):
    """Somebody changed the limit since it was looked at."""

    code = "customers.credit_changed"


@needs_transaction
def take(*, requests: Sequence[CreditRequest]) -> dict[str, CreditAnswer]:
    """This function will let each order take its amount of its customer's credit, in the order
    given; one that would pass the limit takes nothing more than it has.

    A repeat changes nothing; another amount replaces the first. Orders of customers without an
    account are absent from the answer. At most four statements for any number.
    """
    accounts = _lock(sorted({request.customer_id for request in requests}))
    if not accounts:
        return {}
    mine = [request for request in requests if request.customer_id in accounts]
    held = _held([request.order_ref for request in mine])
    answers, added = {}, defaultdict[int, Decimal](Decimal)
    taken: dict[str, tuple[CreditAccount, CreditRequest]] = {}
    for request in mine:
        account = accounts[request.customer_id]
        more = request.amount - held.get(request.order_ref, Decimal(0))
        answer = _decide(account, request, more)
        answers[request.order_ref] = answer
        if answer.is_taken and more:
            account.exposure_amount += more
            held[request.order_ref] = request.amount
            added[account.pk] += more
            taken[request.order_ref] = (account, request)
    _write(added, taken)
    return answers


def _decide(account: CreditAccount, request: CreditRequest, more: Decimal) -> CreditAnswer:
    free = account.free_amount
    if request.currency != account.currency:
        return CreditAnswer(False, account.currency, free, is_other_currency=True)
    if more <= free or more <= 0 or request.authorized_by:
        return CreditAnswer(True, account.currency, free)
    return CreditAnswer(False, account.currency, free, lacks=more - free)


def _lock(customer_ids: Sequence[int]) -> dict[int, CreditAccount]:
    rows = CreditAccount.objects.filter(customer_id__in=customer_ids).order_by("customer_id")
    return {row.customer_id: row for row in rows.select_for_update()}


def _held(order_refs: Sequence[str]) -> dict[str, Decimal]:
    rows = CreditUse.objects.filter(order_ref__in=order_refs)
    return dict(rows.values_list("order_ref", "amount"))


def _write(
    added: Mapping[int, Decimal], taken: Mapping[str, tuple[CreditAccount, CreditRequest]]
) -> None:
    _add(added)
    now = clock.now()
    bulk.insert_rows(
        CreditUse,
        [
            {
                "account_id": account.pk,
                "order_ref": request.order_ref,
                "amount": request.amount,
                "authorized_by": request.authorized_by,
                "created_at": now,
            }
            for account, request in taken.values()
        ],
        on_conflict=(
            "ON CONFLICT (account_id, order_ref) DO UPDATE"
            " SET amount = EXCLUDED.amount, authorized_by = EXCLUDED.authorized_by"
        ),
    )


def _add(amounts: Mapping[int, Decimal]) -> None:
    if not amounts:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ADD_SQL, [list(amounts), list(amounts.values())])


@needs_transaction
def shrink(*, amounts: Mapping[str, Decimal]) -> int:
    """This function will let orders (by reference) take no more than these amounts: nothing for
    one that is cancelled, paid or closed. It never takes more than before.

    :returns: how many gave something back.
    """
    uses = CreditUse.objects.filter(order_ref__in=list(amounts), amount__gt=0)
    owners = uses.values_list("account__customer_id", flat=True)
    _lock(sorted(set(owners)))
    # Read again: it may have been changed before the lock was had.
    larger = [use for use in uses.order_by("pk") if use.amount > amounts[use.order_ref]]
    given = defaultdict[int, Decimal](Decimal)
    for use in larger:
        given[use.account_id] += amounts[use.order_ref] - use.amount
        use.amount = amounts[use.order_ref]
    _add(given)
    bulk.update_rows(CreditUse, [{"id": use.pk, "amount": use.amount} for use in larger])
    return len(larger)


@needs_transaction
def move(*, moves: Sequence[CreditMove]) -> int:
    """This function will let new orders take over a part of what others take: no more than these
    have, and exposure stays as it is. Constant statements.

    :returns: how many took something over.
    """
    sources = {step.from_ref for step in moves}
    uses = CreditUse.objects.filter(order_ref__in=sources, amount__gt=0)
    _lock(sorted(set(uses.values_list("account__customer_id", flat=True))))
    held = {use.order_ref: use for use in uses.order_by("pk")}
    made = []
    for step in moves:
        use = held.get(step.from_ref)
        amount = min(use.amount, step.amount) if use else Decimal(0)
        if use and amount > 0:
            use.amount -= amount
            made.append((use, step.to_ref, amount))
    touched = {use.pk: use for use, _, _ in made}
    bulk.update_rows(CreditUse, [{"id": u.pk, "amount": u.amount} for u in touched.values()])
    now = clock.now()
    bulk.insert_rows(
        CreditUse,
        [
            {
                "account_id": use.account_id,
                "order_ref": to_ref,
                "amount": amount,
                "authorized_by": use.authorized_by,
                "created_at": now,
            }
            for use, to_ref, amount in made
        ],
    )
    return len(made)


@use_case
def set_limit(
    *,
    customer_id: int,
    limit_amount: Decimal,
    currency: str,
    terms_days: int,
    reason: str,
    based_on: int,
) -> CreditAccount:
    """This function will set what a customer may owe, opening the account with the first limit.

    A limit below what is owed is a limit all the same: nothing more is taken until it is paid.
    `based_on` is the version that was looked at, 0 where there was no account.

    :raises InvalidCredit: with every wrong field; nothing is changed.
    :raises CreditChanged: another limit was set meanwhile.
    """
    account = CreditAccount.objects.select_for_update().filter(customer_id=customer_id).first()
    _check(limit_amount, currency, terms_days, reason, account)
    if (account.version if account else 0) != based_on:
        raise CreditChanged("Somebody set another limit meanwhile; look at it, then decide.")
    if account is None:
        account = _open(customer_id, currency)
    else:
        account.version += 1
    account.limit_amount, account.terms_days = limit_amount, terms_days
    account.save(update_fields=["limit_amount", "terms_days", "version"])
    CreditChange.objects.create(
        account=account,
        version=account.version,
        limit_amount=limit_amount,
        terms_days=terms_days,
        author=current().actor,
        reason=reason.strip(),
    )
    return account


def _open(customer_id: int, currency: str) -> CreditAccount:
    Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    account, is_new = CreditAccount.objects.get_or_create(
        customer_id=customer_id, defaults={"currency": currency, "limit_amount": 0}
    )
    if not is_new:
        raise CreditChanged("Somebody opened the account in the same moment.")
    return account


def _check(
    limit: Decimal, currency: str, terms_days: int, reason: str, account: CreditAccount | None
) -> None:
    errors = [*_check_money(limit, currency, account)]
    if not 0 <= terms_days <= MAX_TERMS:
        detail = f"Give 0 to {MAX_TERMS} days."
        errors.append(FieldError("/terms_days", "invalid_terms", detail))
    if not reason.strip() or len(reason) > MAX_REASON:
        detail = f"Say why, in 1 to {MAX_REASON} characters."
        errors.append(FieldError("/reason", "required", detail))
    if errors:
        raise InvalidCredit(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)


def _check_money(limit: Decimal, currency: str, account: CreditAccount | None) -> list[FieldError]:
    try:
        unit = money.exponent(currency)
    except money.UnknownCurrency:
        return [FieldError("/currency", "unknown_currency", "Give an ISO 4217 code.")]
    errors = []
    if account is not None and account.currency != currency:
        detail = f"The account is in {account.currency}."
        errors.append(FieldError("/currency", "other_currency", detail))
    if not limit.is_finite() or not 0 <= limit <= MAX_LIMIT or limit % unit:
        detail = f"Give an amount from 0 in steps of {unit}."
        errors.append(FieldError("/limit_amount", "invalid_amount", detail))
    return errors
