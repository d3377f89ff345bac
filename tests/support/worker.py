"""A real Celery worker in a thread of the test, on a broker prefix that nobody else reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from celery.contrib.testing.worker import start_worker
from django.db import connection

from oms.celery import app


@contextmanager
def running(queue: str) -> Iterator[Any]:
    """This function will work the queue's tasks for the block, as `manage.py up` does."""
    with (
        _apart(),
        # The worker narrows the queues of the whole app to its own.
        mock.patch.object(app.amqp.queues, "_consume_from", None),
        app.connection_for_write() as line,
    ):
        line.default_channel.queue_purge(queue)
        with start_worker(
            app, pool="solo", queues=[queue], perform_ping_check=False, shutdown_timeout=30.0
        ) as worker:
            yield worker


@contextmanager
def _apart() -> Iterator[None]:
    # The broker is shared with the other processes of a parallel run; the database is not.
    before = app.conf.broker_transport_options
    prefix = f"{connection.settings_dict['NAME']}:"
    app.conf.broker_transport_options = {**before, "global_keyprefix": prefix}
    try:
        yield
    finally:
        app.conf.broker_transport_options = before
