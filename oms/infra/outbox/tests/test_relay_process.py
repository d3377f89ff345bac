"""The relay as a process of its own: alone, awake at once, and back after the database was away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from oms.core import clock, locks, transactions
from oms.core.testing.races import run_together
from oms.infra.outbox import selectors
from oms.infra.outbox.models import OutboxEvent, Receipt, RelayHeartbeat
from oms.infra.outbox.services import emitting, relaying
from oms.infra.outbox.services.relaying import Relay, RelayStalled
from oms.infra.outbox.services.waiting import RELAY_LOCK
from oms.infra.outbox.subscriptions import Delivered, subscribe
from oms.infra.outbox.tests.conftest import Moved, echo, echoes, emit, moved

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def _running(*relays: Relay) -> Iterator[None]:
    def work(relay: Relay) -> None:
        try:
            relay.run()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(relay,), daemon=True) for relay in relays]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for relay in relays:
            relay.stop.set()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)


def _wait_for(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _wait_for_echoes(count: int) -> None:
    _wait_for(lambda: len(echoes()) == count)


def _echo() -> None:
    @subscribe(Moved, consumer="test.echo")
    def on_moved(batch: Sequence[Delivered[Moved]]) -> None:
        for delivered in batch:
            echo(delivered)


def _terminate_relays() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def test_a_wake_up_is_heard_well_before_the_sweep() -> None:
    _echo()
    relay = Relay()
    with _running(relay):
        _wait_for(lambda: relay.is_active)
        waits = []
        for number in range(5):
            time.sleep(0.15)
            started = time.monotonic()
            emit(moved("t1", number))
            _wait_for_echoes(number + 1)
            waits.append(time.monotonic() - started)

    assert sorted(waits)[2] < 0.5


def test_one_of_two_relays_is_active_and_the_other_takes_over() -> None:
    _echo()
    first, second = Relay(), Relay()
    with _running(first, second):
        _wait_for(lambda: first.is_active or second.is_active)
        time.sleep(1.2)
        assert [first.is_active, second.is_active].count(True) == 1
        emit(*[moved(f"t{i}") for i in range(20)])
        _wait_for_echoes(20)

        active, standby = (first, second) if first.is_active else (second, first)
        _wait_for(lambda: active.delivered == 20)
        assert standby.delivered == 0
        active.stop.set()
        _wait_for(lambda: standby.is_active)
        emit(moved("late"))
        _wait_for_echoes(21)


def test_a_relay_outlives_its_connections() -> None:
    _echo()
    relay = Relay()
    with _running(relay):
        _wait_for(lambda: relay.is_active)
        for number in range(3):
            assert _terminate_relays() >= 1
            emit(moved(f"t{number}"))
            _wait_for_echoes(number + 1)

    assert [thing for thing, _ in echoes()] == ["t0", "t1", "t2"]
    assert selectors.list_dead_letters().count() == 0


def test_a_database_lost_within_a_handler_is_nobodys_failure() -> None:
    losses: list[int] = []

    @subscribe(Moved, consumer="test.echo")
    def on_moved(batch: Sequence[Delivered[Moved]]) -> None:
        for delivered in batch:
            echo(delivered)
        if not losses:
            losses.append(1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    emit(moved("t1"))
    with _running(Relay()):
        _wait_for(lambda: echoes() == [("t1", 0)])
        _wait_for(lambda: not selectors.has_due())

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM outbox_redelivery")
        assert cursor.fetchone()[0] == 0


def test_a_lower_id_that_commits_late_is_delivered() -> None:
    _echo()
    moved("t0")
    may_commit, is_written = threading.Event(), threading.Event()

    def late() -> None:
        with transactions.unit():
            emitting.emit(moved("late"))
            is_written.set()
            assert may_commit.wait(20)

    def early() -> None:
        assert is_written.wait(20)
        emit(*[moved(f"t{i}") for i in range(10)])
        assert relaying.drain() == 10
        may_commit.set()

    assert run_together([late, early]) == [None, None]
    relaying.drain()

    ids = OutboxEvent.objects.filter(name=Moved.NAME).order_by("id")
    assert ids[0].payload["thing"] == "late"
    assert [thing for thing, _ in echoes()] == [*[f"t{i}" for i in range(10)], "late"]


def test_drains_in_parallel_have_each_effect_once_and_in_order() -> None:
    _echo()
    emit(*[moved(f"t{i % 5}", i) for i in range(400)])

    delivered = run_together([relaying.drain] * 4)

    assert sum(delivered) == 400
    assert [step for _, step in echoes()] == list(range(400))
    assert Receipt.objects.count() == 400


def test_drain_waits_for_the_relay_that_works() -> None:
    _echo()
    relay = Relay()
    with _running(relay):
        _wait_for(lambda: relay.is_active)
        emit(*[moved(f"t{i}") for i in range(50)])

        assert relaying.drain() == 0

        assert len(echoes()) == 50


def test_drain_behind_a_relay_that_does_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "STALLED_SECONDS", 0.2)
    emit(moved("t1"))

    def hold() -> None:
        with locks.session_lock(*RELAY_LOCK) as taken:
            assert taken
            is_held.set()
            assert is_over.wait(20)

    def drain() -> None:
        assert is_held.wait(20)
        try:
            relaying.drain()
        finally:
            is_over.set()

    is_held, is_over = threading.Event(), threading.Event()
    held, drained = run_together([hold, drain])

    assert held is None
    assert isinstance(drained, RelayStalled)


def test_drain_in_a_plain_transaction_is_refused() -> None:
    _echo()
    emit(moved("t1"))

    with pytest.raises(relaying.DrainInTransaction), transaction.atomic():
        relaying.drain()

    assert echoes() == []


def test_the_relay_beats_while_it_works_and_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    _echo()
    monkeypatch.setattr(relaying, "HEARTBEAT_SECONDS", 0.1)
    emit(*[moved(f"t{i}") for i in range(3)])
    with _running(Relay()):
        _wait_for(lambda: RelayHeartbeat.objects.filter(delivered=3).exists())
        seen = RelayHeartbeat.objects.get().at
        _wait_for(lambda: RelayHeartbeat.objects.get().at > seen)

    assert clock.real_now() >= RelayHeartbeat.objects.get().at
