"""Background work: three declared queues, every app's tasks, and what beat starts.

A task names its own queue; a queue that is not declared here is an error, not a new queue.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings.embedded")

app = Celery("oms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue("default"), Queue("carriers"), Queue("training")]
app.autodiscover_tasks()


def _every(task: str, *, seconds: float, queue: str) -> dict[str, Any]:
    # A tick that was not taken before the next one is due is worth nothing: it expires.
    return {
        "task": task,
        "schedule": seconds,
        "options": {"queue": queue, "expires": max(seconds, 10.0)},
    }


#: Safety nets and slow clocks; each task finds its own work in the database.
BEAT: dict[str, dict[str, Any]] = {
    "inventory-expire": _every("inventory.expire_reservations", seconds=60, queue="default"),
    "orders-expire-unpaid": _every("orders.expire_unpaid", seconds=60, queue="default"),
    "orders-run-imports": _every("orders.run_imports", seconds=15, queue="default"),
    "orders-purge-imports": _every("orders.purge_imports", seconds=3600, queue="default"),
    "orders-unanswered-work": _every("orders.expire_unanswered_work", seconds=30, queue="default"),
    "warehouse-answer": _every("warehouse.answer_cancellations", seconds=60, queue="default"),
    "orders-at-risk": _every("orders.flag_at_risk", seconds=60, queue="default"),
    "control-tower-dead-letters": _every(
        "control_tower.check_dead_letters", seconds=60, queue="default"
    ),
    "orders-release-due": _every("orders.release_due_holds", seconds=30, queue="default"),
    "orders-escalate-late": _every("orders.escalate_late_holds", seconds=60, queue="default"),
    "orders-expire-approvals": _every("orders.expire_approvals", seconds=60, queue="default"),
    "orders-change-holds": _every("orders.change_holds", seconds=15, queue="default"),
    "idempotency-reap": _every("idempotency.reap_expired", seconds=3600, queue="default"),
    "carriers-buy": _every("carriers.buy_labels", seconds=15, queue="carriers"),
    "carriers-resolve": _every("carriers.resolve_labels", seconds=15, queue="carriers"),
    "carriers-announce": _every("carriers.announce_hand_over", seconds=15, queue="carriers"),
    "carriers-poll": _every("carriers.poll_tracking", seconds=15, queue="carriers"),
    "carriers-webhooks": _every("carriers.process_webhooks", seconds=15, queue="carriers"),
}
app.conf.beat_schedule = BEAT


@setup_logging.connect
def _use_django_logging(**_: Any) -> None:
    """Connected so that Celery leaves the JSON logging of the settings alone."""
