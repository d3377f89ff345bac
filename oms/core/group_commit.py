"""Many callers, one writer: what waits is done in one transaction, and each caller gets its answer
after the commit.

An idle writer adds no delay: it takes what there is, however little. Under load a batch grows by
itself, and with it the work per commit; a hot row is then written once a batch, not once a caller.
Callers that were just answered mostly come back at once: the writer waits a moment for them
(`LINGER_S`), or it would run off with those who came meanwhile and leave the others to the next
commit, and so on by turns, in batches of half the size. When they do not come back it stops
waiting for a while (`HASTY`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError, connection

from oms.core.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")

logger = logging.getLogger(__name__)

#: A larger batch makes the last caller wait longer than it saves.
MOST = 128
#: How long the writer waits for the callers that it has just answered, unless its work is slower
#: than most.
LINGER_S = 0.001
#: So many batches are not waited for after a wait in vain.
HASTY = 8
#: An idle writer gives its connection back after so long.
IDLE_S = 2.0
#: Callers beyond this are sent away at once: they would wait longer than they like.
WAITING = 2_048


class QueueFull(Unavailable):
    """More callers wait than can be served soon."""

    code = "busy.queue_full"


class NoAnswer(Unavailable):
    """The writer did not answer in time. The same request may be repeated: it is done once."""

    code = "busy.no_answer"


class _Waiting(Generic[T, R]):
    """One caller's item and its answer, when that is there."""

    __slots__ = ("error", "is_answered", "item", "result")

    def __init__(self, item: T) -> None:
        self.item = item
        self.result: R | None = None
        self.error: BaseException | None = None
        self.is_answered = False


class _InThread(_Waiting[T, R]):
    """A thread waits: its lock is released when the answer is there."""

    __slots__ = ("answered",)

    def __init__(self, item: T) -> None:
        super().__init__(item)
        self.answered = threading.Lock()
        self.answered.acquire()


class _InLoop(_Waiting[T, R]):
    """A coroutine waits: its future is settled in its loop."""

    __slots__ = ("future", "loop")

    def __init__(self, item: T) -> None:
        super().__init__(item)
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[R] = self.loop.create_future()

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]


