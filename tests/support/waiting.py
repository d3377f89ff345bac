"""Waits for what other threads and processes do; says what it saw last when it gives up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T], *, seconds: float, what: str, every: float = 0.1) -> T:
    """This function will return the first truthy answer of `look`.

    :raises AssertionError: there was none in time.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what} (last: {found!r})"
        time.sleep(every)
    return found
