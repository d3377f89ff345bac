"""Tags: many orders in one statement, each told, nothing that is no word."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.infra.outbox.models import OutboxEvent
from orders.models import Order
from orders.services import tags
from orders.tests.factories import a_draft, a_world

pytestmark = pytest.mark.django_db


def _orders(count: int) -> list[int]:
    world = a_world(stock_at={"reno": {"A": 50}})
    placed = world.place(*(a_draft(f"R-{n}", tags=("old",)) for n in range(count)))
    return [answer.order_id or 0 for answer in placed]


def _events() -> list[tuple[list[str], list[str]]]:
    rows = OutboxEvent.objects.filter(name="orders.order.tagged.v1").order_by("pk")
    return [(event.payload["added"], event.payload["removed"]) for event in rows]


def test_tags_are_added_and_removed_and_told() -> None:
    first, second = _orders(2)

    changed = tags.change(order_ids=[first], add=["VIP ", "rush"], remove=["old"])

    assert changed == {first}
    assert Order.objects.get(pk=first).tags == ["rush", "vip"]
    assert Order.objects.get(pk=second).tags == ["old"]
    assert _events() == [(["rush", "vip"], ["old"])]


def test_what_is_there_already_changes_nothing() -> None:
    [key] = _orders(1)

    assert tags.change(order_ids=[key, 0], add=["old"], remove=["new"]) == set()
    assert _events() == []


@pytest.mark.parametrize("word", ["", "two words", "naïve", "x" * 41, "-x", "<b>"])
def test_what_is_no_word_is_named_and_nothing_changes(word: str) -> None:
    [key] = _orders(1)

    with pytest.raises(tags.InvalidTags) as refused:
        tags.change(order_ids=[key], add=["fine", word])

    assert [error.pointer for error in refused.value.errors] == ["/add/1"]
    assert Order.objects.get().tags == ["old"]


def test_nothing_to_do_is_an_error() -> None:
    with pytest.raises(tags.InvalidTags):
        tags.change(order_ids=[1])


def test_an_order_with_too_many_keeps_what_it_has() -> None:
    [key] = _orders(1)

    assert tags.change(order_ids=[key], add=[f"t{n}" for n in range(20)]) == set()
    assert len(tags.change(order_ids=[key], add=[f"t{n}" for n in range(19)])) == 1
    assert len(Order.objects.get().tags) == tags.MAX_TAGS


def test_many_cost_what_one_costs() -> None:
    keys = _orders(13)

    def spent(some: list[int]) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert len(tags.change(order_ids=some, add=["rush"])) == len(some)
        return len(seen)

    assert spent(keys[:1]) == spent(keys[1:])
