"""Where a single-machine install keeps things: one folder, OMS_HOME, and short socket paths."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oms.core.errors import Forbidden

#: Names the supervisor's pid to the children of `up`, which holds the lease for all of them.
SUPERVISED = "OMS_SUPERVISED"

#: A unix socket's path must fit 107 bytes, its name included.
SOCKET_FOLDER_BYTES = 80


class HomeIsNotOurs(Forbidden):
    """Another user's OMS_HOME."""

    code = "runtime.home_is_not_ours"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one install."""

    home: Path

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def leases(self) -> Path:
        return self.run / "leases"

    @property
    def services_file(self) -> Path:
        return self.home / "services.json"

    @property
    def up_file(self) -> Path:
        return self.run / "up.json"

    @property
    def files(self) -> list[Path]:
        """Single files that hold facts about the present data."""
        carrier = sorted(self.home.glob("sandbox_carrier.sqlite3*"))
        return [self.services_file, self.up_file, self.home / "admin_password", *carrier]

    @property
    def key(self) -> str:
        """Names this install outside its own folder."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    def prepare(self) -> None:
        """This function will make the folders every command may write to.

        :raises HomeIsNotOurs: when somebody else's run made them.
        """
        for folder in (self.home, self.run, self.logs, self.leases):
            with suppress(PermissionError):
                folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise HomeIsNotOurs(
                    f"{folder} cannot be written to by this user: run as its owner, "
                    "or set OMS_HOME to another folder"
                )

    def socket_folder(self, name: str) -> Path:
        """This function will return a folder, not made yet, whose sockets have short paths."""
        folder = self.run / name
        if len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES:
            return folder
        return Path(tempfile.gettempdir()) / f"oms-{os.getuid()}-{self.key}" / name


def current() -> Layout:
    """This function will return the layout that the environment names (`OMS_HOME`)."""
    from oms.settings.env import OMS_HOME

    return Layout(home=OMS_HOME)


def private_folder(folder: Path, *, uid: int, gid: int) -> None:
    """This function will make a folder that only its owner enters.

    :raises PermissionError: when somebody else made it first (the temporary folder is shared).
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid not in (uid, os.getuid()) or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user")
    if found.st_uid != uid:
        os.chown(folder, uid, gid)
    os.chmod(folder, 0o700)


def write_json(path: Path, content: dict[str, Any], *, mode: int = 0o600) -> None:
    """This function will replace the file in one step: a reader sees the old or the new whole."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(content, handle, indent=1)
        handle.write("\n")
    os.replace(scratch, path)


def read_json(path: Path) -> dict[str, Any]:
    """This function will return the file's object, or {} when there is none to read."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
