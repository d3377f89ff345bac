"""The base of every Celery task: keyword-only identifiers in, one service call, context set.

Celery only carries "look at row N"; the rows are the truth, a sweep finds what a broker forgot.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.db import close_old_connections

from oms.core.context import acting
from oms.core.errors import OmsError

logger = logging.getLogger(__name__)


class BaseTask(Task):  # type: ignore[misc]
    """Sets the actor, closes broken connections, keeps anticipated errors apart from real ones."""

    abstract = True
    throws = (OmsError,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        close_old_connections()
        try:
            with acting(actor=f"task:{self.name}"):
                return self.run(*args, **kwargs)
        finally:
            close_old_connections()
