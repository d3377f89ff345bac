"""What was decided wakes a worker after it is committed; a lost wake-up loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
from celery import current_app

from carriers import handlers, tasks
from carriers.models import LabelIntent
from carriers.services import labels
from carriers.tests import factories
from oms.core.transactions import consumer

ALL = {
    "carriers.announce_hand_over",
    "carriers.buy_labels",
    "carriers.poll_tracking",
    "carriers.process_webhooks",
    "carriers.resolve_labels",
}


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(handlers, "wake", lambda task: names.append(task.name))
    return names


@pytest.mark.parametrize(
    ("handler", "task"),
    [
        (handlers.on_label_requested, "carriers.buy_labels"),
        (handlers.on_handed_over, "carriers.announce_hand_over"),
    ],
)
def test_a_batch_wakes_once_and_only_when_it_is_committed(
    db: None, woken, django_capture_on_commit_callbacks, handler: Any, task: str
):
    with django_capture_on_commit_callbacks(execute=True):
        with consumer():
            handler([object(), object()])
        assert woken == []

    assert woken == [task]


def test_every_task_has_its_queue_and_a_tick():
    beat = current_app.conf.beat_schedule.values()

    assert {entry["task"] for entry in beat if entry["task"].startswith("carriers.")} == ALL
    assert {current_app.tasks[name].queue for name in ALL} == {"carriers"}


def test_a_task_goes_on_until_nothing_is_due(operator: int, simulator, monkeypatch):
    monkeypatch.setattr(labels, "CHUNK", 2)
    factories.create(operator, 5)

    assert tasks.buy_labels() == 5
    assert tasks.buy_labels() == 0
    assert LabelIntent.objects.filter(state="bought").count() == 5


def test_every_task_is_content_with_nothing_to_do(setup):
    for name in ALL:
        assert current_app.tasks[name]() == 0
