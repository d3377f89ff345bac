"""Somebody takes the stock between plan and reservation: what was written comes to nothing, and
what is left is shared out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from inventory.models import Reservation
from inventory.services import reservations
from inventory.types import Demand, Leg
from orders.models import FulfillmentOrder, Order, OrderLine, OrderStatusChange, Promise
from orders.tests.factories import NOW, World, a_draft, a_world
from routing.models import Decision
from routing.services import planning

pytestmark = pytest.mark.django_db


def _outrun(world: World, units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time somebody plans, a rival is faster by so many units of A in Reno."""
    plan_many: Callable[..., Any] = planning.plan_many
    rivals = [units]

    def plan_and_wait(*, requests: Sequence[Any]) -> Any:
        plans = plan_many(requests=requests)
        if rivals:
            leg = Leg("1", world.variant_ids["A"], world.node_ids["reno"], rivals.pop())
            demand = Demand(
                organization_id=world.organization_id,
                demand_kind="rival",
                demand_ref="rival",
                legs=(leg,),
                at=NOW,
            )
            assert reservations.reserve(demands=[demand]).taken == ("rival",)
        return plans

    monkeypatch.setattr(planning, "plan_many", plan_and_wait)


def test_what_is_left_goes_to_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world(stock_at={"reno": {"A": 2, "B": 5}})
    _outrun(world, 1, monkeypatch)

    first, second, other = world.place(
        a_draft("R-1"), a_draft("R-2"), a_draft("R-3", lines={"B": 1})
    )

    assert [a.holds for a in (first, second, other)] == [(), ("stock",), ()]
    assert {a.status for a in (first, second, other)} == {"confirmed"}
    served = {first.public_id, other.public_id}
    works = FulfillmentOrder.objects.values_list("order__public_id", flat=True)
    assert sorted(works) == sorted(served)
    taken = Reservation.objects.exclude(demand_ref="rival").values_list("demand_ref", flat=True)
    assert set(taken) == served
    assert set(Promise.objects.values_list("order__public_id", flat=True)) == served
    counters = OrderLine.objects.values_list("order__public_id", "allocated", "unallocated")
    assert set(counters) == {
        (first.public_id, 1, 0),
        (second.public_id, 0, 1),
        (other.public_id, 1, 0),
    }


def test_nothing_is_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world(stock_at={"reno": {"A": 2}, "dallas": {"A": 5}})
    _outrun(world, 2, monkeypatch)

    [answer] = world.place(a_draft())

    order = Order.objects.get()
    assert (answer.status, answer.holds, order.version) == ("confirmed", (), 2)
    steps = OrderStatusChange.objects.order_by("pk").values_list("trigger", flat=True)
    assert list(steps) == ["submit", "verify", "confirm"]
    assert FulfillmentOrder.objects.get().node_id == world.node_ids["dallas"]
    assert OrderLine.objects.get().allocated == 1
    # Both plans are on record: the one that came too late, and the one that was followed.
    assert Decision.objects.filter(demand_ref=order.public_id).count() == 2