class GroupCommit(Generic[T, R]):
    """One writer of this process for one kind of work.

    `work` does a batch in a transaction of its own and returns one answer per item, in order. It
    must be safe to repeat: after a lost connection nobody knows whether the commit arrived.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Sequence[R]],
        *,
        name: str,
        most: int = MOST,
        waiting: int = WAITING,
        linger_s: float = LINGER_S,
    ) -> None:
        self._work, self._name, self._most, self._limit = work, name, most, waiting
        self._linger_s = linger_s
        self._queue: deque[_Waiting[T, R]] = deque()
        self._filled = threading.Condition(threading.Lock())
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._is_ending = False
        #: Fewer callers do not wake the writer.
        self._expected = 1
        self._hasty = 0

    def submit(self, item: T, *, timeout_s: float = 30.0) -> R:
        """This function will do the item with whatever else waits, and return its answer.

        :raises QueueFull: too many wait; nothing was done.
        :raises NoAnswer: nothing came in time; repeat the item.
        :raises OmsError: what the work raised for this item.
        """
        waiting: _InThread[T, R] = _InThread(item)
        self._enqueue(waiting)
        if not waiting.answered.acquire(timeout=timeout_s):
            raise NoAnswer("No answer in time; send the same request again.", retry_after_s=1)
        if waiting.error is not None:
            raise waiting.error
        return waiting.result  # type: ignore[return-value]

    async def ask(self, item: T) -> R:
        """This function will do as `submit` does, for a coroutine: its loop goes on meanwhile."""
        waiting: _InLoop[T, R] = _InLoop(item)
        self._enqueue(waiting)
        return await waiting.future

    def _enqueue(self, waiting: _Waiting[T, R]) -> None:
        self._ensure_writer()
        with self._filled:
            if len(self._queue) >= self._limit:
                raise QueueFull("Too many requests wait; try again.", retry_after_s=1)
            self._queue.append(waiting)
            if len(self._queue) >= self._expected:
                self._filled.notify()

    def _ensure_writer(self) -> None:
        if self._thread is not None and self._thread.is_alive() and self._pid == os.getpid():
            return
        with self._start:
            if self._pid != os.getpid():
                # A fork takes neither the writer along nor those who wait for it.
                self._queue.clear()
                self._filled = threading.Condition(threading.Lock())
                self._thread, self._pid = None, os.getpid()
            if self._thread is None or not self._thread.is_alive():
                self._is_ending = False
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """This function will let the writer finish what waits and end; a later item starts it
        again."""
        thread = self._thread
        if thread is not None and thread.is_alive() and self._pid == os.getpid():
            with self._filled:
                self._is_ending = True
                self._filled.notify()
            thread.join()

    def _run(self) -> None:
        try:
            answered = 0
            while batch := self._next(answered):
                try:
                    self._serve(batch)
                except BaseException as error:
                    logger.exception("%s lost a batch", self._name)
                    _answer_all(batch, error)
                answered = len(batch)
        finally:
            connection.close()

    def _next(self, answered: int) -> list[_Waiting[T, R]]:
        """What waits, as soon as something does; nothing: the writer shall end."""
        with self._filled:
            self._linger_for(answered)
            while not self._queue and not self._is_ending:
                if not self._filled.wait(IDLE_S):
                    connection.close()
            return [self._queue.popleft() for _ in range(min(len(self._queue), self._most))]

    def _linger_for(self, answered: int) -> None:
        if self._hasty:
            self._hasty -= 1
        elif answered and not self._is_ending:
            self._expected = min(len(self._queue) + answered, self._most)
            if len(self._queue) < self._expected:
                self._filled.wait(self._linger_s)
            if 0 < len(self._queue) < self._expected:
                self._hasty = HASTY
        self._expected = 1

    def _serve(self, batch: Sequence[_Waiting[T, R]]) -> None:
        """A batch that fails is done in halves, so that one bad item fails alone."""
        try:
            results = self._attempt([waiting.item for waiting in batch])
        except Exception as error:
            if len(batch) == 1:
                _answer_all(batch, error)
                return
            half = len(batch) // 2
            self._serve(batch[:half])
            self._serve(batch[half:])
            return
        for waiting, result in zip(batch, results, strict=True):
            waiting.result = result
        _tell(batch)

    def _attempt(self, items: Sequence[T]) -> Sequence[R]:
        try:
            return self._work(items)
        except (DatabaseError, InterfaceError):
            if connection.connection is not None and not connection.connection.closed:
                raise
        # The server went away, maybe after the commit: the same again, on a new connection.
        connection.close()
        try:
            return self._work(items)
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            raise NoAnswer("The database does not answer; try again.", retry_after_s=1) from error


def _answer_all(batch: Sequence[_Waiting[T, R]], error: BaseException) -> None:
    unanswered = [waiting for waiting in batch if not waiting.is_answered]
    for waiting in unanswered:
        waiting.error = error
    _tell(unanswered)


def _tell(batch: Sequence[_Waiting[T, R]]) -> None:
    """Threads one by one; each loop once for all its coroutines, for waking it is dear."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_InLoop[T, R]]] = {}
    for waiting in batch:
        waiting.is_answered = True
        if isinstance(waiting, _InThread):
            waiting.answered.release()
        elif isinstance(waiting, _InLoop):
            by_loop.setdefault(waiting.loop, []).append(waiting)
    for loop, mine in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, mine)
        except RuntimeError:
            logger.warning("a loop was closed before its answers came")


def _settle_all(batch: Sequence[_InLoop[T, R]]) -> None:
    for waiting in batch:
        waiting.settle()
