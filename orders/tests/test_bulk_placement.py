"""Many orders at once: every answer in its place, whoever's batch fails."""

from __future__ import annotations

import pytest

from oms.core.context import acting
from oms.core.errors import Unavailable
from orders.channels.types import ChannelFacts
from orders.models import Hold, Order, OrderStatusChange
from orders.services import bulk_placement, placement
from orders.tests.factories import World, a_draft, a_world
from orders.types import OrderDraft, Placed

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 250


@pytest.fixture
def world() -> World:
    return a_world(stock_at={"reno": {"A": 2 * MANY}})


def _drafts(count: int) -> list[OrderDraft]:
    return [a_draft(f"R-{n}", customer_ref=f"c{n}") for n in range(count)]


def test_each_gets_its_own_answer_in_order(world: World) -> None:
    drafts = _drafts(MANY)

    with acting(actor="staff:7"):
        answers = bulk_placement.place_all(channel=world.channel, drafts=drafts)

    assert [answer.external_ref for answer in answers] == [d.external_ref for d in drafts]
    assert all(answer.is_placed and not answer.is_replay for answer in answers)
    assert Order.objects.count() == MANY
    assert set(OrderStatusChange.objects.values_list("actor", flat=True)) == {"staff:7"}


def test_orders_of_one_customer_see_each_other(world: World) -> None:
    twins = [a_draft(f"T-{n}", customer_ref="one") for n in range(3)]

    answers = bulk_placement.place_all(channel=world.channel, drafts=[*twins, *_drafts(20)])

    assert [answer.holds for answer in answers[:3]] == [(), ("duplicate",), ("duplicate",)]
    assert Hold.objects.count() == 2


def test_a_batch_that_fails_answers_its_own_and_no_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = placement.place
    drafts = _drafts(MANY)
    spoiled = drafts[7].external_ref

    def place(*, channel: ChannelFacts, drafts: list[OrderDraft]) -> list[Placed]:
        if any(draft.external_ref == spoiled for draft in drafts):
            raise Unavailable("Somebody else is changing the same rows.")
        return real(channel=channel, drafts=drafts)

    monkeypatch.setattr(placement, "place", place)

    answers = bulk_placement.place_all(channel=world.channel, drafts=drafts)

    failed = [answer for answer in answers if answer.error]
    assert 1 <= len(failed) <= bulk_placement.BATCH
    assert spoiled in {answer.external_ref for answer in failed}
    assert Order.objects.count() == MANY - len(failed)
