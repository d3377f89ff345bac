"""Ends a transaction in the middle, in the ways real ones end: an error between two statements, an
error right before the commit, a server process that dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import OperationalError, connection

from oms.cockpit.simulation.bench.raw_placing import connect_options
from tests.support.waiting import wait_for


class Crashed(Exception):
    """The process got no further."""


@dataclass(slots=True)
class Crash:
    """At which statement (the commit, where there are fewer), before or after it, and how."""

    statement: int
    is_after: bool = False
    is_kill: bool = False
    seen: int = 0
    has_struck: bool = False

    @contextmanager
    def armed(self) -> Iterator[None]:
        """This function will let the crash strike within the block, which then ends in silence."""
        try:
            with connection.execute_wrapper(self._pass):
                yield
        except Crashed:
            pass
        except OperationalError:
            if not (self.has_struck and self.is_kill):
                raise

    def before_commit(self) -> None:
        """This function will strike now, where no statement was the one."""
        if not self.has_struck:
            self._strike()

    def _pass(self, execute: Callable[..., Any], *call: Any) -> Any:
        self.seen += 1
        if self.seen != self.statement:
            return execute(*call)
        if self.is_after:
            execute(*call)
        self._strike()
        return execute(*call)

    def _strike(self) -> None:
        self.has_struck = True
        if not self.is_kill:
            raise Crashed
        kill(connection.connection.info.backend_pid)


def kill(pid: int) -> None:
    """This function will end a server process and return when it is gone."""
    with psycopg.connect(**connect_options(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"

        def is_gone() -> bool:
            return other.execute(alive, [pid]).fetchone() == (0,)

        wait_for(is_gone, seconds=30, what=f"the end of server process {pid}", every=0.002)
