"""Who still needs the embedded services: one file per process; a crashed holder does not count."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oms.runtime.layout import read_json, write_json
from oms.runtime.processes import Identity, mine


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """This function will let one process at a time start or stop services of this install."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "services.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def take(leases: Path) -> None:
    """This function will record that this process uses the services; twice is once."""
    leases.mkdir(parents=True, exist_ok=True)
    me = mine()
    write_json(leases / f"{me.pid}.json", {"pid": me.pid, "started": me.started})


def give_back(leases: Path) -> None:
    """This function will forget this process's lease."""
    (leases / f"{os.getpid()}.json").unlink(missing_ok=True)


def holders(leases: Path) -> list[int]:
    """This function will return the living holders' pids, and drop the files of the dead."""
    living = []
    for path in sorted(leases.glob("*.json")):
        identity = _read(path)
        if identity is not None and identity.is_alive:
            living.append(identity.pid)
        else:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
    return living


def _read(path: Path) -> Identity | None:
    content = read_json(path)
    try:
        return Identity(pid=int(content["pid"]), started=float(content["started"]))
    except (KeyError, TypeError, ValueError):
        return None
