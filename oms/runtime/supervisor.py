"""Keeps a set of processes running: restarts what dies, with back-off; stops all of it in order.

Each child leads a session of its own, so that nothing of it outlives a stop.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from oms.core import clock
from oms.runtime.layout import SUPERVISED, Layout, read_json, write_json
from oms.runtime.logfiles import Tail, bound, rotate
from oms.runtime.processes import Identity, signal_group, wait_gone

TICK_SECONDS = 0.2
WATCH_SECONDS = 1.0
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
#: A child that lived this long has recovered: the next failure starts the back-off afresh.
STEADY_SECONDS = 60.0
#: `make` and a process group both pass a signal on: what comes at once is one request.
ONE_REQUEST_SECONDS = 0.5
#: How long a group of children may take to stop before it is killed.
STOP_SECONDS = (1.5, 5.0, 1.5)

Say = Callable[[str], None]


class StopRequested(Exception):
    """Somebody asked the supervisor to end."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process to keep running; `stop_turn` 0 stops first."""

    name: str
    command: tuple[str, ...]
    stop_turn: int = 1
    env: Mapping[str, str] = field(default_factory=dict)


class Child:
    """A spec with its present process."""

    def __init__(self, spec: ChildSpec, log: Path, *, is_job: bool = False) -> None:
        self.spec = spec
        self.log = log
        self.is_job = is_job
        self.failures = 0
        self.started_at = 0.0
        self.restart_at: float | None = None
        self.exit_code: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        rotate(log)
        self.tail = Tail(log)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self) -> None:
        """This function will start the process in a session of its own."""
        environment = {**os.environ, **self.spec.env, SUPERVISED: str(os.getpid())}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "oms.runtime.child", *self.spec.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        self.started_at = clock.monotonic()
        self.restart_at = None

    def look(self) -> bool:
        """This function will tell whether the process has ended since the last look."""
        if self.process is None or self.process.poll() is None:
            return False
        # What it forked shares its session and would keep ports and queues busy.
        signal_group(self.process.pid, signal.SIGKILL)
        self.exit_code = self.process.returncode
        self.process = None
        return True

    def plan_restart(self) -> float:
        """This function will set when to start again, and return the delay in seconds."""
        lived = clock.monotonic() - self.started_at
        self.failures = 0 if lived > STEADY_SECONDS else self.failures
        delay = min(FIRST_DELAY * 2.0**self.failures, LONGEST_DELAY)
        self.failures += 1
        self.restart_at = clock.monotonic() + delay
        return delay

    @property
    def is_due(self) -> bool:
        return self.restart_at is not None and clock.monotonic() >= self.restart_at


