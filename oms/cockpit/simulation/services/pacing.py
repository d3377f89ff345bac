"""Loops that end at once when the process is asked to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator

from oms.core import clock


def until_stopped(pause_s: float, *, seconds: float = 0.0) -> Iterator[int]:
    """This function will yield 0, 1, 2 … with pauses, until SIGINT, SIGTERM or `seconds`."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    end = clock.monotonic() + seconds if seconds else float("inf")
    round_number = 0
    while not stopped.is_set() and clock.monotonic() < end:
        yield round_number
        round_number += 1
        stopped.wait(pause_s)


def every(seconds: float) -> Callable[[], bool]:
    """This function will return a question that is true once in so many seconds."""
    due = clock.monotonic()

    def is_due() -> bool:
        nonlocal due
        if clock.monotonic() < due:
            return False
        due = clock.monotonic() + seconds
        return True

    return is_due
