"""Slow clocks of orders; each task finds its own work in the database."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from oms.core.tasks import BaseTask
from orders.services import expiring


@shared_task(name="orders.expire_unpaid", base=BaseTask, queue="default")
def expire_unpaid(**_: Any) -> None:
    """Ends orders that nobody paid in time."""
    while expiring.expire_unpaid():
        pass