class Supervisor:
    """Runs children until told to stop. One thread: the kernel ties children to it."""

    def __init__(
        self,
        layout: Layout,
        *,
        say: Say,
        watch: Callable[[], Mapping[str, Identity | None]] = dict,
        revive: Callable[[], list[str]] = list,
    ) -> None:
        self.layout = layout
        self.say = say
        self.children: dict[str, Child] = {}
        self._watch, self._revive = watch, revive
        self._services: Mapping[str, Identity | None] = watch()
        self._watch_at = 0.0
        self._revive_at, self._revive_delay = 0.0, FIRST_DELAY
        self._stop_at: float | None = None
        self._published: dict[str, int] = {}

    def install_signals(self) -> None:
        """This function will turn SIGINT, SIGTERM and SIGHUP into an orderly stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.request_stop)

    def request_stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """This function will end the loop; asked again, it kills at once."""
        now = clock.monotonic()
        if self._stop_at is None:
            self._stop_at = now
        elif now - self._stop_at > ONE_REQUEST_SECONDS:
            self.kill()

    def start(self, spec: ChildSpec) -> Child:
        """This function will start a process and keep it running."""
        return self._add(spec, is_job=False)

    def begin_job(self, spec: ChildSpec) -> Child:
        """This function will start a process that ends by itself; `finish_job` waits for it."""
        return self._add(spec, is_job=True)

    def finish_job(self, job: Child) -> int:
        """This function will return the job's exit code, keeping the others running meanwhile."""
        self.until(lambda: job.exit_code is not None)
        del self.children[job.spec.name]
        return job.exit_code if job.exit_code is not None else 1

    def until(self, is_true: Callable[[], bool], *, seconds: float = float("inf")) -> bool:
        """This function will keep the children running until the condition holds or time is up.

        :raises StopRequested: when somebody asked for a stop meanwhile.
        """
        deadline = clock.monotonic() + seconds
        while True:
            if self._stop_at is not None:
                raise StopRequested
            self.tick()
            if is_true():
                return True
            if clock.monotonic() >= deadline:
                return False
            clock.sleep(TICK_SECONDS)

    def tick(self) -> None:
        """This function will look once at everything and mend what it finds."""
        for child in list(self.children.values()):
            self._tend(child)
        self._tend_services()
        self._publish()

    def stop(self) -> None:
        """This function will stop all children, turn by turn; what does not end is killed."""
        for turn, seconds in enumerate(STOP_SECONDS):
            self._stop_turn(turn, seconds)
        self.kill()
        self.children.clear()
        self.layout.up_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """This function will kill every child and all it forked."""
        for child in self.children.values():
            if child.pid is not None:
                signal_group(child.pid, signal.SIGKILL)

    def _add(self, spec: ChildSpec, *, is_job: bool) -> Child:
        child = Child(spec, self.layout.logs / f"{spec.name}.log", is_job=is_job)
        self.children[spec.name] = child
        child.start()
        self._publish()
        return child

    def _tend(self, child: Child) -> None:
        if child.look() and not child.is_job:
            delay = child.plan_restart()
            cause = _cause(child.exit_code)
            self.say(f"{child.spec.name} ended ({cause}); starts again in {delay:.1f} s")
        if child.is_due:
            child.start()
        for error in child.tail.errors():
            self.say(f"[{child.spec.name}] {error}")
        bound(child.log)

    def _tend_services(self) -> None:
        if clock.monotonic() < self._watch_at:
            return
        self._services, self._watch_at = self._watch(), clock.monotonic() + WATCH_SECONDS
        down = [name for name, identity in self._services.items() if identity is None]
        if not down or clock.monotonic() < self._revive_at:
            return
        self.say(f"{' and '.join(down)} ended; starts again")
        try:
            self._revive()
            self._revive_delay = FIRST_DELAY
        except Exception as error:  # whatever it is, the next attempt may succeed
            self.say(f"{' and '.join(down)} did not start: {error}")
            self._revive_delay = min(self._revive_delay * 2, LONGEST_DELAY)
        self._revive_at = clock.monotonic() + self._revive_delay

    def _stop_turn(self, turn: int, seconds: float) -> None:
        chosen = [c for c in self.children.values() if c.spec.stop_turn == turn and c.process]
        for child in chosen:
            assert child.process is not None
            child.process.terminate()
        deadline = clock.monotonic() + seconds
        while any(c.process and not c.look() for c in chosen) and clock.monotonic() < deadline:
            clock.sleep(0.05)
        for child in chosen:
            if child.process is not None:
                signal_group(child.process.pid, signal.SIGKILL)
                child.process.wait(timeout=5)

    def _publish(self) -> None:
        pids = {name: child.pid for name, child in self.children.items()}
        pids |= {name: found.pid if found else None for name, found in self._services.items()}
        present = {name: pid for name, pid in pids.items() if pid is not None}
        if present != self._published:
            self._published = present
            started = {name: Identity.of(pid) for name, pid in present.items()}
            write_json(
                self.layout.up_file,
                {
                    "supervisor": os.getpid(),
                    "children": present,
                    "started": {name: found.started for name, found in started.items() if found},
                },
            )


def tidy_leftovers(layout: Layout) -> list[str]:
    """This function will end what a killed supervisor left running, and name it."""
    content = read_json(layout.up_file)
    started = content.get("started", {})
    found = {
        name: Identity(pid=pid, started=started.get(name, 0.0))
        for name, pid in content.get("children", {}).items()
        if name not in {"postgres", "valkey"}
    }
    alive = {name: identity for name, identity in found.items() if identity.is_alive}
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        for identity in alive.values():
            signal_group(identity.pid, number)
        if not wait_gone(alive.values(), seconds=seconds):
            break
    return list(alive)


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return signal.Signals(-exit_code).name
    return f"exit {exit_code}"
