"""A run of its own: a scratch database on the same server, a scratch home with its own broker.

Nothing of the install is read or written but the address of its database server.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import ProgrammingError, connection

from oms.core import locks
from oms.core.errors import Conflict, Forbidden
from oms.settings.env import BASE_DIR, database_url

DATABASE = "oms_bench"
#: Of the install; the run makes its own.
_NOT_INHERITED = ("REDIS_URL", "SANDBOX_CARRIER_URL", "OMS_SUPERVISED", "LOG_FILE", "OMS_TEST_DB")
#: The main thread, eight callers, and some air.
_POOL = "12"


class BenchRuns(Conflict):
    """Two runs at once would measure each other."""

    code = "bench.running"


class MayNotCreate(Forbidden):
    """The database user cannot make the scratch database."""

    code = "bench.may_not_create"


@contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """This function will yield the environment of a run, and leave nothing of it behind.

    :raises BenchRuns: another bench runs on this database server.
    :raises MayNotCreate: the database user may not create a database.
    """
    with locks.session_lock(locks.LockSpace.BENCH, 0) as is_mine:
        if not is_mine:
            raise BenchRuns("Another bench runs here; wait for its end.")
        home = Path(tempfile.mkdtemp(prefix="oms-bench-"))
        try:
            _create()
            yield _environment(home)
        finally:
            _drop()
            shutil.rmtree(home, ignore_errors=True)


def run(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """This function will run the command in the scratch environment and return its exit code."""
    manage = [sys.executable, str(BASE_DIR / "manage.py")]
    code = subprocess.run([*manage, *arguments], env=environment, check=False).returncode
    if code != 0:
        # One that was killed leaves its broker running.
        subprocess.run(
            [*manage, "reset", "--yes"], env=environment, check=False, capture_output=True
        )
    return code


def _create() -> None:
    _drop()
    try:
        _execute(f'CREATE DATABASE "{DATABASE}"')
    except ProgrammingError as error:
        raise MayNotCreate(
            "The database user may not create databases; give it CREATEDB."
        ) from error


def _drop() -> None:
    _execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
    url = urlsplit(database_url())
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "oms.settings.embedded",
        "OMS_HOME": str(home),
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{DATABASE}")),
        "DATABASE_POOL": _POOL,
    }
