"""Background work of the floor."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from inventory.warehouse.services import questions
from oms.core.tasks import BaseTask

#: Questions answered per tick; the next tick takes the rest.
_BATCH = 200


@shared_task(name="warehouse.answer_cancellations", base=BaseTask, queue="default")
def answer_cancellations(**_: Any) -> int:
    """Answers for a floor that did not say in time whether work can be cancelled."""
    return questions.answer_overdue(limit=_BATCH)
