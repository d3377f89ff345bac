"""Wakes a background task when the broker listens; never fails and never waits long.

What there is to do stands in a row, and a sweep finds it: a broker that is away costs seconds of
delay, not the caller's transaction or patience.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from celery import Task, current_app
from kombu.pools import producers

from oms.core import clock

logger = logging.getLogger(__name__)

#: One quick second attempt; Celery's own way would block the caller for six seconds.
_IMPATIENT: Final = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
}
#: After a failure the broker is left alone for a while.
_QUIET_S: Final = 5.0


class _Broker:
    def __init__(self) -> None:
        self.quiet_until = 0.0


_broker = _Broker()


def wake(task: Task, **arguments: Any) -> bool:
    """This function will put a task on its queue.

    :returns: whether the broker took it.
    """
    if clock.monotonic() < _broker.quiet_until:
        return False
    try:
        with producers[_connection()].acquire(block=True, timeout=1) as producer:
            task.apply_async(kwargs=arguments, producer=producer, retry=False)
    except Exception as error:
        _broker.quiet_until = clock.monotonic() + _QUIET_S
        logger.warning("the broker took no %s: %s", task.name, type(error).__name__)
        return False
    return True


def _connection() -> Any:
    return current_app.connection_for_write(
        transport_options={**current_app.conf.broker_transport_options, **_IMPATIENT}
    )
