"""The ledger of payments: every report once, sums that follow it, limits that hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from oms.core.transactions import unit
from oms.infra.accounts.services import organizations
from oms.infra.outbox.models import OutboxEvent
from orders.billing import selectors, services
from orders.billing.models import PaymentBalance, PaymentEntry
from orders.billing.types import Account, EntryDraft, PaymentDraft, Reported, Standing

pytestmark = pytest.mark.django_db


def _account(ref: str = "ord_1", owed: str = "100.00", **more: Any) -> Account:
    organization = organizations.ensure_operator()
    return Account(ref, organization.pk, "1", "USD", Decimal(owed), **more)


def _entry(
    kind: str, amount: str, reference: str = "", ref: str = "ord_1", **more: Any
) -> EntryDraft:
    return EntryDraft(ref, "api", PaymentDraft(kind, Decimal(amount), reference, **more))


def _report(*entries: EntryDraft, owed: str = "100.00") -> list[Reported]:
    with unit():
        answers, _ = services.report(accounts=[_account(owed=owed)], entries=entries)
    return answers


def _standing(ref: str = "ord_1") -> Standing:
    return selectors.standings(order_refs=[ref])[ref]


def _refunds_due() -> list[tuple[str, str]]:
    rows = OutboxEvent.objects.filter(name="orders.refund.due.v1").order_by("id")
    return [(row.payload["was_amount"], row.payload["amount"]) for row in rows]


def test_authorization_captures_and_partial_refund_add_up() -> None:
    _report(
        _entry("authorized", "100.00", "a"),
        _entry("captured", "60.00", "c1"),
        _entry("captured", "40.00", "c2"),
        _entry("refunded", "25.00", "r1"),
    )

    standing = _standing()
    assert (standing.authorized, standing.open, standing.captured, standing.refunded) == (
        100, 0, 100, 25,
    )  # fmt: skip
    assert (standing.state, standing.due) == ("partially_refunded", Decimal("-25"))


@pytest.mark.parametrize(
    ("entries", "owed", "state", "due"),
    [
        ([], "100", "none", -100),
        ([("authorized", "100")], "100", "authorized", -100),
        ([("authorized", "100"), ("voided", "100")], "100", "none", -100),
        ([("captured", "40")], "100", "partially_paid", -60),
        ([("captured", "100")], "100", "paid", 0),
        ([("captured", "120")], "100", "overcharged", 20),
        ([("captured", "120"), ("refunded", "20")], "100", "partially_refunded", 0),
        ([("captured", "100"), ("refunded", "100")], "0", "refunded", 0),
        ([("captured", "100")], "0", "overcharged", 100),
        ([("captured", "100"), ("goodwill", "5")], "100", "partially_refunded", 0),
        ([("captured", "100"), ("goodwill", "5")], "60", "overcharged", 40),
        ([("captured", "100"), ("goodwill", "30")], "20", "overcharged", 70),
    ],
)
def test_state_and_due_follow_from_the_sums(
    entries: list[tuple[str, str]], owed: str, state: str, due: int
) -> None:
    _report(*[_entry(*entry) for entry in entries], owed=owed)

    assert (_standing().state, _standing().due) == (state, due)


@pytest.mark.parametrize(
    ("entries", "owed", "is_covered"),
    [
        ([], "0", True),
        ([("authorized", "99.99")], "100", False),
        ([("authorized", "60"), ("captured", "60")], "100", False),
        ([("authorized", "60"), ("captured", "100")], "100", True),
        ([("authorized", "60"), ("captured", "40")], "100", False),
        ([("authorized", "100"), ("voided", "1")], "100", False),
        ([("captured", "100"), ("refunded", "1")], "100", False),
        ([("captured", "100"), ("goodwill", "10")], "100", True),
    ],
)
def test_what_covers_an_order(entries: list[tuple[str, str]], owed: str, is_covered: bool) -> None:
    _report(*[_entry(*entry) for entry in entries], owed=owed)

    assert _standing().is_covered is is_covered


def test_the_same_message_twice_is_one_entry() -> None:
    [first] = _report(_entry("captured", "10.00", "ch_1"))
    [again, other_kind] = _report(
        _entry("captured", "10.00", "ch_1"), _entry("refunded", "10.00", "ch_1")
    )

    assert (again.entry_ref, again.is_replay) == (first.entry_ref, True)
    assert other_kind.is_replay is False
    assert (_standing().captured, PaymentEntry.objects.count()) == (10, 2)
    names = OutboxEvent.objects.filter(name="orders.payment.recorded.v1")
    assert names.count() == 2


def test_another_amount_under_the_same_reference_is_refused_and_tells_of_the_first() -> None:
    [kept] = _report(_entry("captured", "10.00", "ch_1"))

    [answer] = _report(_entry("captured", "11.00", "ch_1"))

    assert isinstance(answer.error, services.ReferenceTaken)
    assert answer.error.data == {"payment": kept.entry_ref}
    assert _standing().captured == 10


def test_two_refunds_without_a_reference_are_two() -> None:
    _report(_entry("captured", "10.00"), _entry("refunded", "2.00"), _entry("refunded", "2.00"))

    assert _standing().refunded == 4


@pytest.mark.parametrize(
    ("entry", "error", "pointer"),
    [
        (_entry("refunded", "10.01"), services.RefundExceedsCaptured, "/amount"),
        (_entry("goodwill", "10.01"), services.RefundExceedsCaptured, "/amount"),
        (_entry("voided", "5.01"), services.VoidExceedsAuthorized, "/amount"),
        (_entry("captured", "1.00", currency="EUR"), services.InvalidPayment, "/currency"),
        (_entry("captured", "1.001"), services.InvalidPayment, "/amount"),
        (_entry("captured", "0"), services.InvalidPayment, "/amount"),
        (_entry("captured", "-1"), services.InvalidPayment, "/amount"),
        (_entry("captured", "NaN"), services.InvalidPayment, "/amount"),
        (_entry("borrowed", "1.00"), services.InvalidPayment, "/kind"),
        (_entry("captured", "1.00", "x" * 81), services.InvalidPayment, "/reference"),
    ],
)
def test_a_wrong_entry_is_refused_by_itself(
    entry: EntryDraft, error: type[Exception], pointer: str
) -> None:
    _report(_entry("authorized", "15.00"), _entry("captured", "10.00"))

    wrong, right = _report(entry, _entry("captured", "1.00"))

    assert isinstance(wrong.error, error)
    assert [e.pointer for e in wrong.error.errors] == [pointer]
    assert right.error is None
    assert (_standing().captured, _standing().refunded, _standing().voided) == (11, 0, 0)


def test_a_refund_due_is_told_once_per_change_of_its_number() -> None:
    _report(_entry("captured", "100.00", "c"))
    for worth in ("100.00", "70.00", "70.00", "50.00"):
        with unit():
            services.owe(owed={"ord_1": Decimal(worth)})
    _report(_entry("refunded", "50.00", "r"), owed="50.00")
    _report(_entry("refunded", "50.00", "r"), owed="50.00")

    assert _refunds_due() == [("0.00", "30.00"), ("30.00", "50.00"), ("50.00", "0.00")]


def test_an_order_without_an_account_owes_without_one() -> None:
    with unit():
        assert services.owe(owed={"ord_9": Decimal(5)}) == {}

    assert PaymentBalance.objects.count() == 0


def test_statements_do_not_grow_with_orders_and_entries() -> None:
    counts = []
    for size in (1, 30):
        refs = [f"ord_{size}_{n}" for n in range(size)]
        accounts = [_account(ref) for ref in refs]
        entries = [
            _entry(kind, "10.00", "x", ref) for ref in refs for kind in ("authorized", "captured")
        ]
        with CaptureQueriesContext(connection) as queries, unit():
            services.report(accounts=accounts, entries=entries)
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE billing_paymententry SET amount = 1",
        "DELETE FROM billing_paymententry",
        "UPDATE billing_paymentbalance SET captured_amount = 1",
        "UPDATE billing_paymentbalance SET currency = 'EUR'",
    ],
)
def test_the_database_lets_nobody_rewrite_the_ledger(sql: str) -> None:
    _report(_entry("captured", "10.00"))

    with (
        pytest.raises(IntegrityError, match="immutable|follow"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)

    assert _standing().captured == 10


@pytest.mark.parametrize(
    ("kind", "amount", "currency"),
    [
        ("refunded", 11, "USD"),
        ("goodwill", 11, "USD"),
        ("voided", 1, "USD"),
        ("captured", 1, "EUR"),
    ],
)
def test_the_database_itself_holds_the_limits(kind: str, amount: int, currency: str) -> None:
    _report(_entry("captured", "10.00", "c"))
    entry = PaymentEntry.objects.get()
    entry.pk, entry.public_id, entry.kind, entry.reference = None, "pay_2", kind, "other"
    entry.amount, entry.currency = Decimal(amount), currency

    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save(force_insert=True)

    assert (_standing().captured, PaymentEntry.objects.count()) == (10, 1)
