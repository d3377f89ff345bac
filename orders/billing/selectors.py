"""Reads of money: how it stands, what moved it, what is to be refunded or collected."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import QuerySet

from orders.billing.models import PaymentBalance, PaymentEntry
from orders.billing.types import Standing


def standings(*, order_refs: Collection[str]) -> dict[str, Standing]:
    """This function will return how the money of orders stands, by reference, in one statement.

    Orders for which nothing was reported are absent.
    """
    return told(PaymentBalance.objects.filter(order_ref__in=set(order_refs)))


def told(rows: Iterable[PaymentBalance]) -> dict[str, Standing]:
    """This function will return rows as what others may know of them."""
    return {row.order_ref: _standing(row) for row in rows}


def _standing(row: PaymentBalance) -> Standing:
    return Standing(
        order_ref=row.order_ref,
        currency=row.currency,
        owed=row.owed_amount,
        authorized=row.authorized_amount,
        voided=row.voided_amount,
        open=row.open_amount,
        captured=row.captured_amount,
        refunded=row.refunded_amount,
        goodwill=row.goodwill_amount,
        due=row.due_amount,
        state=row.state,
        is_covered=row.is_covered,
        is_required=row.is_required,
        expires_at=row.expires_at,
    )


def list_entries(*, order_ref: str) -> QuerySet[PaymentEntry]:
    """This function will return an order's entries, oldest first."""
    return PaymentEntry.objects.filter(balance__order_ref=order_ref).order_by("pk")


def get_entry(*, public_id: str) -> PaymentEntry:
    """This function will return one entry.

    :raises PaymentEntry.DoesNotExist: there is none.
    """
    return PaymentEntry.objects.get(public_id=public_id)


def list_overdue(*, now: datetime, limit: int) -> list[str]:
    """This function will return orders that had to be covered by now and are not, oldest first."""
    rows = PaymentBalance.objects.filter(expires_at__lte=now, is_covered=False)
    return list(rows.order_by("expires_at").values_list("order_ref", flat=True)[:limit])


def in_state(state: str) -> QuerySet[PaymentBalance]:
    """This function will return the balances in a state, to narrow a query of orders."""
    return PaymentBalance.objects.filter(state=state)


def beyond_none() -> QuerySet[PaymentBalance]:
    """This function will return the balances in any state but `none`."""
    return PaymentBalance.objects.exclude(state=PaymentBalance.State.NONE)


STATES = PaymentBalance.State
KINDS = PaymentEntry.Kind
SOURCES = PaymentEntry.Source
