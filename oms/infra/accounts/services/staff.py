"""The first administrator: made once with a generated password that only the owner of OMS_HOME
can read."""

from __future__ import annotations

import os
import secrets
import string
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from oms.core import locks
from oms.core.transactions import needs_transaction, unit
from oms.infra.accounts.models import StaffProfile
from oms.infra.accounts.services import roles

USERNAME = "admin"
FILE_NAME = "admin_password"
PASSWORD_LENGTH = 20
#: Without the characters people mistake for each other.
_ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI")))


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """`password` is None once a person has changed it or removed the file."""

    username: str
    password_path: Path
    password: str | None = field(repr=False)


def ensure_roles() -> None:
    """This function will bring the groups of all roles up to date; call it after migrating."""
    roles.sync()


def ensure_first_admin() -> FirstAdmin:
    """This function will make the first superuser where there is none, with all roles ready.

    The password is written to OMS_HOME/admin_password (mode 0600) before the account exists, so
    that no crash leaves an account nobody can enter.
    """
    ensure_roles()
    with unit():
        locks.hold(locks.LockSpace.FIRST_ADMIN, 0)
        admin = User.objects.filter(is_superuser=True).order_by("pk").first()
        return _describe(admin) if admin else _create()


def password_path() -> Path:
    """This function will return where the generated password is kept."""
    return Path(settings.OMS["HOME"]) / FILE_NAME


@needs_transaction
def _create() -> FirstAdmin:
    is_taken = User.objects.filter(username=USERNAME).exists()
    username = f"{USERNAME}-{secrets.token_hex(2)}" if is_taken else USERNAME
    password = "".join(secrets.choice(_ALPHABET) for _ in range(PASSWORD_LENGTH))
    _write(password_path(), password)
    user = User.objects.create_superuser(username, password=password)
    roles.assign(user=user, role=StaffProfile.Role.ADMIN)
    return FirstAdmin(username, password_path(), password)


def _describe(admin: User) -> FirstAdmin:
    try:
        password = password_path().read_text().strip()
    except OSError:
        password = ""
    # Looked at only when the file exists: checking a password is slow on purpose.
    is_current = bool(password) and admin.check_password(password)
    return FirstAdmin(admin.username, password_path(), password if is_current else None)


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text + "\n")
    os.replace(scratch, path)
