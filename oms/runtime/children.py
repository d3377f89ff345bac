"""What runs under `manage.py up`, and the order it stops in: feeders, servers, the carrier."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass

from oms.runtime.supervisor import ChildSpec
from oms.settings.env import BASE_DIR

FEEDERS, SERVERS, OUTSIDE = 0, 1, 2

#: A worker runs one task at a time in a process: no pool of connections, and room for a second.
_WORKER = {"DATABASE_POOL": "0"}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the web server and the sandbox carrier listen on this machine."""

    web: int
    sandbox: int


def environment(ports: Ports, *, is_demo: bool) -> dict[str, str]:
    """This function will return what every child must know."""
    return {
        "OMS_DEMO": "1" if is_demo else "",
        "PORT": str(ports.web),
        "SANDBOX_CARRIER_URL": f"http://127.0.0.1:{ports.sandbox}",
        "PYTHONUNBUFFERED": "1",
        # The checks ran before the first child started.
        "CELERY_SKIP_CHECKS": "1",
    }


def manage(*arguments: str) -> tuple[str, ...]:
    """This function will return the command line of one of our own commands."""
    return (sys.executable, str(BASE_DIR / "manage.py"), *arguments)


def web() -> ChildSpec:
    """This function will describe the server of pages, API and websockets."""
    command = (
        *(sys.executable, "-m", "gunicorn", "--chdir", str(BASE_DIR)),
        *("-c", "python:oms.runtime.gunicorn_conf", "oms.asgi:application"),
    )
    return ChildSpec("web", command, stop_turn=SERVERS)


def background() -> list[ChildSpec]:
    """This function will describe the workers, their clock, the relay and the sandbox carrier."""
    return [
        ChildSpec("relay", manage("relay"), stop_turn=SERVERS),
        _worker("default", "--concurrency=1"),
        _worker("carriers", "--concurrency=2"),
        ChildSpec("beat", _celery("beat", "-S", "celery.beat.Scheduler", "--pidfile="), FEEDERS),
        _worker("training", "--pool=solo"),
    ]


#: Scans carry the moment they are seen: on a live system a parcel is never ahead of the clock.
_LIVE_CARRIER = ("--scan-times", "visible")
#: Two hours of a journey pass in a second; scans come late, twice and out of order now and then.
_DEMO_CARRIER = (
    *("--speed", "7200", "--latency-ms", "40", "--incident-rate", "0.06"),
    *("--duplicate-rate", "0.05", "--shuffle-rate", "0.05", "--late-rate", "0.03"),
)


def sandbox(ports: Ports, *, is_demo: bool) -> ChildSpec:
    """This function will describe the carrier of our own that the demo ships with.

    `SANDBOX_CARRIER_ARGS` replaces the demo's choices.
    """
    given = os.environ.get("SANDBOX_CARRIER_ARGS")
    chosen = shlex.split(given) if given else _DEMO_CARRIER if is_demo else ()
    command = manage("sandbox_carrier", "--port", str(ports.sandbox), *_LIVE_CARRIER, *chosen)
    return ChildSpec("sandbox", command, stop_turn=OUTSIDE)


def feeders() -> list[ChildSpec]:
    """This function will describe who orders and who works the floor in the demo."""
    return [
        ChildSpec("demo_feed", manage("demo_feed"), stop_turn=FEEDERS),
        ChildSpec("demo_clerk", manage("demo_clerk"), stop_turn=FEEDERS),
    ]


def _worker(queue: str, *arguments: str) -> ChildSpec:
    command = _celery(
        *("worker", "-Q", queue, "-n", f"{queue}@%h", "-l", "INFO"),
        *("--without-gossip", "--without-mingle", *arguments),
    )
    return ChildSpec(f"worker-{queue}", command, stop_turn=SERVERS, env=_WORKER)


def _celery(*arguments: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "celery", "-A", "oms.celery", "--workdir", str(BASE_DIR)),
        *arguments,
    )
