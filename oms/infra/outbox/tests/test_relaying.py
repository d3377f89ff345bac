"""Each effect once, in the order of its aggregate, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.core import clock, transactions
from oms.core.context import acting, current
from oms.core.errors import Invalid
from oms.infra.outbox.models import OutboxEvent, Receipt, Redelivery
from oms.infra.outbox.services import delivering, emitting, relaying
from oms.infra.outbox.services.relaying import DrainInTransaction
from oms.infra.outbox.subscriptions import Delivered, subscribe
from oms.infra.outbox.tests.conftest import (
    Echoed,
    Moved,
    Painted,
    echo,
    echoes,
    emit,
    let_time_pass,
    moved,
    painted,
)

pytestmark = pytest.mark.django_db

Batch = Sequence[Delivered[Moved]]


def _echo_unless(failing: set[str], sizes: list[int] | None = None) -> None:
    @subscribe(Moved, consumer="test.echo")
    def on_moved(batch: Batch) -> None:
        if sizes is not None:
            sizes.append(len(batch))
        for delivered in batch:
            echo(delivered)
            if delivered.event.thing in failing:
                raise ValueError("a secret")


def test_drain_delivers_decoded_facts_in_order_with_their_envelope() -> None:
    seen: list[Delivered[Moved]] = []
    subscribe(Moved, consumer="test.see")(seen.extend)
    with acting(actor="staff:7"), clock.virtual(datetime(2020, 1, 2, tzinfo=UTC)):
        emit(moved("t1", 1), moved("t2", 2))

    assert relaying.drain() == 2

    rows = list(OutboxEvent.objects.order_by("id"))
    assert [d.event for d in seen] == [moved("t1", 1), moved("t2", 2)]
    assert [(d.sequence, d.event_id) for d in seen] == [(r.pk, r.event_id) for r in rows]
    assert (seen[0].actor, seen[0].hops, seen[0].aggregate_id) == ("staff:7", 0, "t1")
    assert seen[0].occurred_at == datetime(2020, 1, 2, tzinfo=UTC)
    assert all(r.relayed_at for r in rows)


def test_drain_marks_facts_that_nobody_takes() -> None:
    emit(moved("t1"))

    assert relaying.drain() == 0

    assert OutboxEvent.objects.filter(relayed_at=None).count() == 0
    assert Receipt.objects.count() == 0


def test_drain_includes_facts_that_handlers_emit_and_counts_their_hops() -> None:
    contexts = []
    _echo_unless(set())

    @subscribe(Echoed, consumer="test.second")
    def on_echoed(batch: Batch) -> None:
        contexts.append(current())

    emit(painted("t0", "story"), moved("t1"))
    cause = OutboxEvent.objects.get(name=Moved.NAME)

    assert relaying.drain() == 2

    effect = OutboxEvent.objects.get(name=Echoed.NAME)
    assert (effect.actor, effect.hops) == ("relay:test.echo", 1)
    assert effect.causation_id == str(cause.event_id)
    assert (contexts[0].actor, contexts[0].hops) == ("relay:test.second", 2)
    assert contexts[0].causation_id == str(effect.event_id)


def test_drain_inside_a_transaction_is_refused() -> None:
    with transactions.unit(), pytest.raises(DrainInTransaction):
        relaying.drain()


def test_a_crash_between_effect_and_mark_repeats_the_delivery_and_not_the_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _echo_unless(set())
    emit(moved("t1"))

    def crash(*_: Any, **__: Any) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("django.db.models.query.QuerySet.update", crash)
        relaying.drain()
    assert OutboxEvent.objects.filter(name=Moved.NAME, relayed_at=None).count() == 1

    relaying.drain()

    assert echoes() == [("t1", 0)]
    assert OutboxEvent.objects.filter(relayed_at=None).count() == 0


def test_a_crash_before_the_commit_leaves_neither_effect_nor_receipt() -> None:
    crashes = [SystemExit(137)]

    @subscribe(Moved, consumer="test.echo")
    def on_moved(batch: Batch) -> None:
        echo(batch[0])
        if crashes:
            raise crashes.pop()

    emit(moved("t1"))
    with pytest.raises(SystemExit):
        relaying.drain()
    assert (echoes(), Receipt.objects.count()) == ([], 0)

    relaying.drain()

    assert echoes() == [("t1", 0)]


def test_a_failing_event_stops_only_its_aggregate_for_its_consumer() -> None:
    _echo_unless({"bad"})
    others: list[str] = []

    @subscribe(Moved, consumer="test.other")
    def on_moved(batch: Batch) -> None:
        others.extend(d.event.thing for d in batch)

    emit(moved("t1"), moved("bad", 1), moved("t2"), moved("bad", 2), moved("t3"))
    relaying.drain()

    assert echoes() == [("t1", 0), ("t2", 0), ("t3", 0)]
    assert others == ["t1", "bad", "t2", "bad", "t3"]
    waiting = Redelivery.objects.order_by("event_id").values_list("consumer", "attempts")
    assert list(waiting) == [("test.echo", 1), ("test.echo", 0)]


def test_what_follows_a_failure_later_waits_behind_it_and_comes_in_order() -> None:
    failing = {"bad"}
    _echo_unless(failing)
    emit(moved("bad", 1))
    relaying.drain()
    emit(moved("bad", 2), moved("good", 3), moved("bad", 4))
    relaying.drain()
    assert echoes() == [("good", 3)]

    failing.clear()
    assert relaying.drain() == 0
    let_time_pass()
    assert relaying.drain() == 3

    assert echoes() == [("good", 3), ("bad", 1), ("bad", 2), ("bad", 4)]
    assert Redelivery.objects.count() == 0


def test_a_failing_batch_splits_down_to_the_event_that_fails() -> None:
    sizes: list[int] = []
    _echo_unless({"t5"}, sizes)

    emit(*[moved(f"t{i}") for i in range(8)])
    relaying.drain()

    assert sizes == [8, 4, 4, 2, 1, 1, 2]
    assert [thing for thing, _ in echoes()] == ["t0", "t1", "t2", "t3", "t4", "t6", "t7"]
    failed = Redelivery.objects.select_related("event").get()
    assert failed.event.payload["thing"] == "t5"


def test_the_wait_doubles_and_the_text_of_the_error_is_not_kept() -> None:
    _echo_unless({"bad"})
    emit(moved("bad"))
    waits = []
    for _ in range(3):
        relaying.drain()
        failed = Redelivery.objects.get()
        waits.append(round((failed.available_at - clock.real_now()).total_seconds()))
        let_time_pass()

    assert waits == [2, 4, 8]
    assert failed.last_error.startswith("ValueError test_relaying.py:")
    assert "secret" not in failed.last_error


@pytest.mark.parametrize(("error", "attempts"), [(ValueError(), 12), (Invalid(), 3)])
def test_a_delivery_is_parked_after_its_last_attempt(error: Exception, attempts: int) -> None:
    tries = []

    @subscribe(Moved, consumer="test.fails")
    def on_moved(batch: Batch) -> None:
        tries.append(1)
        raise error

    emit(moved("t1"))
    for _ in range(attempts + 3):
        relaying.drain()
        let_time_pass()

    failed = Redelivery.objects.get()
    assert (failed.attempts, len(tries)) == (attempts, attempts)
    assert failed.parked_at is not None
    assert failed.available_at - failed.parked_at <= timedelta(hours=1)


def test_the_wait_is_never_longer_than_an_hour() -> None:
    _echo_unless({"bad"})
    emit(moved("bad"))
    relaying.drain()
    Redelivery.objects.update(attempts=10, available_at=clock.real_now())

    relaying.drain()

    wait = Redelivery.objects.get().available_at - clock.real_now()
    assert timedelta(minutes=34) < wait < timedelta(minutes=35)
    Redelivery.objects.update(attempts=50, available_at=clock.real_now(), parked_at=None)
    relaying.drain()
    assert Redelivery.objects.get().available_at - clock.real_now() <= timedelta(hours=1)


def test_a_chain_that_is_too_long_is_parked_at_once() -> None:
    _echo_unless(set())
    with acting(hops=delivering.MAX_HOPS + 1):
        emit(moved("loop"))
    with acting(hops=delivering.MAX_HOPS):
        emit(moved("long"))

    relaying.drain()

    assert echoes() == [("long", 0)]
    parked = Redelivery.objects.get()
    assert (parked.attempts, parked.last_error.split()[:2]) == (1, ["LoopDetected", "outbox.loop"])
    assert parked.parked_at is not None


def test_a_real_loop_ends() -> None:
    @subscribe(Moved, consumer="test.loop")
    def on_moved(batch: Batch) -> None:
        emitting.emit_many([moved(d.event.thing, d.event.step + 1) for d in batch])

    emit(moved("t1"))

    assert relaying.drain() == delivering.MAX_HOPS + 1
    assert Redelivery.objects.filter(parked_at__isnull=False).count() == 1


@dataclass(frozen=True)
class WantsMore:
    thing: str
    missing: int


def test_a_payload_that_does_not_fit_waits_for_its_consumer_only() -> None:
    _echo_unless(set())
    seen: list[Any] = []
    subscribe((Moved.NAME, WantsMore), consumer="test.misfit")(seen.extend)
    emit(moved("t1"))

    relaying.drain()

    assert (seen, echoes()) == ([], [("t1", 0)])
    failed = Redelivery.objects.get()
    assert failed.consumer == "test.misfit"
    assert failed.last_error.startswith("ValidationError")


def test_a_retry_whose_consumer_is_gone_is_parked(monkeypatch: pytest.MonkeyPatch) -> None:
    _echo_unless({"bad"})
    emit(moved("bad"))
    relaying.drain()
    let_time_pass()
    monkeypatch.setattr("oms.infra.outbox.subscriptions._subscriptions", {})

    relaying.drain()

    parked = Redelivery.objects.get(parked_at__isnull=False)
    assert parked.last_error.startswith("ConsumerGone")


def test_limit_stops_after_the_batch_that_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _echo_unless(set())
    monkeypatch.setattr(delivering, "BATCH", 10)
    emit(*[moved(f"t{i}") for i in range(30)])

    assert relaying.drain(limit=15) == 20
    assert OutboxEvent.objects.filter(name=Moved.NAME, relayed_at=None).count() == 10


def test_no_time_left_delivers_nothing() -> None:
    _echo_unless(set())
    emit(moved("t1"))

    assert relaying.drain(max_seconds=0) == 0
    assert echoes() == []


def _statements(count: int) -> int:
    emit(*[moved(f"t{i}") for i in range(count)])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        delivering.run_pass(keep_going=lambda: True)
    return len(queries)


def test_the_number_of_statements_does_not_depend_on_the_number_of_events() -> None:
    subscribe(Moved, Painted, consumer="test.one")(lambda _: None)
    subscribe(Moved, consumer="test.two")(lambda _: None)
    moved("t0")

    # Due retries, due facts, blocked, 2 x (savepoint, receipts, release), mark.
    assert _statements(1) == 10
    assert _statements(150) == 10
