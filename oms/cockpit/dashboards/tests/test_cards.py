"""Cards follow the outbox, each fact once, in few statements, and can be made anew."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.cockpit import hints
from oms.cockpit.dashboards.models import OrderCard
from oms.cockpit.dashboards.services import cards, rebuilding
from oms.cockpit.testing.stories import Story, at, delivered
from oms.core import clock, transactions
from oms.infra.accounts.models import Organization
from orders import tracking_links

pytestmark = pytest.mark.django_db


def take(*events):
    with transactions.unit():
        return cards.take(facts=[delivered(event) for event in events])


def rows():
    return list(OrderCard.objects.order_by("order_ref").values())


def test_relayed_facts_become_a_card(happen, operator: Organization):
    with clock.virtual(at(10_000)):
        happen(Story(organization=operator.pk).whole())

    card = OrderCard.objects.get()
    assert (card.order_ref, card.number, card.stage) == ("ord_A", "10001", "done")
    assert (card.ship_cost, card.delivered_at) == (Decimal("7.1000"), at(90))


def test_facts_in_two_batches_say_the_same_as_in_one(operator: Organization):
    story, other = Story("ord_A"), Story("ord_B", "10002")
    with clock.virtual(at(10_000)):
        take(*story.whole())
        take(*other.whole()[:5])
        take(*other.whole()[5:])

    one, two = rows()
    assert {k: v for k, v in one.items() if v != two[k]}.keys() <= {
        "order_ref", "number", "facts", "last_event_id",
    }  # fmt: skip
    assert two["stage"] == "done"


def statements(count: int) -> int:
    events = [event for n in range(count) for event in Story(f"ord_{count}_{n}").whole()]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        take(*events)
    return len(captured)


def test_forty_orders_cost_as_many_statements_as_one(operator: Organization):
    assert statements(1) == statements(40)


def test_a_rebuild_makes_the_same_cards_from_the_stored_facts(happen, operator: Organization):
    with clock.virtual(at(10_000)):
        happen(
            [e for n in range(3) for e in Story(f"ord_{n}", str(n), operator.pk).whole()[: 4 + n]]
        )
        before = rows()
        OrderCard.objects.update(stage="verify", node_code="XXX", facts={})
        OrderCard.objects.filter(order_ref="ord_1").delete()

        count = rebuilding.rebuild()

    assert count == 3
    assert rows() == before


def test_hints_name_the_board_and_the_pages_of_the_orders(
    happen, operator, monkeypatch, django_capture_on_commit_callbacks
):
    told: list[set[str]] = []
    monkeypatch.setattr(hints, "publish_on_commit", lambda topics: told.append(set(topics)))

    happen([Story(organization=operator.pk).received()])

    page = hints.track(tracking_links.hash_of(tracking_links.token_for("ord_A")))
    assert {"board", page} in told


def test_a_dead_broker_is_asked_once_and_only_warned_about(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    publisher = hints._Publisher()

    publisher.publish({"board"})
    publisher.publish({"board"})

    assert [record.message for record in caplog.records] == ["hint not published: ConnectionError"]
