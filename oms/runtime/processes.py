"""Processes by identity: a pid and its start time, so that a reused pid is never mistaken."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from oms.core import clock


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, told apart from any later one with the same pid."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """This function will return the identity of a living process, or None."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid=pid, started=process.create_time())
        except psutil.NoSuchProcess:
            return None

    @classmethod
    def running(cls, pid: int, *, mark: str) -> Identity | None:
        """This function will return the process only when its command line holds the mark."""
        try:
            command = " ".join(psutil.Process(pid).cmdline())
        except psutil.NoSuchProcess:
            return None
        return cls.of(pid) if mark in command else None

    @property
    def is_alive(self) -> bool:
        found = Identity.of(self.pid)
        # The start time is derived from the boot clock: two readings differ by rounding only.
        return found is not None and abs(found.started - self.started) < 1.0


def mine() -> Identity:
    """This function will return the identity of this very process."""
    found = Identity.of(os.getpid())
    assert found is not None
    return found


def signal_group(pid: int, number: signal.Signals) -> None:
    """This function will signal a session leader's whole group, and do nothing when it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def wait_gone(identities: Iterable[Identity], *, seconds: float) -> list[Identity]:
    """This function will wait, and return those that are still alive at the end."""
    deadline = clock.monotonic() + seconds
    left = [identity for identity in identities if identity.is_alive]
    while left and clock.monotonic() < deadline:
        clock.sleep(0.05)
        left = [identity for identity in left if identity.is_alive]
    return left
