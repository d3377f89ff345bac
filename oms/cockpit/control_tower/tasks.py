"""The slow clock of the control tower."""

from __future__ import annotations

from celery import shared_task

from oms.cockpit.control_tower.services import dead_letters
from oms.core.tasks import BaseTask


@shared_task(base=BaseTask, name="control_tower.check_dead_letters", queue="default")
def check_dead_letters(**_: object) -> None:
    """This function will make what was given up visible."""
    dead_letters.check()
