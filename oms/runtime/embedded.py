"""PostgreSQL and Valkey for one machine: started when needed, shared, stopped by the last to leave.

`DATABASE_URL` and `REDIS_URL` win: what they name is used as it is and never started or stopped.
"""

from __future__ import annotations

import atexit
import functools
import os
from dataclasses import dataclass, field
from pathlib import Path

from oms.runtime import leases
from oms.runtime.layout import SUPERVISED, Layout, current, read_json, write_json
from oms.runtime.postgres import Postgres
from oms.runtime.processes import Identity
from oms.runtime.valkey import Valkey


@functools.lru_cache
def _servers(layout: Layout) -> tuple[Postgres, Valkey]:
    # Kept: where a server's files are takes a few programs to find out.
    return Postgres(layout), Valkey(layout)


@dataclass(frozen=True, slots=True)
class Services:
    """Where the database and the broker answer; `notices` are lines the person should see."""

    database_url: str
    redis_url: str
    notices: tuple[str, ...] = field(default=())


def ensure_services(postgres: bool = True, valkey: bool = True) -> Services:
    """This function will leave both services answering and this process counted as their user.

    The services that we started stop when the last counted process ends. Children of `up` are
    not counted: their supervisor is.
    """
    layout = current()
    layout.prepare()
    database, broker = _servers(layout)
    is_counted = not os.environ.get(SUPERVISED)
    with leases.locked(layout.run):
        if is_counted:
            leases.take(layout.leases)
        try:
            services = _start(layout, database if postgres else None, broker if valkey else None)
        except BaseException:
            leases.give_back(layout.leases)
            raise
    if is_counted:
        atexit.register(_leave_at_exit, layout, os.getpid())
    return Services(services.database_url, services.redis_url, tuple(database.notices))


def _start(layout: Layout, database: Postgres | None, broker: Valkey | None) -> Services:
    found = read_json(layout.services_file)
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    if not database_url and database:
        database.start()
        found["database_url"] = database.url
    if not redis_url and broker:
        broker.start()
        found["redis_url"] = broker.url
    write_json(layout.services_file, found)
    return Services(
        database_url or str(found.get("database_url", "")),
        redis_url or str(found.get("redis_url", "")),
    )


def leave() -> bool:
    """This function will give this process's lease back; True when that stopped the services."""
    layout = current()
    with leases.locked(layout.run):
        leases.give_back(layout.leases)
        if leases.holders(layout.leases):
            return False
        stop(layout)
        return True


def _leave_at_exit(layout: Layout, pid: int) -> None:
    # A forked child inherits the exit hook, not the lease.
    if os.getpid() == pid and layout.run.exists():
        leave()


def stop(layout: Layout) -> None:
    """This function will stop whatever embedded service of this install runs, whoever uses it."""
    database, broker = _servers(layout)
    broker.stop()
    database.stop()


def revive(layout: Layout) -> list[str]:
    """This function will start again what should run and does not, and name it."""
    database, broker = _servers(layout)
    starts = {"postgres": database.start, "valkey": broker.start}
    with leases.locked(layout.run):
        down = [name for name, identity in identities(layout).items() if identity is None]
        for name in down:
            starts[name]()
    return down


def identities(layout: Layout) -> dict[str, Identity | None]:
    """This function will return the processes of the services that are ours to run."""
    database, broker = _servers(layout)
    found: dict[str, Identity | None] = {}
    if not os.environ.get("DATABASE_URL"):
        found["postgres"] = database.identity
    if not os.environ.get("REDIS_URL"):
        found["valkey"] = broker.identity
    return found


def data_folders(layout: Layout) -> list[Path]:
    """This function will return the folders that hold this install's data, where they exist."""
    database, broker = _servers(layout)
    home = layout.home
    folders = [database.data, broker.data, layout.logs, home / "secrets", home / "static"]
    folders += [database.sockets, broker.sockets, home / "media"]
    if database.home != home:
        folders.append(database.home)
    return [folder for folder in folders if folder.exists()]


def remember(**values: str) -> None:
    """This function will add facts to services.json; an empty value removes one."""
    layout = current()
    with leases.locked(layout.run):
        content = read_json(layout.services_file) | values
        write_json(layout.services_file, {key: value for key, value in content.items() if value})
