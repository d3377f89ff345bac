"""Whether this process answers, and whether everything an order needs is there. Names and states
only: no hosts, no versions, no error texts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

import redis
from celery import current_app as app
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from oms.core import clock
from oms.infra.outbox import selectors as outbox

logger = logging.getLogger(__name__)

RELAY_ALIVE_S = 15.0
_ECHO_S = 1.0
_BROKER_S = 1.0
#: Probes ask often; workers are asked again only after this long.
_ECHO_KEPT_S = 5.0

Check = Callable[[], bool]


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when every check passes, else 503; each with its name."""
    states = {name: _state(name, check) for name, check in CHECKS.items()}
    is_ready = all(state == "ok" for state in states.values())
    body = {"status": "ok" if is_ready else "not_ready", "checks": states}
    response = JsonResponse(body, status=200 if is_ready else 503)
    # Whoever asks every few seconds knows already; Django would log each 503 as an error.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _state(name: str, check: Check) -> str:
    try:
        return "ok" if check() else "failed"
    except Exception as error:
        logger.warning("readiness check %s failed: %s", name, type(error).__name__)
        return "failed"


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _broker() -> bool:
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_BROKER_S, socket_connect_timeout=_BROKER_S
    ) as client:
        return bool(client.ping())


def _relay() -> bool:
    age_s = outbox.get_health().relay_age_s
    return age_s is not None and age_s < RELAY_ALIVE_S


def count_workers(*, most: int | None = None) -> int:
    """This function will return how many workers answer within a second; 0 without a broker.

    With `most` it returns as soon as so many have answered.
    """
    try:
        with app.connection_for_write(connect_timeout=_ECHO_S) as line:
            line.ensure_connection(max_retries=1, timeout=_ECHO_S)
            answers = app.control.broadcast(
                "ping", reply=True, timeout=_ECHO_S, limit=most, connection=line
            )
    except Exception as error:
        logger.warning("workers not asked: %s", type(error).__name__)
        return 0
    return len(answers or [])


class _Echo:
    """Whether a worker answered, remembered for a few seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked_at = float("-inf")
        self._answered = False

    def check(self) -> bool:
        with self._lock:
            if clock.monotonic() - self._asked_at >= _ECHO_KEPT_S:
                self._answered = count_workers(most=1) > 0
                self._asked_at = clock.monotonic()
            return self._answered


class _Migrations:
    """Once applied they stay applied while this code runs."""

    def __init__(self) -> None:
        self._applied = False

    def check(self) -> bool:
        if not self._applied:
            executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
            self._applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return self._applied


CHECKS: dict[str, Check] = {
    "database": _database,
    "migrations": _Migrations().check,
    "broker": _broker,
    "relay": _relay,
    "worker": _Echo().check,
}
