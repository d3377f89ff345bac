"""Which system user runs embedded PostgreSQL: our own, or, for root, one made for it alone.

PostgreSQL refuses to run as root. Nothing here changes the permissions of a folder that exists:
where that user may not go, its files live under /var/lib/oms instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oms.core.errors import Unavailable

NAME = "oms-postgres"
SHARED = Path("/var/lib/oms")


class NoSystemUser(Unavailable):
    """Root, and no way to make the user that PostgreSQL needs."""

    code = "runtime.no_system_user"


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server."""

    uid: int
    gid: int
    is_other: bool

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments of `subprocess.Popen` that start a program as this user."""
        if not self.is_other:
            return {"cwd": "/"}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}

    def can_enter(self, folder: Path) -> bool:
        """This function will tell whether this user may pass through the folder."""
        return not self.is_other or self._succeeds("test", "-x", str(folder))

    def can_run(self, program: Path) -> bool:
        """This function will tell whether this user may run the program and load its libraries."""
        return not self.is_other or self._succeeds(str(program), "--version")

    def _succeeds(self, *command: str) -> bool:
        try:
            done = subprocess.run(command, capture_output=True, check=False, **self.popen)
        except OSError:
            return False
        return done.returncode == 0


def for_postgres(*, data: Path) -> Account:
    """This function will return who runs the server of a data folder, which need not exist yet.

    As root: whoever owns the folder, else the system user, made when missing.

    :raises NoSystemUser: when the user is missing and cannot be made.
    """
    if os.geteuid() != 0:
        return Account(uid=os.getuid(), gid=os.getgid(), is_other=False)
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid, is_other=True)
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make_user()
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, is_other=True)


def _make_user() -> pwd.struct_passwd:
    for command in (
        ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"],
        ["adduser", "--system", "--group", "--no-create-home", "--home", "/nonexistent"],
    ):
        program = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program:
            subprocess.run([program, *command[1:], NAME], capture_output=True, check=False)
        try:
            return pwd.getpwnam(NAME)
        except KeyError:
            continue
    raise NoSystemUser(
        f"PostgreSQL does not run as root and the system user {NAME} could not be made: "
        "run as another user, or set DATABASE_URL"
    )


def shared_folder(name: str) -> Path:
    """This function will return a folder under /var/lib/oms that every user may pass through."""
    folder = SHARED / name
    for step in (SHARED, folder):
        if not step.exists():
            step.mkdir(parents=True)
            step.chmod(0o755)
    return folder
