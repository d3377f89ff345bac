"""A broker that is away costs its callers next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from oms.core import clock, waking


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking._broker, "quiet_until", 0.0)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An application of its own, whose broker is this process's memory."""
    own = Celery("waking", broker="memory://", set_as_current=False)
    own.conf.task_create_missing_queues = True
    monkeypatch.setattr(waking, "current_app", own)
    yield own


def task_of(app: Celery) -> Any:
    # Unshared: the product's own application must not get it, too.
    @app.task(name="waking.test", shared=False)
    def work(**_: Any) -> None:
        raise AssertionError("only put on a queue")

    return work


def test_a_task_lands_on_its_queue(app: Celery):
    assert waking.wake(task_of(app), number=7) is True

    with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        message = queue.get(timeout=1)
    assert message.headers["task"] == "waking.test"
    assert message.payload[1] == {"number": 7}


def test_a_dead_broker_neither_fails_nor_holds_the_caller(app: Celery, caplog):
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    task = task_of(app)
    started = clock.monotonic()

    assert waking.wake(task) is False
    assert [waking.wake(task) for _ in range(100)] == [False] * 100

    assert clock.monotonic() - started < 2
    assert caplog.text.count("the broker took no waking.test") == 1


def test_a_broker_that_comes_back_is_used_again(app: Celery, monkeypatch):
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    task = task_of(app)
    waking.wake(task)
    app.conf.broker_url = "memory://"
    monkeypatch.setattr(waking._broker, "quiet_until", clock.monotonic() - 1)

    assert waking.wake(task) is True
