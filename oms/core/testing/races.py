"""Runs callers at the same instant, each on its own connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection


def run_together(callers: Sequence[Callable[[], Any]], *, timeout_s: float = 60) -> list[Any]:
    """This function will start all callers behind one barrier and return results or exceptions."""
    barrier = threading.Barrier(len(callers))
    results: list[Any] = [None] * len(callers)

    def work(index: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=timeout_s)
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=(i, c), daemon=True) for i, c in enumerate(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout_s)
        if thread.is_alive():
            raise TimeoutError("a caller did not finish: a lock is held for too long")
    return results
