"""Brings a whole machine up: services, migrations, pages first, then all that works behind them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from oms.core import clock
from oms.core.errors import Conflict, Unavailable
from oms.runtime import children, embedded, probe
from oms.runtime.children import Ports
from oms.runtime.layout import Layout, read_json
from oms.runtime.supervisor import Child, ChildSpec, Say, StopRequested, Supervisor, tidy_leftovers

if TYPE_CHECKING:
    from oms.infra.accounts.services.staff import FirstAdmin

WEB_SECONDS = 90.0
SAMPLE_SECONDS = 15.0


class AlreadyRunning(Conflict):
    """Another `up` has this OMS_HOME."""

    code = "runtime.already_running"


class PortIsTaken(Conflict):
    """Somebody else listens there."""

    code = "runtime.port_is_taken"


class StepFailed(Unavailable):
    """A step of coming up ended with an error; its log says why."""

    code = "runtime.step_failed"


@contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """This function will hold OMS_HOME for one supervisor; the kernel frees it with the process.

    :raises AlreadyRunning: naming the other's pid.
    """
    layout.prepare()
    with open(layout.run / "up.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = read_json(layout.up_file).get("supervisor", "unknown")
            raise AlreadyRunning(f"OMS already runs in {layout.home} (pid {pid})") from None
        yield


def check_port(port: int) -> None:
    """This function will make sure that the web server can listen.

    :raises PortIsTaken: with what to do.
    """
    if reason := probe.port_error(port):
        raise PortIsTaken(
            f"Port {port} on 127.0.0.1 cannot be used ({reason}): name another by --port or PORT"
        )


@dataclass
class Up:
    """One run of the machine."""

    layout: Layout
    port: int
    is_demo: bool
    say: Say

    def __post_init__(self) -> None:
        self.began_at = clock.monotonic()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ports = Ports(web=self.port, sandbox=probe.free_port())
        self.supervisor = Supervisor(
            self.layout,
            say=self.say,
            watch=partial(embedded.identities, self.layout),
            revive=partial(embedded.revive, self.layout),
        )

    def run(self) -> None:
        """This function will bring everything up and return after an orderly stop."""
        self.supervisor.install_signals()
        os.environ |= children.environment(self.ports, is_demo=self.is_demo)
        embedded.remember(web_url=self.url, sandbox_carrier_url=os.environ["SANDBOX_CARRIER_URL"])
        for name in tidy_leftovers(self.layout):
            self.say(_("Ended %(name)s, left over from a run that was killed") % {"name": name})
        try:
            self._bring_up()
            self.supervisor.until(lambda: False)
        except StopRequested:
            self.say(_("Stopping"))
        finally:
            self._take_down()

    def _bring_up(self) -> None:
        # Two cores: files are collected while the database is brought up to date.
        files = None if static_is_fresh() else self._begin("collectstatic", "--noinput")
        self._step(_("Database up to date"), migrate)
        if files is not None:
            self._step(_("Static files"), partial(self._finish, files))
        self.supervisor.start(children.web())
        admin = first_admin()
        self._step(_("Web server answering"), self._wait_for_web)
        for spec in (children.sandbox(self.ports, is_demo=self.is_demo), *children.background()):
            self.supervisor.start(spec)
        if self.is_demo:
            self._seed()
        self._welcome(admin)

    def _seed(self) -> None:
        try:
            seeding = self._begin("seed_world", "--size", "small")
            self._step(_("Demo world"), partial(self._finish, seeding))
        except StepFailed as failure:
            # Pages without a world still answer; what is wrong is better seen than guessed.
            self.say(f"  {failure.detail}")
            return
        for spec in children.feeders():
            self.supervisor.start(spec)

    def _wait_for_web(self) -> None:
        status = partial(probe.status, self.url, "/healthz")
        if not self.supervisor.until(lambda: 0 < status() < 500, seconds=WEB_SECONDS):
            raise StepFailed(f"The web server does not answer; see {self.layout.logs / 'web.log'}")

    def _begin(self, *arguments: str) -> Child:
        return self.supervisor.begin_job(ChildSpec(arguments[0], children.manage(*arguments)))

    def _finish(self, job: Child) -> None:
        if self.supervisor.finish_job(job) != 0:
            raise StepFailed(f"{job.spec.name} failed; see {job.log}")

    def _step(self, label: str, work: Callable[[], None]) -> None:
        started_at = clock.monotonic()
        work()
        self.say(f"  {label:<28}{clock.monotonic() - started_at:6.1f} s")

    def _welcome(self, admin: FirstAdmin) -> None:
        tracking = ""
        if self.is_demo:
            with suppress(ImportError):
                tracking = self._sample_tracking()
        log_in = how_to_log_in(admin, is_demo=self.is_demo)
        commands = _("manage.py doctor, manage.py status; logs in %(logs)s")
        rows = (
            (_("Operations staff"), f"{self.url}/admin/   {log_in}"),
            (_("Live operations"), f"{self.url}/board/"),
            (_("Customers"), f"{self.url}{tracking or '/track/<token>/'}"),
            (_("Partners"), f"{self.url}/api/docs/"),
            (_("Engineers"), commands % {"logs": self.layout.logs}),
        )
        seconds = clock.monotonic() - self.began_at
        self.say("")
        self.say(_("OMS is up after %(seconds).0f s.") % {"seconds": seconds})
        self.say("")
        for who, where in rows:
            self.say(f"  {who:<18}{where}")
        self.say("")
        self.say(_("Ctrl-C stops everything."))

    def _sample_tracking(self) -> str:
        from oms.cockpit.simulation.services import sample_tracking_path

        found: list[str] = []

        def look() -> bool:
            found.append(sample_tracking_path() or "")
            return bool(found[-1])

        self.supervisor.until(look, seconds=SAMPLE_SECONDS)
        return found[-1]

    def _take_down(self) -> None:
        self.supervisor.stop()
        embedded.remember(web_url="", sandbox_carrier_url="")
        close_database()
        if embedded.leave():
            self.say(_("Everything is stopped"))
        else:
            self.say(_("Stopped; another command still uses the database"))


def migrate() -> None:
    """This function will apply what the database lacks, and keep no connection open after it."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    close_database()


def close_database() -> None:
    """This function will give every connection of this process back to the server."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def first_admin() -> FirstAdmin:
    """This function will return the first admin, made now when there is none."""
    from oms.infra.accounts.services import staff

    admin = staff.ensure_first_admin()
    close_database()
    return admin


def how_to_log_in(admin: FirstAdmin, *, is_demo: bool) -> str:
    """This function will say who the first admin is; the password itself only in the demo."""
    if admin.password is None:
        return _("user %(name)s, with the password you chose") % {"name": admin.username}
    what = admin.password if is_demo else _("in %(path)s") % {"path": admin.password_path}
    return _("user %(name)s, password %(what)s") % {"name": admin.username, "what": what}


def static_is_fresh() -> bool:
    """This function will tell whether the collected files are newer than every source."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders

    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists():
        return False
    collected_at = manifest.stat().st_mtime
    sources = (storage.path(path) for finder in get_finders() for path, storage in finder.list([]))
    return all(os.stat(path).st_mtime <= collected_at for path in sources)
