"""Drains the outbox: one relay at a time on a database, so that the order of each aggregate holds.

`drain` works until nothing is due and returns; `Relay` works until it is told to stop and outlives
a database that restarts.
"""

from __future__ import annotations

import logging
from threading import Event as Flag

from django.db import Error as DatabaseError
from django.db import connection
from psycopg import Error as PsycopgError

from oms.core import clock, locks, transactions
from oms.core.errors import Unavailable
from oms.infra.outbox import _sql, selectors
from oms.infra.outbox.services import delivering
from oms.infra.outbox.services.waiting import RELAY_LOCK, Line

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
#: A relay that holds the lock and has not beaten for so long is stuck, not busy.
STALLED_SECONDS = 60.0
_NAME = "relay"
_POLL_SECONDS = 0.05


class RelayStalled(Unavailable):
    """Another relay holds the lock and gives no sign of life."""

    code = "outbox.relay_stalled"


class DrainInTransaction(RuntimeError):
    """A drain inside a transaction would deliver facts that may still be rolled back."""


def drain(*, limit: int | None = None, max_seconds: float | None = None) -> int:
    """This function will deliver all that is due, follow-up facts included.

    While another relay works, it waits until that one has nothing left to do.

    :param limit: stop after the batch in which this many deliveries were made.
    :returns: how many deliveries (one event to one consumer) this call made.
    :raises DrainInTransaction: a transaction is open.
    :raises RelayStalled: another relay holds the lock and does nothing.
    """
    _refuse_open_transaction()
    started, made = clock.monotonic(), 0

    def is_over() -> bool:
        is_late = max_seconds is not None and clock.monotonic() - started >= max_seconds
        return is_late or (limit is not None and made >= limit)

    while not is_over():
        with locks.session_lock(*RELAY_LOCK) as is_mine:
            if is_mine:
                done = delivering.run_pass(keep_going=lambda: not is_over())
                made += done.delivered
                if not done.seen:
                    break
                continue
        if not selectors.has_due():
            break
        _refuse_stalled(waited_s=clock.monotonic() - started)
        clock.sleep(_POLL_SECONDS)
    return made


def _refuse_open_transaction() -> None:
    if transactions.is_open():
        raise DrainInTransaction("drain needs to be outside any transaction")
    try:
        # A test case's own transaction does not count; any other does.
        with transactions.unit():
            pass
    except transactions.NestedUseCase as error:
        raise DrainInTransaction("drain needs to be outside any transaction") from error


def _refuse_stalled(*, waited_s: float) -> None:
    if waited_s < STALLED_SECONDS:
        return
    age = selectors.get_health().relay_age_s
    if age is None or age > STALLED_SECONDS:
        raise RelayStalled("Another relay holds the lock and does nothing.", retry_after_s=60)


class Relay:
    """The long-running relay. A second one stands by and takes over when the first is gone."""

    def __init__(self, *, stop: Flag | None = None) -> None:
        self.stop = stop or Flag()
        self.is_active = False
        self.delivered = 0
        self._unreported = 0
        self._beat_at = float("-inf")

    def run(self) -> int:
        """This function will relay until `stop` is set.

        :returns: how many deliveries it made.
        """
        failures = 0
        while not self.stop.is_set():
            try:
                with Line.open() as line:
                    failures = 0
                    self._serve(line)
            except (DatabaseError, PsycopgError, Unavailable) as error:
                failures += 1
                logger.warning("relay lost the database, try %d", failures, exc_info=error)
                connection.close()
                self.stop.wait(min(0.25 * 2**failures, 10.0))
            finally:
                self.is_active = False
        return self.delivered

    def _serve(self, line: Line) -> None:
        while not self.stop.is_set():
            if not line.try_lock():
                self.stop.wait(1.0)
                continue
            self.is_active = True
            self._beat()
            done = delivering.run_pass(keep_going=self._keep_going)
            self.delivered += done.delivered
            self._unreported += done.delivered
            # Even when there is more to do: a lost line is a lost lock.
            line.wait(timeout_s=0.0 if done.seen else 1.0)

    def _keep_going(self) -> bool:
        self._beat()
        return not self.stop.is_set()

    def _beat(self) -> None:
        now = clock.monotonic()
        if now - self._beat_at < HEARTBEAT_SECONDS:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                _sql.HEARTBEAT,
                {"name": _NAME, "at": clock.real_now(), "delivered": self._unreported},
            )
        self._beat_at, self._unreported = now, 0
