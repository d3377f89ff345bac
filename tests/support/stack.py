"""`manage.py up` of a test's own: scratch OMS_HOME, free port, one at a time, gone afterwards."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from oms.runtime import embedded, probe
from oms.runtime.layout import Layout, read_json
from oms.runtime.processes import Identity, wait_gone
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
#: Two cores are shared with other tests: what takes 15 seconds alone may take a few minutes.
UP_SECONDS = 240.0
STOP_SECONDS = 45.0

#: A day of a journey passes in half a second; everybody arrives.
FAST_CARRIER = "--speed 172800 --incident-rate 0"
_NOT_INHERITED = {
    *("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "OMS_TEST_HOME", "PORT"),
    *("SANDBOX_CARRIER_URL", "LOG_FILE", "OMS_SUPERVISED"),
}


class Stack:
    """One running machine and its commands."""

    def __init__(self, folder: Path, *, is_demo: bool, carrier: str) -> None:
        self.layout = Layout(folder / "home")
        self.output = folder / "up.txt"
        self.port = probe.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.is_demo = is_demo
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        chosen = {"SANDBOX_CARRIER_ARGS": carrier} if carrier else {}
        self.environment = {**inherited, **chosen, "OMS_HOME": str(self.layout.home)}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.layout.home

    @property
    def text(self) -> str:
        """What `up` has printed so far."""
        return self.output.read_text()

    @property
    def pids(self) -> dict[str, int]:
        return dict(read_json(self.layout.up_file).get("children", {}))

    @property
    def services(self) -> dict[str, str]:
        return read_json(self.layout.services_file)

    def start(self) -> None:
        command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(
                [*command, *(["--demo"] if self.is_demo else [])],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, words: str, *, seconds: float = UP_SECONDS) -> None:
        """Returns when `up` has printed the words."""
        assert self.process is not None
        process = self.process

        def look() -> bool:
            assert process.poll() is None, self.text
            return words in self.text

        wait_for(look, seconds=seconds, what=f"{words!r} in the output of up")

    def wait_until_ready(self, *, seconds: float = UP_SECONDS) -> None:
        wait_for(self.is_ready, seconds=seconds, what=f"/readyz of {self.url}", every=0.5)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    def begin(self, *command: str) -> subprocess.Popen[bytes]:
        """Starts one of our commands beside the others; it is killed by `close` at the latest."""
        with open(self.output.with_name(f"{command[0]}.txt"), "ab") as output:
            return subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def manage(self, *command: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Runs one of our commands with `--json` and returns its answer."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command, "--json"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=UP_SECONDS,
        )
        assert done.returncode in codes, done.stdout + done.stderr
        answer = json.loads(done.stdout.splitlines()[-1])
        assert isinstance(answer, dict)
        return answer

    def shell(self, script: str) -> str:
        """Runs a script inside our settings, with this machine's keys, and returns its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=UP_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Asks the database, past all of our own code."""
        with psycopg.connect(self.services["database_url"], connect_timeout=10) as connection:
            return connection.execute(statement.encode()).fetchall()

    def number(self, statement: str) -> int:
        return int(self.rows(statement)[0][0])

    def purchases(self) -> dict[str, int]:
        """How often the sandbox carrier charged each reference."""
        secret = (self.home / "secrets" / "sandbox_carrier_secret").read_text().strip()
        answer = httpx.get(
            f"{self.services['sandbox_carrier_url']}/v1/purchases",
            headers={"authorization": f"Bearer {secret}"},
            timeout=30,
        ).json()
        return {purchase["reference"]: purchase["count"] for purchase in answer["purchases"]}

    def kill(self, name: str) -> set[int]:
        """Kills a process and all it started with SIGKILL; returns their pids."""
        pid = self.pids[name]
        family = _family([pid])
        for process in family:
            if process.is_running():
                process.kill()
        return {process.pid for process in family}

    def identities(self) -> list[Identity]:
        """Every process of this machine: the supervisor, its children, theirs, the services."""
        roots = [*self.pids.values(), *([self.process.pid] if self.process else [])]
        found = (Identity.of(process.pid) for process in _family(roots))
        return [identity for identity in found if identity is not None]

    def interrupt(self) -> int:
        """Presses Ctrl-C and returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=STOP_SECONDS)

    def close(self) -> None:
        """Ends whatever is left and deletes all data."""
        left = self.identities() if self.process else []
        if self.process and self.process.poll() is None:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        wait_gone(left, seconds=15)
        embedded.stop(self.layout)
        for folder in embedded.data_folders(self.layout):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(folder: Path, *, is_demo: bool = False, carrier: str = "") -> Iterator[Stack]:
    """This function will run a machine for the block; a second caller waits until it is gone."""
    with _one_at_a_time():
        stack = Stack(folder, is_demo=is_demo, carrier=carrier)
        try:
            stack.start()
            stack.wait_until("OMS is up")
            stack.wait_until_ready()
            yield stack
        finally:
            stack.close()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    # Each has some fifteen processes: two of them on two cores prove nothing but patience.
    with open(Path(tempfile.gettempdir()) / f"oms-test-stack-{os.getuid()}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _family(pids: list[int]) -> list[psutil.Process]:
    family: Mapping[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            members = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        family = {**family, **{member.pid: member for member in members}}
    return list(family.values())
