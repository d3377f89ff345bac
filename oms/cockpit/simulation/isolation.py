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
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import ProgrammingError, connection

from oms.core import locks
from oms.core.errors import Conflict, Forbidden, Unavailable
from oms.core.locks import LockSpace
from oms.settings.env import BASE_DIR, database_url

#: Of the install; the run makes its own.
_NOT_INHERITED = ("REDIS_URL", "SANDBOX_CARRIER_URL", "OMS_SUPERVISED", "LOG_FILE", "OMS_TEST_DB")


class AlreadyRuns(Conflict):
    """Two runs of one kind at once would disturb each other."""

    code = "simulation.already_runs"


class MayNotCreate(Forbidden):
    """The database user cannot make the scratch database."""

    code = "simulation.may_not_create"


class TookTooLong(Unavailable):
    """The run was ended because it did not end by itself."""

    code = "simulation.took_too_long"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of run; there is one of each at a time on a database server."""

    name: str
    database: str
    space: LockSpace
    #: Database connections of one process of the run.
    pool: int


#: The main thread, eight callers, and some air.
BENCH = Kind("bench", "oms_bench", LockSpace.BENCH, pool=12)
PROOF = Kind("proof", "oms_proof", LockSpace.PROOF, pool=10)


@contextmanager
def scratch(kind: Kind) -> Iterator[dict[str, str]]:
    """This function will yield the environment of a run, and leave nothing of it behind.

    :raises AlreadyRuns: another of its kind runs on this database server.
    :raises MayNotCreate: the database user may not create a database.
    """
    with locks.session_lock(kind.space, 0) as is_mine:
        if not is_mine or _is_used(kind.database):
            raise AlreadyRuns(f"Another {kind.name} runs here; wait for its end.")
        home = Path(tempfile.mkdtemp(prefix=f"oms-{kind.name}-"))
        try:
            _create(kind.database)
            yield _environment(kind, home)
        finally:
            _drop(kind.database)
            shutil.rmtree(home, ignore_errors=True)


def run(
    arguments: Sequence[str], environment: dict[str, str], *, seconds: float | None = None
) -> int:
    """This function will run the command in the scratch environment and return its exit code.

    :raises TookTooLong: it did not end within `seconds` and was killed.
    """
    manage = [sys.executable, str(BASE_DIR / "manage.py")]
    code = 1
    try:
        code = subprocess.run(
            [*manage, *arguments], env=environment, check=False, timeout=seconds
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise TookTooLong(f"The run took more than {seconds:.0f} seconds.") from error
    finally:
        if code != 0:
            # One that was killed leaves its broker running.
            subprocess.run(
                [*manage, "reset", "--yes"], env=environment, check=False, capture_output=True
            )
    return code


def _is_used(database: str) -> bool:
    """Of a run that was started from another database of this server, which has its own locks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [database])
        return bool(cursor.fetchone()[0])


def _create(database: str) -> None:
    _drop(database)
    try:
        _execute(f'CREATE DATABASE "{database}"')
    except ProgrammingError as error:
        raise MayNotCreate(
            "The database user may not create databases; give it CREATEDB."
        ) from error


def _drop(database: str) -> None:
    _execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _environment(kind: Kind, home: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
    url = urlsplit(database_url())
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "oms.settings.embedded",
        "OMS_HOME": str(home),
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{kind.database}")),
        "DATABASE_POOL": str(kind.pool),
    }
