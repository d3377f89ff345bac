"""Only commands that read the database start it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oms.runtime import entry
from oms.runtime.entry import needs_services
from oms.runtime.layout import SUPERVISED
from oms.runtime.postgres import PostgresDidNotStart

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (["manage.py"], False),
        (["manage.py", "--help"], False),
        (["manage.py", "up", "--demo"], True),
        (["manage.py", "up", "--help"], False),
        (["manage.py", "migrate"], True),
        (["manage.py", "import_orders", "-h"], False),
        (["manage.py", "doctor", "--json"], False),
        (["manage.py", "reset", "--yes"], False),
    ],
)
def test_needs_services(arguments, needs):
    assert needs_services(arguments) is needs


def test_run_says_in_a_sentence_why_services_did_not_start(monkeypatch):
    def fail():
        raise PostgresDidNotStart("PostgreSQL did not start; see postgres.log")

    monkeypatch.delenv(SUPERVISED, raising=False)
    monkeypatch.setattr(entry.embedded, "ensure_services", fail)
    monkeypatch.setattr(entry.signal, "signal", lambda *_: None)

    with pytest.raises(SystemExit, match="PostgreSQL did not start; see postgres.log"):
        entry.run(["manage.py", "migrate"])


@pytest.fixture
def supervised():
    return {**os.environ, SUPERVISED: str(os.getpid())}


def test_a_supervised_command_ends_without_the_text_of_its_error(supervised):
    script = (
        "import sys; from oms.runtime import entry;"
        "from django.core.management.commands import check;"
        "check.Command.handle = lambda *a, **k: (_ for _ in ()).throw(ValueError('planted'));"
        "entry.run(['manage.py', 'check'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=supervised,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    record = json.loads(done.stderr.splitlines()[-1])
    assert (record["level"], record["error"]["type"]) == ("CRITICAL", "ValueError")
    assert "planted" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "environment", "expected"),
    [
        (["manage.py", "import_orders", "x"], {}, True),
        (["manage.py", "import_orders", "x"], {"DATABASE_URL": "postgresql://h/db"}, False),
        (["manage.py", "import_orders", "x"], {"OMS_SUPERVISED": "1"}, False),
        (["manage.py", "import_orders", "--help"], {}, False),
        (["manage.py", "migrate"], {}, False),
        (["manage.py", "up"], {}, False),
    ],
)
def test_tables_are_made_only_where_nobody_else_does(
    argv: list[str],
    environment: dict[str, str],
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", "OMS_SUPERVISED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert entry.has_embedded_database(argv) is expected
