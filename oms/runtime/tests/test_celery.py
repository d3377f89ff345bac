"""What beat starts exists; every task goes to a declared queue; nothing loads LightGBM early."""

import subprocess
import sys
from pathlib import Path

import pytest

from oms.celery import app

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def tasks():
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_beat_starts_only_tasks_that_exist(tasks):
    started = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert started <= set(tasks)


def test_beat_sends_each_task_to_the_queue_the_task_names(tasks):
    sent = {
        entry["task"]: entry["options"].get("queue") for entry in app.conf.beat_schedule.values()
    }

    assert sent == {name: tasks[name].queue for name in sent}


def test_every_task_names_a_declared_queue(tasks):
    declared = {queue.name for queue in app.conf.task_queues}

    assert {name: getattr(task, "queue", None) for name, task in tasks.items()} == {
        name: task.queue for name, task in tasks.items() if task.queue in declared
    }


def test_a_worker_does_not_load_lightgbm_before_it_forks():
    look = (
        "import sys, os; os.environ['OMS_SUPERVISED'] = '1';"
        "from oms.celery import app; app.loader.import_default_modules();"
        "import django; django.setup();"
        "print([name for name in ('lightgbm', 'sklearn') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
