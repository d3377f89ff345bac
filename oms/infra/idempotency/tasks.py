"""Housekeeping of stored answers."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from oms.core.tasks import BaseTask
from oms.infra.idempotency import services


@shared_task(name="idempotency.reap_expired", base=BaseTask, queue="default")
def reap_expired(**_: Any) -> None:
    """Forgets answers older than 72 hours."""
    services.reap_expired()
