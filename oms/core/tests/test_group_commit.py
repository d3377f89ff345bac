"""Callers share a writer: one transaction for many, errors alone, no answer before the work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from oms.core.errors import Invalid
from oms.core.group_commit import HASTY, LINGER_S, GroupCommit, NoAnswer, QueueFull
from oms.core.testing.races import run_together


class _Works:
    """Doubles numbers; remembers its batches; refuses 13; waits while its gate is closed."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.gate.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.entered.set()
        assert self.gate.wait(10)
        self.batches.append(list(items))
        if 13 in items:
            raise Invalid("thirteen")
        return [item * 2 for item in items]


def test_each_caller_gets_its_own_answer() -> None:
    writer = GroupCommit(_Works(), name="test")

    answers = run_together([lambda n=n: writer.submit(n) for n in range(1, 12)])

    assert answers == [n * 2 for n in range(1, 12)]


def _behind_a_slow_first(works: _Works, writer: GroupCommit[int, int], items: list[int]) -> list:
    """The first item keeps the writer busy until all others wait."""
    works.gate.clear()
    answers: list[object] = [None] * len(items)

    def ask(index: int) -> None:
        try:
            answers[index] = writer.submit(items[index])
        except Exception as error:
            answers[index] = error

    threads = [threading.Thread(target=ask, args=(0,))]
    threads[0].start()
    assert works.entered.wait(10)
    threads += [threading.Thread(target=ask, args=(n,)) for n in range(1, len(items))]
    for thread in threads[1:]:
        thread.start()
    while len(writer._queue) < len(items) - 1:
        pass
    works.gate.set()
    for thread in threads:
        thread.join(10)
    return answers


def test_what_waits_is_done_at_once_and_no_more_than_the_most() -> None:
    works = _Works()
    writer = GroupCommit(works, name="test", most=4)

    answers = _behind_a_slow_first(works, writer, list(range(10, 16 + 4)))

    assert [len(batch) for batch in works.batches if 13 not in batch][0] == 1
    assert max(len(batch) for batch in works.batches) == 4
    assert [a for a in answers if not isinstance(a, Exception)] == [
        n * 2 for n in range(10, 20) if n != 13
    ]


def test_one_bad_item_fails_alone() -> None:
    works = _Works()
    writer = GroupCommit(works, name="test")

    answers = _behind_a_slow_first(works, writer, [1, 2, 13, 4, 5])

    assert isinstance(answers[2], Invalid)
    assert [answers[n] for n in (0, 1, 3, 4)] == [2, 4, 8, 10]


def test_a_full_queue_sends_away_and_does_nothing() -> None:
    works = _Works()
    writer = GroupCommit(works, name="test", waiting=2)

    answers = _behind_a_slow_first(works, writer, [1, 2, 3])
    works.gate.clear()
    works.entered.clear()
    threads = [threading.Thread(target=lambda n=n: writer.submit(n)) for n in (7, 8, 9)]
    threads[0].start()
    assert works.entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(writer._queue) < 2:
        pass
    with pytest.raises(QueueFull) as refused:
        writer.submit(99)
    works.gate.set()
    for thread in threads:
        thread.join(10)

    assert answers == [2, 4, 6]
    assert refused.value.retry_after_s == 1
    assert 99 not in [item for batch in works.batches for item in batch]


def test_a_caller_does_not_wait_forever() -> None:
    works = _Works()
    works.gate.clear()
    writer = GroupCommit(works, name="test")

    with pytest.raises(NoAnswer):
        writer.submit(1, timeout_s=0.05)

    works.gate.set()
    assert writer.submit(2) == 4


def test_a_stopped_writer_begins_again_with_the_next_item() -> None:
    writer = GroupCommit(_Works(), name="test")
    assert writer.submit(1) == 2

    writer.stop()

    assert writer._thread is not None and not writer._thread.is_alive()
    assert writer.submit(2) == 4


def test_who_was_answered_is_waited_for_until_it_was_in_vain() -> None:
    writer = GroupCommit(_Works(), name="test")
    writer._queue.append(object())  # type: ignore[arg-type]
    waits: list[float] = []

    class _Counts(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return super().wait(timeout)

    writer._filled = _Counts(threading.Lock())
    with writer._filled:
        # One waits, one was answered and does not come back.
        writer._linger_for(1)
        for _ in range(HASTY):
            writer._linger_for(1)
        assert waits == [LINGER_S]
        writer._linger_for(1)
        assert waits == [LINGER_S] * 2
        # Nobody was answered: nobody is waited for.
        writer._hasty = 0
        writer._linger_for(0)
        assert waits == [LINGER_S] * 2


def test_coroutines_of_one_loop_are_answered_each_its_own() -> None:
    writer = GroupCommit(_Works(), name="test")

    async def all_of_them() -> list[object]:
        asked = (writer.ask(n) for n in (1, 13, 3))
        return await asyncio.gather(*asked, return_exceptions=True)

    one, thirteen, three = asyncio.run(all_of_them())

    assert (one, three) == (2, 6)
    assert isinstance(thirteen, Invalid)


def test_a_coroutine_that_gave_up_does_not_keep_the_others_from_their_answers() -> None:
    works = _Works()
    works.gate.clear()
    writer = GroupCommit(works, name="test")

    async def two() -> int:
        first = asyncio.ensure_future(writer.ask(1))
        second = asyncio.ensure_future(writer.ask(2))
        await asyncio.sleep(0.05)
        first.cancel()
        works.gate.set()
        return await second

    assert asyncio.run(two()) == 4
