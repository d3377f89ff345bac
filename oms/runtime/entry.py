"""Runs one engineer command; the services it needs are up before the settings that name them."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType, TracebackType

from oms.core.errors import OmsError
from oms.runtime import embedded
from oms.runtime.layout import SUPERVISED
from oms.settings.env import OMS_HOME

#: Commands that never touch the database or the broker.
NEED_NOTHING = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "doctor",
        "findstatic",
        "help",
        "makemessages",
        "render_events",
        "render_settings",
        "render_state_machines",
        "reset",
        "sandbox_carrier",
        "spectacular",
        "version",
    }
)


#: Commands that see to the tables themselves, or are about them.
LOOK_AFTER_TABLES = frozenset(
    {"bench", "dbshell", "makemigrations", "migrate", "showmigrations", "sqlmigrate", "up"}
)


def run(argv: list[str]) -> None:
    """This function will run the command that the arguments name."""
    if needs_services(argv) and not os.environ.get(SUPERVISED):
        signal.signal(signal.SIGTERM, _exit_on_terminate)
        _start_services()
        # The children of `up` each have a log of their own.
        if argv[1] != "up":
            _log_to_file()
    if os.environ.get(SUPERVISED):
        # Its output is a log: an error's own text may quote the row that was refused.
        sys.excepthook = _log_end
    if argv[1:2] == ["doctor"]:
        # A pool retries in the background for ever; the doctor asks once.
        os.environ["DATABASE_POOL"] = "0"
    if has_embedded_database(argv):
        _make_tables_of_a_new_database()
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)


def has_embedded_database(argv: list[str]) -> bool:
    """This function will tell whether the command works on the embedded database's tables, and
    nobody has promised that they are there."""
    is_ours = not os.environ.get(SUPERVISED) and not os.environ.get("DATABASE_URL")
    return is_ours and needs_services(argv) and argv[1] not in LOOK_AFTER_TABLES


def _make_tables_of_a_new_database() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NULL")
        is_new = bool((cursor.fetchone() or [False])[0])
    if is_new:
        sys.stderr.write("The database is new: making its tables\n")
        call_command("migrate", verbosity=0)


def _log_to_file() -> None:
    folder = OMS_HOME / "logs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ.setdefault("LOG_FILE", str(folder / "commands.log"))


def _start_services() -> None:
    try:
        services = embedded.ensure_services()
    except OmsError as error:
        sys.exit(error.detail)
    for notice in services.notices:
        sys.stderr.write(f"{notice}\n")


def needs_services(argv: list[str]) -> bool:
    """This function will tell whether the command reads the database or the broker."""
    command = argv[1] if len(argv) > 1 else "help"
    asks_for_help = bool({"-h", "--help"} & set(argv[1:]))
    return not asks_for_help and command.lstrip("-") not in NEED_NOTHING


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("oms.runtime").critical("Ended by an error", exc_info=(kind, error, trace))


def _exit_on_terminate(number: int, frame: FrameType | None) -> None:
    # An ordinary exit, so that the lease is given back.
    sys.exit(128 + number)
