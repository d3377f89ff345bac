"""Two orders at once, each worth more than half of a customer's free credit: one goes, one waits.
The control reads the account without its lock and must lose the race."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from oms.core.context import acting
from oms.core.testing.races import run_together
from oms.core.transactions import unit
from orders.customers.models import CreditAccount
from orders.customers.selectors import credit as selectors
from orders.customers.services import credit, ensuring
from orders.customers.types import CreditRequest
from orders.models import Hold, Order
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = Decimal(100)
ROUNDS = 8


def _buyer(world: World, reference: str) -> int:
    with unit():
        found = ensuring.ensure_many(organization_id=world.organization_id, references=[reference])
    with acting(actor="staff:1"):
        credit.set_limit(
            customer_id=found[reference].id, limit_amount=LIMIT, currency="USD", terms_days=30,
            reason="A good customer.", based_on=0,
        )  # fmt: skip
    return found[reference].id


def _asks(customer: int, ref: str) -> Callable[[], bool]:
    def ask() -> bool:
        with unit():
            request = CreditRequest(customer, ref, Decimal(60), "USD")
            return credit.take(requests=[request])[ref].is_taken

    return ask


def test_of_two_parallel_orders_one_is_released_and_one_is_held() -> None:
    world = a_world(stock_at={"reno": {"A": 500, "B": 500}})
    for number in range(ROUNDS):
        buyer = f"C-{number}"
        customer = _buyer(world, buyer)
        rivals = [
            a_draft(f"{buyer}-{sku}", customer_ref=buyer, lines={sku: 3}) for sku in ("A", "B")
        ]

        run_together([lambda draft=draft: world.place(draft) for draft in rivals])

        orders = Order.objects.filter(customer_id=customer)
        assert sorted(orders.values_list("status", flat=True)) == ["confirmed", "verifying"]
        [hold] = Hold.objects.filter(order__in=orders)
        assert (hold.type, hold.rule, hold.reason) == (
            "credit", "credit", "20 USD more than the customer's free credit.",
        )  # fmt: skip
        assert CreditAccount.objects.get(customer_id=customer).exposure_amount == 60
    assert selectors.drifts() == []


def test_the_exposure_is_within_the_limit_at_every_moment() -> None:
    customer = _buyer(a_world(), "C-1")
    seen: list[Decimal] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.append(CreditAccount.objects.get(customer_id=customer).exposure_amount)

    def race() -> None:
        try:
            for number in range(ROUNDS):
                refs = [f"o{number}-{rival}" for rival in range(4)]
                taken = run_together([_asks(customer, ref) for ref in refs])
                assert sorted(taken) == [False, False, False, True]
                with unit():
                    credit.shrink(amounts=dict.fromkeys(refs, Decimal(0)))
        finally:
            over.set()

    answers = run_together([watch, race])

    assert answers == [None, None]
    assert set(seen) <= {Decimal(0), Decimal(60)} and seen
    assert selectors.drifts() == []


def test_control_without_the_lock_both_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = _buyer(a_world(), "C-1")
    both_have_read = threading.Barrier(2)

    def read(customer_ids: Sequence[int]) -> dict[int, Any]:
        found = {
            a.customer_id: a for a in CreditAccount.objects.filter(customer_id__in=customer_ids)
        }
        both_have_read.wait(timeout=30)
        return found

    monkeypatch.setattr(credit, "_lock", read)

    taken = run_together([_asks(customer, "o1"), _asks(customer, "o2")])

    assert taken == [True, True]
    assert CreditAccount.objects.get().exposure_amount > LIMIT
