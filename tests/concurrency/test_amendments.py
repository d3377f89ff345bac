"""Two people confirm one change of an order in the same instant: it is done once. In the control
nobody waits for the order's row, and none finds it closed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oms.core.testing.races import run_together
from orders.models import Amendment, Order, OrderLine
from orders.services.amending import amendments
from orders.tests.amending import a_placed
from orders.tests.factories import a_world

pytestmark = pytest.mark.django_db(transaction=True)

CALLERS = 4


def _begun() -> Amendment:
    order = a_placed(a_world(), lines={"A": 1})
    action = {"action": "change_quantity", "line": 1, "quantity": 2}
    return amendments.begin(order_id=order.pk, actions=[action], reason="Customer called.")


def _confirms(amendment: Amendment) -> list[object]:
    version = Order.objects.get(pk=amendment.order_id).version

    def confirm() -> str:
        return amendments.confirm(public_id=amendment.public_id, version=version).state

    callers: list[Callable[[], str]] = [confirm] * CALLERS
    return run_together(callers)


def test_one_change_confirmed_by_many_at_once_is_done_once() -> None:
    answers = _confirms(_begun())

    lost = [answer for answer in answers if answer != "confirmed"]
    assert len(lost) == CALLERS - 1
    assert all(isinstance(answer, amendments.AmendmentClosed) for answer in lost)
    assert OrderLine.objects.get().ordered == 2


def test_control_who_does_not_look_at_the_order_first_believes_it_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lock(public_id: str) -> tuple[Order, Amendment]:
        amendment = Amendment.objects.select_related("order").get(public_id=public_id)
        return amendment.order, amendment

    monkeypatch.setattr(amendments, "_lock", lock)

    answers = _confirms(_begun())

    assert not any(isinstance(answer, amendments.AmendmentClosed) for answer in answers)
