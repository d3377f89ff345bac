"""Reads of credit."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from django.db.models import F, Sum, Value
from django.db.models.functions import Coalesce

from orders.customers.models import CreditAccount, CreditChange, CreditUse


def find_account(*, customer_id: int) -> CreditAccount | None:
    return CreditAccount.objects.filter(customer_id=customer_id).first()


def customers_with_account(*, customer_ids: Collection[int]) -> set[int]:
    """This function will return those of the customers who buy on account. One statement."""
    rows = CreditAccount.objects.filter(customer_id__in=set(customer_ids))
    return set(rows.values_list("customer_id", flat=True))


def list_changes(*, account_id: int, limit: int) -> list[CreditChange]:
    """This function will return the newest limits of an account."""
    return list(CreditChange.objects.filter(account_id=account_id).order_by("-version")[:limit])


def list_open_uses(*, account_id: int, limit: int) -> list[CreditUse]:
    """This function will return the newest orders that take something of an account."""
    uses = CreditUse.objects.filter(account_id=account_id, amount__gt=0)
    return list(uses.order_by("-id")[:limit])


def drifts() -> list[tuple[int, str]]:
    """This function will return (customer, difference) of accounts whose exposure is not the sum of
    what their orders take."""
    taken = Coalesce(Sum("uses__amount"), Value(Decimal(0)))
    rows = CreditAccount.objects.annotate(taken=taken).exclude(exposure_amount=F("taken"))
    return [(row.customer_id, str(row.exposure_amount - row.taken)) for row in rows]
