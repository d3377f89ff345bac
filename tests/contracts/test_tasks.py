"""Tasks take identifiers by keyword, tolerate what they do not know, and name a declared queue."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import pytest
from celery import Celery
from django.apps import apps

from oms.celery import BEAT, app
from oms.core.tasks import BaseTask

QUEUES = {queue.name for queue in app.conf.task_queues}


def _ours() -> list[Any]:
    app.loader.import_default_modules()
    labels = {config.label for config in apps.get_app_configs()}
    return [task for name, task in app.tasks.items() if name.split(".")[0] in labels]


def _wrong(tasks: Iterable[Any]) -> list[tuple[str, str]]:
    found = []
    for task in tasks:
        parameters = inspect.signature(task.run).parameters.values()
        kinds = [parameter.kind for parameter in parameters]
        if not isinstance(task, BaseTask):
            found.append((task.name, "another base"))
        if {*kinds} - {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}:
            found.append((task.name, "takes positions"))
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            found.append((task.name, "refuses what a newer sender adds"))
        if getattr(task, "queue", None) not in QUEUES:
            found.append((task.name, "no declared queue"))
    return sorted(found)


def test_every_task_is_keyword_only_with_a_queue() -> None:
    assert len(_ours()) >= 8
    assert _wrong(_ours()) == []


def test_everything_that_beat_starts_is_a_task_on_its_own_queue() -> None:
    queues = {task.name: task.queue for task in _ours()}

    assert {e["task"]: e["options"]["queue"] for e in BEAT.values()}.items() <= queues.items()


@pytest.mark.parametrize(
    ("options", "run", "found"),
    [
        ({"base": BaseTask, "queue": "default"}, lambda **_: None, []),
        ({"base": BaseTask, "queue": "default"}, lambda *, pk, **_: None, []),
        ({"base": BaseTask, "queue": "default"}, lambda pk, **_: None, ["takes positions"]),
        (
            {"base": BaseTask, "queue": "default"},
            lambda *, pk: None,
            ["refuses what a newer sender adds"],
        ),
        ({"base": BaseTask}, lambda **_: None, ["no declared queue"]),
        ({"base": BaseTask, "queue": "fast"}, lambda **_: None, ["no declared queue"]),
        ({}, lambda **_: None, ["another base", "no declared queue"]),
    ],
)
def test_a_task_out_of_form_is_found(options: dict[str, Any], run: Any, found: list[str]) -> None:
    elsewhere = Celery("seeded", set_as_current=False)

    run.__name__ = "seeded"
    task = elsewhere.task(name="orders.seeded", **options)(run)

    assert [what for _name, what in _wrong([task])] == found
