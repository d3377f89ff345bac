"""Credit: what is taken and given back, one order and many; limits and their history."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from oms.core.context import acting
from oms.core.transactions import TransactionRequired, unit
from oms.infra.accounts.services import organizations
from orders.customers.models import CreditAccount, CreditChange, CreditUse
from orders.customers.selectors import credit as selectors
from orders.customers.services import credit, ensuring
from orders.customers.types import CreditAnswer, CreditMove, CreditRequest

pytestmark = pytest.mark.django_db


def _customers(*references: str) -> list[int]:
    with unit():
        found = ensuring.ensure_many(
            organization_id=organizations.ensure_operator().pk, references=references
        )
    return [found[reference].id for reference in references]


def _limit(customer: int, limit: str, **changes: Any) -> CreditAccount:
    with acting(actor="staff:3"):
        return credit.set_limit(
            customer_id=customer,
            limit_amount=Decimal(limit),
            **{
                "currency": "USD", "terms_days": 30, "reason": "A good customer.", "based_on": 0,
                **changes,
            },
        )  # fmt: skip


def _ask(customer: int, ref: str, amount: str, **changes: Any) -> CreditRequest:
    return CreditRequest(customer, ref, Decimal(amount), **{"currency": "USD", **changes})


def _take(*requests: CreditRequest) -> dict[str, CreditAnswer]:
    with unit():
        return credit.take(requests=requests)


def _exposure(customer: int) -> Decimal:
    return CreditAccount.objects.get(customer_id=customer).exposure_amount


@pytest.fixture
def buyer() -> int:
    [customer] = _customers("C-1")
    _limit(customer, "100")
    return customer


def test_orders_take_until_the_limit_and_the_next_one_hears_what_it_lacks(buyer: int) -> None:
    answers = _take(_ask(buyer, "o1", "60"), _ask(buyer, "o2", "60"), _ask(buyer, "o3", "40"))

    assert {ref: answer.is_taken for ref, answer in answers.items()} == {
        "o1": True, "o2": False, "o3": True,
    }  # fmt: skip
    assert (answers["o2"].free_amount, answers["o2"].lacks) == (Decimal(40), Decimal(20))
    assert _exposure(buyer) == 100


def test_a_repeat_takes_nothing_and_an_edit_takes_the_difference(buyer: int) -> None:
    for amount, exposure in (("60", 60), ("60", 60), ("90", 90), ("101", 90), ("30", 30)):
        _take(_ask(buyer, "o1", amount))
        assert _exposure(buyer) == exposure

    assert CreditUse.objects.count() == 1
    assert selectors.drifts() == []


def test_one_reference_twice_in_a_batch_is_one_order(buyer: int) -> None:
    _take(_ask(buyer, "o1", "60"), _ask(buyer, "o1", "60"))

    assert _exposure(buyer) == 60


def test_a_customer_without_an_account_and_another_currency(buyer: int) -> None:
    [stranger] = _customers("C-2")
    answers = _take(_ask(stranger, "o1", "5"), _ask(buyer, "o2", "5", currency="EUR"))

    assert set(answers) == {"o2"}
    assert (answers["o2"].is_taken, answers["o2"].is_other_currency) == (False, True)


def test_somebody_with_authority_lets_an_order_go_beyond_and_that_is_written(buyer: int) -> None:
    _take(_ask(buyer, "o1", "250", authorized_by="staff:9"))

    account = CreditAccount.objects.get()
    assert (account.exposure_amount, account.free_amount) == (250, 0)
    assert CreditUse.objects.get().authorized_by == "staff:9"
    assert not _take(_ask(buyer, "o2", "1"))["o2"].is_taken


def test_shrinking_gives_back_and_never_takes(buyer: int) -> None:
    _take(_ask(buyer, "o1", "60"), _ask(buyer, "o2", "30"))
    with unit():
        changed = [
            credit.shrink(amounts={"o1": Decimal(10), "o2": Decimal(99), "o9": Decimal(0)}),
            credit.shrink(amounts={"o1": Decimal(10)}),
        ]

    assert (changed, _exposure(buyer)) == ([1, 0], 40)
    assert selectors.drifts() == []


def test_the_database_refuses_an_exposure_below_zero(buyer: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditAccount.objects.update(exposure_amount=-1)


def test_a_drift_is_reported(buyer: int) -> None:
    _take(_ask(buyer, "o1", "60"))
    CreditAccount.objects.update(exposure_amount=50)

    assert selectors.drifts() == [(buyer, "-10.0000")]


def test_taking_costs_the_same_for_one_and_for_many() -> None:
    customers = _customers(*(f"C-{n}" for n in range(20)))
    for customer in customers:
        _limit(customer, "100")
    counts = []
    for batch in (customers[:1], customers[1:]):
        with CaptureQueriesContext(connection) as queries:
            _take(*[_ask(customer, f"o{customer}", "5") for customer in batch])
        with CaptureQueriesContext(connection) as more, unit():
            credit.shrink(amounts={f"o{customer}": Decimal(0) for customer in batch})
        counts.append((len(queries), len(more)))

    assert counts[0] == counts[1]


def test_taking_needs_its_callers_transaction(buyer: int) -> None:
    with pytest.raises(TransactionRequired):
        credit.take(requests=[_ask(buyer, "o1", "5")])


def test_a_limit_has_versions_with_author_and_reason(buyer: int) -> None:
    _take(_ask(buyer, "o1", "60"))
    account = _limit(buyer, "40", based_on=1, reason="Late payments.", terms_days=14)

    assert (account.limit_amount, account.free_amount, account.version) == (40, 0, 2)
    changes = CreditChange.objects.order_by("version")
    assert list(changes.values_list("version", "limit_amount", "author", "reason")) == [
        (1, 100, "staff:3", "A good customer."),
        (2, 40, "staff:3", "Late payments."),
    ]


@pytest.mark.parametrize(
    ("limit", "changes", "pointer"),
    [
        ("-1", {}, "/limit_amount"),
        ("1.005", {}, "/limit_amount"),
        ("NaN", {}, "/limit_amount"),
        ("1", {"currency": "XXQ"}, "/currency"),
        ("1", {"currency": "EUR"}, "/currency"),
        ("1", {"terms_days": 366}, "/terms_days"),
        ("1", {"reason": " "}, "/reason"),
    ],
)
def test_a_wrong_limit_is_named_and_changes_nothing(
    buyer: int, limit: str, changes: Any, pointer: str
) -> None:
    with pytest.raises(credit.InvalidCredit) as refused:
        _limit(buyer, limit, based_on=1, **changes)

    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert CreditChange.objects.count() == 1


def test_a_limit_on_an_old_version_is_refused(buyer: int) -> None:
    with pytest.raises(credit.CreditChanged):
        _limit(buyer, "500")

    assert CreditAccount.objects.get().limit_amount == 100


def test_a_part_moves_to_another_order_and_exposure_stays(buyer: int) -> None:
    _take(_ask(buyer, "ord_1", "60"))

    with unit():
        moved = credit.move(
            moves=[
                CreditMove("ord_1", "ord_2", Decimal(25)),
                CreditMove("ord_none", "ord_3", Decimal(5)),
            ]
        )
        credit.shrink(amounts={"ord_1": Decimal(0)})

    assert moved == 1
    assert _exposure(buyer) == Decimal(25)
    assert dict(CreditUse.objects.values_list("order_ref", "amount")) == {
        "ord_1": Decimal(0),
        "ord_2": Decimal(25),
    }


def test_no_more_moves_than_is_taken(buyer: int) -> None:
    _take(_ask(buyer, "ord_1", "10"))

    with unit():
        credit.move(moves=[CreditMove("ord_1", "ord_2", Decimal(25))])

    assert _exposure(buyer) == Decimal(10)
    assert CreditUse.objects.get(order_ref="ord_2").amount == Decimal(10)
