"""Never more is given back than was captured, however many refund at once and in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Max
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms.core.testing.races import run_together
from oms.core.transactions import unit
from orders.billing import services as billing
from orders.billing.models import PaymentBalance, PaymentEntry
from orders.billing.types import PaymentDraft, Reported
from orders.models import Order, OrderLine
from orders.services import cancellation, paying
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

RIVALS = 8


def _report(world: World, order: str, kind: str, amount: str) -> list[Reported]:
    return paying.report(
        organization_id=world.organization_id,
        source="api",
        payments=[(order, PaymentDraft(kind, Decimal(amount)))],
    )


def _race(reference: str = "R-1") -> list[Any]:
    """Each of the rivals gives back all of the 20.00 that were captured once."""
    world = a_world()
    [order] = world.place(a_draft(reference))
    _report(world, order.public_id, "captured", "20.00")

    def refund() -> list[Reported]:
        return _report(world, order.public_id, "refunded", "20.00")

    return run_together([refund] * RIVALS)


def test_of_parallel_refunds_one_is_made() -> None:
    answers = _race()

    errors = [answer[0].error for answer in answers]
    assert errors.count(None) == 1
    assert sum(isinstance(e, billing.RefundExceedsCaptured) for e in errors) == RIVALS - 1
    assert PaymentBalance.objects.get().refunded_amount == 20


@contextmanager
def _without_guards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither the locks of order and balance, nor the constraint."""
    monkeypatch.setattr("django.db.models.QuerySet.select_for_update", lambda rows, **_: rows.all())
    name = "billing_refunds_within_captured"
    rule = next(c for c in PaymentBalance._meta.constraints if c.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(PaymentBalance, rule)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE billing_paymententry, billing_paymentbalance")
        with connection.schema_editor() as editor:
            editor.add_constraint(PaymentBalance, rule)


def test_control_without_the_guards_it_is_given_back_more_than_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _without_guards(monkeypatch):
        # Threads may miss each other once, but not each time.
        for number in range(8):
            _race(f"R-{number}")
        refunded = PaymentBalance.objects.aggregate(most=Max("refunded_amount"))["most"]

    assert refunded > 20


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["authorized", "captured", "refunded", "goodwill", "voided", "worth", "cancel"]
        ),
        st.integers(min_value=1, max_value=40),
    ),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_whatever_happens_to_an_order_its_money_adds_up(steps: list[Step]) -> None:
    world = a_world()
    [placed] = world.place(a_draft(f"R-{PaymentBalance.objects.count()}-{Order.objects.count()}"))
    do: dict[str, Callable[[int], Any]] = {
        "worth": lambda units: _worth(placed.order_id, units),
        "cancel": lambda _: _cancel(placed.order_id),
    }
    for kind, units in steps:
        if kind in do:
            do[kind](units)
        else:
            _report(world, placed.public_id, kind, f"{units}.00")
        _check(placed.order_id)


def _worth(order_id: int, units: int) -> None:
    if Order.objects.get(pk=order_id).closed_at is None:
        with unit():
            Order.objects.filter(pk=order_id).update(total_amount=units)
            OrderLine.objects.filter(order_id=order_id).update(unit_amount=units)
            paying.settle(order_ids=[order_id])


def _cancel(order_id: int) -> None:
    if Order.objects.get(pk=order_id).closed_at is None:
        cancellation.cancel(order_id=order_id, reason="test")


def _check(order_id: int) -> None:
    order = Order.objects.get(pk=order_id)
    balance = PaymentBalance.objects.filter(order_ref=order.public_id).first()
    if balance is None:
        return
    sums = dict.fromkeys(PaymentEntry.Kind.values, Decimal(0))
    for kind, amount in balance.entries.values_list("kind", "amount"):
        sums[kind] += amount
    assert {kind: getattr(balance, f"{kind}_amount") for kind in sums} == sums
    assert balance.owed_amount == order.owed_amount
    assert balance.refunded_amount + balance.goodwill_amount <= balance.captured_amount
    net = balance.captured_amount - balance.refunded_amount
    assert balance.due_amount == net - max(balance.owed_amount, balance.goodwill_amount)
    # Whatever is to be refunded can be refunded.
    assert balance.due_amount <= net - balance.goodwill_amount
