"""Real servers in a scratch home: shared, stopped by the last to leave, found after a kill."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from oms.runtime import embedded
from oms.runtime.layout import Layout, read_json
from oms.runtime.postgres import Postgres
from oms.runtime.processes import wait_gone
from oms.runtime.valkey import Valkey

ROOT = Path(__file__).resolve().parents[3]
#: Says that it is ready, then holds its lease until its standard input closes.
HOLDER = (
    "import sys; from oms.runtime import embedded; services = embedded.ensure_services();"
    "print(services.database_url, services.redis_url, flush=True); sys.stdin.read()"
)


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "home")
    yield layout
    embedded.stop(layout)
    for folder in embedded.data_folders(layout):
        shutil.rmtree(folder)


@contextmanager
def holder(layout, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT,
        env={**clean, "OMS_HOME": str(layout.home), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        process.services = process.stdout.readline().split()
        yield process


def leave(process):
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def test_two_processes_share_the_servers_and_the_last_stops_them(layout):
    with holder(layout) as one, holder(layout) as two:
        servers = [Postgres(layout).identity, Valkey(layout).identity]
        assert one.services == two.services
        assert read_json(layout.services_file) == dict(
            zip(("database_url", "redis_url"), one.services, strict=True)
        )

        leave(one)
        assert all(server.is_alive for server in servers)

        leave(two)
        assert wait_gone(servers, seconds=10) == []


def test_servers_orphaned_by_a_kill_are_used_again_and_then_stopped(layout):
    with holder(layout) as one:
        before = [Postgres(layout).identity, Valkey(layout).identity]
        one.send_signal(signal.SIGKILL)
        one.wait()

    with holder(layout) as two:
        assert [Postgres(layout).identity, Valkey(layout).identity] == before
        leave(two)

    assert wait_gone(before, seconds=10) == []


def test_servers_that_were_killed_come_up_again_with_their_data(layout):
    import psycopg

    with holder(layout) as one:
        with psycopg.connect(one.services[0], autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        os.kill(Postgres(layout).identity.pid, signal.SIGKILL)
        os.kill(Valkey(layout).identity.pid, signal.SIGKILL)

        with holder(layout) as two:
            with psycopg.connect(two.services[0]) as connection:
                assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
            assert Valkey(layout).is_answering
            leave(two)
        leave(one)


def test_what_the_environment_names_is_neither_started_nor_stopped(layout):
    named = {"DATABASE_URL": "postgresql://elsewhere/shop", "REDIS_URL": "redis://elsewhere/0"}

    with holder(layout, **named) as one:
        assert one.services == list(named.values())
        assert (Postgres(layout).identity, Valkey(layout).identity) == (None, None)
        leave(one)

    assert not (layout.home / "pg").exists()


def test_no_statement_or_row_reaches_the_server_log(layout):
    import psycopg

    with holder(layout) as one:
        with psycopg.connect(one.services[0], autocommit=True) as connection:
            connection.execute("CREATE TABLE person (mail text PRIMARY KEY)")
            connection.execute("INSERT INTO person VALUES ('planted@mail.example')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO person VALUES ('planted@mail.example')")
        log = Postgres(layout).log.read_text()
        leave(one)

    assert "duplicate key value" in log
    assert "planted" not in log
