"""A fact is written with its change, or not at all."""

from __future__ import annotations

import pytest

from oms.core import transactions
from oms.core.context import acting
from oms.core.transactions import TransactionRequired
from oms.infra.outbox import subscriptions
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import emitting
from oms.infra.outbox.subscriptions import DuplicateSubscription
from oms.infra.outbox.tests.conftest import Moved, emit, moved, painted

pytestmark = pytest.mark.django_db


def test_emit_rolled_back_emits_nothing() -> None:
    with pytest.raises(ZeroDivisionError), transactions.unit():
        emitting.emit(moved("t1"))
        raise ZeroDivisionError

    assert OutboxEvent.objects.count() == 0


def test_emit_outside_a_transaction_is_refused() -> None:
    with pytest.raises(TransactionRequired):
        emitting.emit(moved("t1"))


def test_emit_stores_the_fact_and_its_envelope() -> None:
    with acting(actor="staff:7", correlation_id="ctx", causation_id="cause", hops=3):
        emit(moved("t1", 5), painted("t1", "story"))

    first, second = OutboxEvent.objects.order_by("id")
    assert first.payload == {"organization_id": 1, "thing": "t1", "step": 5}
    assert (first.name, first.aggregate_kind, first.aggregate_id) == (Moved.NAME, "thing", "t1")
    assert (first.actor, first.causation_id, first.hops) == ("staff:7", "cause", 3)
    assert (first.correlation_id, second.correlation_id) == ("ctx", "story")
    assert first.relayed_at is None


def test_one_hundred_facts_cost_as_many_statements_as_one(django_assert_num_queries) -> None:
    moved("t0")
    for count in (1, 100):
        facts = [moved(f"t{i}") for i in range(count)]
        # Savepoint, insert, notify, release.
        with django_assert_num_queries(3):
            emit(*facts)


def test_a_consumer_subscribes_once_to_an_event() -> None:
    subscriptions.subscribe(Moved, consumer="test.first")(lambda _: None)
    subscriptions.subscribe(Moved, consumer="test.second")(lambda _: None)

    with pytest.raises(DuplicateSubscription):
        subscriptions.subscribe(Moved, consumer="test.first")(lambda _: None)

    assert [s.consumer for s in subscriptions.every()] == ["test.first", "test.second"]
