"""Writes of money: every report once, never more given back than was captured.

The lock of an order's balance is taken before anything is decided, after the lock of the order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms.core import bulk, clock, ids, money
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid, OmsError
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.billing import selectors
from orders.billing.events import PaymentRecorded, RefundDue
from orders.billing.models import PaymentBalance, PaymentEntry
from orders.billing.types import Account, Change, EntryDraft, PaymentDraft, Reported, Standing

MAX_AMOUNT = Decimal("99999999.9999")
Kind = PaymentEntry.Kind


class InvalidPayment(Invalid):
    code = "billing.invalid_payment"
    title = "The payment cannot be recorded"


class ReferenceTaken(Conflict):
    """The same reference came with another amount before: one of the two is wrong."""

    code = "billing.reference_taken"


class RefundExceedsCaptured(Conflict):
    code = "billing.refund_exceeds_captured"


class VoidExceedsAuthorized(Conflict):
    code = "billing.void_exceeds_authorized"


@needs_transaction
def report(
    *, accounts: Sequence[Account], entries: Sequence[EntryDraft]
) -> tuple[list[Reported], dict[str, Change]]:
    """This function will write the entries down and answer each, in order.

    The same kind, reference and amount twice is one entry; an entry that is refused changes
    nothing and stops no other. Every entry's order is among `accounts`.

    :returns: the answers, and by order what its money was before and is now.
    """
    _open_accounts(accounts)
    owed = {account.order_ref: account.owed_amount for account in accounts}
    rows = _lock(owed)
    before = selectors.told(rows.values())
    _set_owed(rows.values(), owed)
    earlier = _earlier(entries)
    tallies = {ref: _Tally.of(standing) for ref, standing in before.items()}
    answers, fresh = [], []
    for entry in entries:
        answer, row = _take(entry, rows[entry.order_ref], tallies[entry.order_ref], earlier)
        answers.append(answer)
        fresh += [row] if row else []
    bulk.insert_rows(PaymentEntry, fresh)
    emitting.emit_many([_recorded(row, rows[row["balance_id"]]) for row in fresh])
    return answers, _changes(before, rows)


@needs_transaction
def owe(*, owed: Mapping[str, Decimal]) -> dict[str, Change]:
    """This function will note what orders are worth now.

    :returns: what changed for the orders that have an account; the others owe without one.
    """
    rows = _lock(owed)
    before = selectors.told(rows.values())
    changed = _set_owed(rows.values(), owed)
    return _changes({ref: before[ref] for ref in changed}, rows) if changed else {}


@needs_transaction
def stop_waiting(*, order_refs: Collection[str]) -> None:
    """This function will forget until when the orders had to be covered."""
    PaymentBalance.objects.filter(order_ref__in=set(order_refs)).update(expires_at=None)


def check(payment: PaymentDraft, *, currency: str) -> list[FieldError]:
    """This function will return what is wrong with a payment by itself."""
    errors = []
    if payment.kind not in Kind.values:
        errors.append(FieldError("/kind", "unknown_kind", f"Give one of {', '.join(Kind.values)}."))
    if payment.currency and payment.currency != currency:
        errors.append(FieldError("/currency", "other_currency", f"The order is in {currency}."))
    if len(payment.reference) > 80:
        errors.append(FieldError("/reference", "too_long", "Give at most 80 characters."))
    unit = money.exponent(currency)
    amount = payment.amount
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT or amount % unit:
        hint = f"Give an amount above 0 in steps of {unit}."
        errors.append(FieldError("/amount", "invalid_amount", hint))
    return errors


@dataclass(slots=True)
class _Tally:
    """The sums while a batch is judged, entry by entry."""

    authorized: Decimal
    voided: Decimal
    captured: Decimal
    given_back: Decimal

    @classmethod
    def of(cls, standing: Standing) -> _Tally:
        back = standing.refunded + standing.goodwill
        return cls(standing.authorized, standing.voided, standing.captured, back)

    def add(self, kind: str, amount: Decimal, currency: str) -> None:
        """This method will count an entry.

        :raises RefundExceedsCaptured: more would be given back than was captured.
        :raises VoidExceedsAuthorized: more would be voided than is authorized and not captured.
        """
        if kind == Kind.AUTHORIZED:
            self.authorized += amount
        elif kind == Kind.CAPTURED:
            self.captured += amount
        elif kind == Kind.VOIDED:
            left = max(Decimal(0), self.authorized - self.voided - self.captured)
            if amount > left:
                raise VoidExceedsAuthorized(
                    f"{money.as_text(left, currency)} {currency} can be voided.",
                    errors=[FieldError("/amount", "too_large", "Void what is still open.")],
                )
            self.voided += amount
        else:
            self._give_back(amount, currency)

    def _give_back(self, amount: Decimal, currency: str) -> None:
        left = self.captured - self.given_back
        if amount > left:
            raise RefundExceedsCaptured(
                f"{money.as_text(left, currency)} {currency} can be refunded.",
                errors=[FieldError("/amount", "too_large", "Refund at most what was captured.")],
            )
        self.given_back += amount


_Key = tuple[str, str, str]
_SUMS = (
    "authorized_amount", "voided_amount", "captured_amount", "refunded_amount", "goodwill_amount",
)  # fmt: skip


def _open_accounts(accounts: Sequence[Account]) -> None:
    now = clock.now()
    bulk.insert_rows(
        PaymentBalance,
        [
            {
                "organization_id": account.organization_id,
                "order_ref": account.order_ref,
                "order_number": account.number,
                "currency": account.currency,
                "owed_amount": account.owed_amount,
                "is_required": account.is_required,
                "expires_at": account.expires_at,
                "created_at": now,
                **dict.fromkeys(_SUMS, Decimal(0)),
            }
            for account in accounts
        ],
        on_conflict="ON CONFLICT (order_ref) DO NOTHING",
    )


def _set_owed(rows: Iterable[PaymentBalance], owed: Mapping[str, Decimal]) -> list[str]:
    """Returns the orders that are worth another amount now."""
    changed = [row for row in rows if row.owed_amount != owed[row.order_ref]]
    bulk.update_rows(
        PaymentBalance, [{"id": row.pk, "owed_amount": owed[row.order_ref]} for row in changed]
    )
    return [row.order_ref for row in changed]


def _lock(order_refs: Collection[str]) -> dict[str, PaymentBalance]:
    rows = PaymentBalance.objects.select_for_update().filter(order_ref__in=set(order_refs))
    return {row.order_ref: row for row in rows.order_by("pk")}


def _earlier(entries: Sequence[EntryDraft]) -> dict[_Key, tuple[str, Decimal]]:
    named = [entry for entry in entries if entry.payment.reference]
    if not named:
        return {}
    rows = PaymentEntry.objects.filter(
        balance__order_ref__in={entry.order_ref for entry in named},
        reference__in={entry.payment.reference for entry in named},
    ).values_list("balance__order_ref", "kind", "reference", "public_id", "amount")
    return {(ref, kind, own): (public_id, amount) for ref, kind, own, public_id, amount in rows}


def _take(
    entry: EntryDraft,
    balance: PaymentBalance,
    tally: _Tally,
    earlier: dict[_Key, tuple[str, Decimal]],
) -> tuple[Reported, dict[str, Any] | None]:
    payment = entry.payment
    key = (entry.order_ref, payment.kind, payment.reference)
    try:
        _require_sound(payment, balance.currency)
        if payment.reference and key in earlier:
            return _replay(payment, balance.currency, *earlier[key]), None
        tally.add(payment.kind, payment.amount, balance.currency)
    except OmsError as error:
        return Reported(error=error), None
    row = _row(entry, balance)
    earlier[(entry.order_ref, payment.kind, row["reference"])] = (row["public_id"], payment.amount)
    return Reported(entry_ref=row["public_id"]), row


def _require_sound(payment: PaymentDraft, currency: str) -> None:
    errors = check(payment, currency=currency)
    if errors:
        raise InvalidPayment(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)


def _replay(payment: PaymentDraft, currency: str, public_id: str, amount: Decimal) -> Reported:
    if payment.amount != amount:
        raise ReferenceTaken(
            f"This reference was reported with {money.as_text(amount, currency)} {currency}.",
            errors=[FieldError("/reference", "taken", "Use a new reference, or that amount.")],
            data={"payment": public_id},
        )
    return Reported(entry_ref=public_id, is_replay=True)


def _row(entry: EntryDraft, balance: PaymentBalance) -> dict[str, Any]:
    payment, now = entry.payment, clock.now()
    public_id = ids.public_id("pay", at=now)
    return {
        "public_id": public_id,
        "organization_id": balance.organization_id,
        "balance_id": entry.order_ref,
        "kind": payment.kind,
        "amount": payment.amount,
        "currency": balance.currency,
        "reference": payment.reference or public_id,
        "source": entry.source,
        "actor": current().actor,
        "reason": payment.reason[:200],
        "occurred_at": payment.occurred_at or now,
        "created_at": now,
    }


def _recorded(row: dict[str, Any], balance: PaymentBalance) -> PaymentRecorded:
    return PaymentRecorded(
        organization_id=balance.organization_id,
        order_ref=balance.order_ref,
        number=balance.order_number,
        occurred_at=row["occurred_at"],
        currency=balance.currency,
        entry_ref=row["public_id"],
        kind=row["kind"],
        amount=money.as_text(row["amount"], balance.currency),
    )


def _changes(before: dict[str, Standing], rows: dict[str, PaymentBalance]) -> dict[str, Change]:
    """Reads what the database made of it, and tells of refunds that became due or were made."""
    after = selectors.standings(order_refs=before)
    changes = {ref: Change(was, after[ref]) for ref, was in before.items()}
    now = clock.now()
    emitting.emit_many(
        [
            _refund_due(rows[ref], change, now)
            for ref, change in changes.items()
            if change.before.to_refund != change.after.to_refund
        ]
    )
    return changes


def _refund_due(balance: PaymentBalance, change: Change, now: datetime) -> RefundDue:
    currency = balance.currency
    return RefundDue(
        organization_id=balance.organization_id,
        order_ref=balance.order_ref,
        number=balance.order_number,
        occurred_at=now,
        currency=currency,
        amount=money.as_text(change.after.to_refund, currency),
        was_amount=money.as_text(change.before.to_refund, currency),
    )
