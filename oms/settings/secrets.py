"""Generated secrets of a single-machine install: one file each in OMS_HOME/secrets, mode 0600."""

from __future__ import annotations

import base64
import os
import secrets as random_source

from oms.settings.env import OMS_HOME


def load(name: str, *, size: int = 32) -> str:
    """This function will return the stored secret, or make random bytes (URL-safe base64) once.

    Two processes that start together agree: the file is created exclusively, the loser reads it.
    """
    folder = OMS_HOME / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        value = base64.urlsafe_b64encode(random_source.token_bytes(size)).decode()
        scratch = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(value)
        try:
            os.link(scratch, path)  # atomic: fails when another process was first
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return path.read_text().strip()
