"""Counts requests per minute in the broker, for all processes; in this process while it is away."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from functools import cache
from threading import Lock

import redis
from django.conf import settings

from oms.core import clock

_WINDOW_S = 60
_TIMEOUT_S = 0.25
#: Nobody waits for a dead broker twice within this time.
_PAUSE_S = 5.0


def take(*, name: str, who: str, limit: int) -> int:
    """This function will count one request.

    :returns: 0 when it is within the limit, else the seconds until the next window.
    """
    now = clock.real_now().timestamp()
    window = int(now // _WINDOW_S)
    # Addresses are personal: only a digest leaves the process.
    digest = hashlib.blake2b(f"{settings.SECRET_KEY}|{who}".encode(), digest_size=12).hexdigest()
    if _counter().add(f"oms:limit:{name}:{window}:{digest}", window) <= limit:
        return 0
    return max(math.ceil((window + 1) * _WINDOW_S - now), 1)


class _Counter:
    def __init__(self) -> None:
        self._client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )
        self._local: Counter[str] = Counter()
        self._window = 0
        self._quiet_until = 0.0
        self._lock = Lock()

    def add(self, key: str, window: int) -> int:
        if clock.monotonic() >= self._quiet_until:
            try:
                return self._add_shared(key)
            except redis.RedisError:
                self._quiet_until = clock.monotonic() + _PAUSE_S
        return self._add_local(key, window)

    def _add_shared(self, key: str) -> int:
        with self._client.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, 2 * _WINDOW_S)
            return int(pipe.execute()[0])

    def _add_local(self, key: str, window: int) -> int:
        with self._lock:
            if window != self._window:
                self._window = window
                self._local.clear()
            self._local[key] += 1
            return self._local[key]


@cache
def _counter() -> _Counter:
    return _Counter()
