"""The relay's own connection: it holds the lock that makes it the only one, and hears the wake-up.

One session for both, outside any pool: where it is lost, so is the lock, and the relay notices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection

from oms.core.locks import LockSpace

RELAY_LOCK = (LockSpace.RELAY_SHARD, 0)


class Line:
    """An open session that LISTENs to the outbox."""

    def __init__(self, session: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._session = session
        self._is_locked = False

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Line]:
        """This function will connect beside Django's connection, and close at the end."""
        params: dict[str, Any] = connection.get_connection_params()
        # Plain adapters: this session only asks for a lock and listens.
        for name in ("cursor_factory", "context"):
            params.pop(name, None)
        with psycopg.connect(**params, autocommit=True, **_NOTICE_A_DEAD_PEER) as session:
            session.execute("LISTEN outbox")
            yield cls(session)

    def try_lock(self) -> bool:
        """This function will tell whether this session is the relay now, and make it so if free."""
        if not self._is_locked:
            row = self._session.execute(
                "SELECT pg_try_advisory_lock(%s, %s)", [int(part) for part in RELAY_LOCK]
            ).fetchone()
            self._is_locked = bool(row and row[0])
        return self._is_locked

    def wait(self, *, timeout_s: float) -> None:
        """This function will return at the next wake-up or after the timeout.

        :raises psycopg.OperationalError: the session is lost.
        """
        for _notice in self._session.notifies(timeout=timeout_s, stop_after=1):
            pass


_NOTICE_A_DEAD_PEER: dict[str, Any] = {
    "application_name": "oms-relay",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
