"""The sandbox carrier for commands without a supervisor: found, or started and stopped."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings

from oms.core.errors import Unavailable
from oms.settings.env import BASE_DIR, SERVICES_FILE

#: Nobody listens for webhooks here: the driver asks for scans.
_COMMAND = [
    sys.executable,
    str(BASE_DIR / "manage.py"),
    "sandbox_carrier",
    "--port=0",
    "--webhook-url=",
    "--json",
]


class NoCarrier(Unavailable):
    code = "simulation.no_carrier"


@contextmanager
def sandbox_carrier(*options: str) -> Iterator[str]:
    """This function will yield the address of a running sandbox carrier; one that has to be
    started gets the options.

    :raises NoCarrier: it does not start.
    """
    running = str(settings.OMS["SANDBOX_CARRIER_URL"]) or _remembered()
    if running:
        yield running
        return
    process = subprocess.Popen(
        [*_COMMAND, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = _announced(process)
        settings.OMS["SANDBOX_CARRIER_URL"] = url
        yield url
    finally:
        settings.OMS["SANDBOX_CARRIER_URL"] = ""
        process.terminate()
        process.wait(timeout=10)


def _announced(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            return str(json.loads(line)["url"])
    raise NoCarrier("The sandbox carrier did not start.")


def _remembered() -> str:
    try:
        url = str(json.loads(SERVICES_FILE.read_text()).get("sandbox_carrier_url", ""))
    except (OSError, ValueError):
        return ""
    return url if url and _answers(url) else ""


def _answers(url: str) -> bool:
    """An address left behind by a supervisor that was killed answers nobody."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=1):
            return True
    except OSError:
        return False
