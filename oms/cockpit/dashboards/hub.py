"""Fans live pages out: one broker subscription per process, each topic computed once, each frame
encoded once.

A hint only says that something changed; the database is asked again, at most once per topic and
gap. Whoever cannot keep up is dropped and comes back with a fresh snapshot. Without the broker the
pages still refresh, with the heartbeat.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import redis.asyncio as broker
from channels.db import database_sync_to_async
from django.conf import settings
from redis.exceptions import RedisError

from oms.cockpit.hints import CHANNEL

logger = logging.getLogger(__name__)

#: Ages on the board grow by themselves; its frames come at least this often.
BEAT_S = 10.0
#: A page polls after 30 s of silence: a quiet topic says "nothing new" before that.
QUIET_BEATS = 2
#: The least time between two computations of one topic.
BOARD_GAP_S = 1.0
TRACK_GAP_S = 0.2
#: Frames a socket may be behind before it is dropped.
_BEHIND = 32
_RETRY_S = (0.2, 5.0)
#: Computations at a time in one process, whatever the number of topics.
_AT_ONCE = 2

Compute = Callable[[], dict[str, Any] | None]


class Reader:
    """One socket's place in a topic: frames wait here. None means that the hub let it go."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[str | None] = asyncio.Queue(maxsize=_BEHIND)

    def put(self, frame: str) -> bool:
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.drop()
            return False
        return True

    def drop(self) -> None:
        while not self.frames.empty():
            self.frames.get_nowait()
        self.frames.put_nowait(None)


class Topic:
    """One subject, its last data and its readers; recomputed when it is dirty."""

    def __init__(self, name: str, compute: Compute, gap_s: float, slots: asyncio.Semaphore) -> None:
        self.name = name
        self.readers: set[Reader] = set()
        #: Sockets that joined or are joining and have not left: while any, the topic stays.
        self.holders = 0
        self._compute = database_sync_to_async(compute, thread_sensitive=False)
        self._gap_s = gap_s
        self._slots = slots
        self._data: dict[str, Any] | None = None
        self._seq = 0
        self._quiet_beats = 0
        self._first = asyncio.Lock()
        self._dirty = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def touch(self) -> None:
        self._dirty.set()

    def beat(self) -> None:
        """Marks a board dirty; a quiet topic only now and then."""
        self._quiet_beats += 1
        if self.name.startswith("board") or self._quiet_beats >= QUIET_BEATS:
            self.touch()

    async def join(self, reader: Reader) -> bool:
        """Gives the reader a snapshot, then all that follows; False if there is nothing."""
        async with self._first:
            if self._data is None:
                self._data = await self._ask()
        if self._data is None:
            return False
        reader.put(self._frame("snapshot", self._data))
        self.readers.add(reader)
        self.touch()
        return True

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._refresh()
            except Exception:
                logger.warning("topic not refreshed", exc_info=True)
                self._dirty.set()
            await asyncio.sleep(self._gap_s)

    async def _refresh(self) -> None:
        data = await self._ask()
        if data is None:
            self._data = None
            self._let_go()
            return
        before = self._data or {}
        changed = {key: value for key, value in data.items() if before.get(key) != value}
        self._data = data
        if changed or self._quiet_beats >= QUIET_BEATS:
            self._quiet_beats = 0
            self._seq += 1
            self._tell(self._frame("delta", changed))

    def _let_go(self) -> None:
        for reader in self.readers:
            reader.drop()
        self.readers.clear()

    async def _ask(self) -> dict[str, Any] | None:
        async with self._slots:
            return await self._compute()

    def _tell(self, frame: str) -> None:
        self.readers = {reader for reader in self.readers if reader.put(frame)}

    def _frame(self, kind: str, data: dict[str, Any]) -> str:
        return json.dumps({"topic": self.name, "seq": self._seq, "type": kind, "data": data})


class Hub:
    """All topics of one process that somebody watches."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self.is_connected = False

    async def join(self, *, topic: str, compute: Compute, gap_s: float) -> Reader | None:
        """This function will let a socket read a topic: a snapshot, then changes. None: no data."""
        found = self._topics.get(topic)
        if found is None:
            found = self._topics[topic] = Topic(topic, compute, gap_s, self._slots)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]
        reader = Reader()
        found.holders += 1
        is_in = False
        try:
            is_in = await found.join(reader)
        finally:
            if not is_in:
                await self._release(found)
        return reader if is_in else None

    async def leave(self, *, topic: str, reader: Reader) -> None:
        """This function will end a socket's reading; a topic nobody reads is forgotten."""
        found = self._topics.get(topic)
        if found is not None:
            found.readers.discard(reader)
            await self._release(found)

    def hear(self, topics: list[str]) -> None:
        """This function will mark what a hint names; "board" means the board of every scope."""
        for topic in topics:
            if topic == "board":
                for name, found in self._topics.items():
                    if name.startswith("board"):
                        found.touch()
            elif topic in self._topics:
                self._topics[topic].touch()

    async def _release(self, topic: Topic) -> None:
        topic.holders -= 1
        if topic.holders:
            return
        self._topics.pop(topic.name, None)
        tasks: list[asyncio.Task[None]] = []
        if not self._topics:
            tasks, self._tasks, self.is_connected = self._tasks, [], False
        for task in tasks:
            task.cancel()
        await topic.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            for topic in self._topics.values():
                topic.beat() if self.is_connected else topic.touch()

    async def _listen(self) -> None:
        first, longest = _RETRY_S
        wait = first
        while True:
            try:
                await self._subscribe()
            except (RedisError, OSError) as error:
                if self.is_connected:
                    logger.warning("live hints lost: %s", type(error).__name__)
                    wait = first
                self.is_connected = False
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)

    async def _subscribe(self) -> None:
        client = broker.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as line:
                await line.subscribe(CHANNEL)
                self.is_connected = True
                for topic in self._topics.values():
                    topic.touch()
                async for message in line.listen():
                    self.hear(json.loads(message["data"])["topics"])
        finally:
            await client.aclose()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """This function will return the hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
