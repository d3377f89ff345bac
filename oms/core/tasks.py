"""The base of every Celery task: keyword-only identifiers in, one service call, context set.

Celery only carries "look at row N"; the rows are the truth, a sweep finds what a broker forgot.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from celery import Task
from django.db import close_old_connections, connection

from oms.core.context import acting
from oms.core.errors import OmsError

logger = logging.getLogger(__name__)


class BaseTask(Task):
    """Sets the actor, closes broken connections, keeps anticipated errors apart from real ones."""

    abstract = True
    throws = (OmsError,)
    _own_queue: ClassVar[str | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Celery 5.7 warns of `queue` in a task's own namespace; inherited, it serves all the same.
        super().__init_subclass__(**kwargs)
        if "queue" in cls.__dict__:
            cls._own_queue = cls.__dict__["queue"]
            del cls.queue

    @property
    def queue(self) -> str | None:
        """The queue that the task names."""
        return self._own_queue

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _close_broken_connections()
        try:
            with acting(actor=f"task:{self.name}"):
                return self.run(*args, **kwargs)
        finally:
            _close_broken_connections()


def _close_broken_connections() -> None:
    # Called inside a transaction, as tests do, a task shares its caller's connection.
    if not connection.in_atomic_block:
        close_old_connections()
