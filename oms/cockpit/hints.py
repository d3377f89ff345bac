"""Tells the web processes what changed. A hint may be lost: pages refresh on their own as well."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from functools import cache

import redis
from django.conf import settings
from django.db import transaction

from oms.core import clock

logger = logging.getLogger(__name__)

CHANNEL = "oms:live"
BOARD = "board"

#: After a failure nobody is asked again for this long: a batch must not wait for a dead broker.
_PAUSE_S = 2.0
_TIMEOUT_S = 0.5


class _Publisher:
    """One connection per process, with a memory of failure."""

    def __init__(self) -> None:
        self._client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )
        self._quiet_until = 0.0

    def publish(self, topics: Collection[str]) -> None:
        if clock.monotonic() < self._quiet_until:
            return
        try:
            self._client.publish(CHANNEL, json.dumps({"topics": sorted(topics)}))
        except redis.RedisError as error:
            self._quiet_until = clock.monotonic() + _PAUSE_S
            logger.warning("hint not published: %s", type(error).__name__)


@cache
def _publisher() -> _Publisher:
    return _Publisher()


def track(tracking_hash: str) -> str:
    """This function will return the topic of one order's public page."""
    return f"track:{tracking_hash}"


def publish_on_commit(topics: Collection[str]) -> None:
    """This function will send one hint about all the topics, once the transaction has committed."""
    transaction.on_commit(lambda: _publisher().publish(topics))
