"""What earlier orders say: who is new is told so, and the rest is counted as for everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.models import Order
from orders.selectors import evidence
from orders.services import facts, placement
from orders.services.recording import Recorded
from orders.tests.factories import World, a_draft, a_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 100}})


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """References of the orders that were taken for the first of a new customer."""
    found: set[str] = set()
    past_of = facts.past_of

    def spy(orders: list[Order], *args: object, first: set[int]) -> facts.Past:
        found.update(order.external_ref for order in orders if order.id in first)
        return past_of(orders, *args, first=first)  # type: ignore[arg-type]

    monkeypatch.setattr(facts, "past_of", spy)
    return found


def test_only_the_single_order_of_a_new_customer_is_a_first(world: World, told: set[str]) -> None:
    placement.place(channel=world.channel, drafts=[a_draft("known-1", customer_ref="known")])
    told.clear()

    placement.place(
        channel=world.channel,
        drafts=[
            a_draft("new"),
            a_draft("known-2", customer_ref="known"),
            a_draft("twice-1", customer_ref="twice"),
            a_draft("twice-2", customer_ref="twice", lines={"A": 2}),
        ],
    )

    assert told == {"new"}


def test_a_first_order_is_told_what_it_would_have_been_told(world: World) -> None:
    placement.place(channel=world.channel, drafts=[a_draft(f"R-{n}") for n in range(4)])
    newest = Order.objects.order_by("-pk")[0]

    asked = evidence.of_orders(order_ids=[newest.pk], window=HOUR)
    spared = evidence.of_orders(order_ids=[newest.pk], window=HOUR, first={newest.pk})

    assert spared == asked
    [(history, nearby)] = spared.values()
    assert (history.orders, history.average_amount) == (0, None)
    # The same person in the same street, under other names.
    assert (nearby.customer, nearby.email, nearby.address) == (0, 3, 3)


def test_whoever_is_known_is_asked(world: World) -> None:
    placement.place(channel=world.channel, drafts=[a_draft("R-1", customer_ref="known")])
    placement.place(
        channel=world.channel, drafts=[a_draft("R-2", customer_ref="known", lines={"A": 2})]
    )
    newest = Order.objects.order_by("-pk")[0]

    [(history, nearby)] = evidence.of_orders(order_ids=[newest.pk], window=HOUR).values()

    assert history.orders == nearby.customer == 1


def test_a_stored_order_is_no_first_order() -> None:
    assert not Recorded(Order(), None, []).is_first
