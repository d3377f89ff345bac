"""`manage.py up`, for real: pages first, repairs what is killed, leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from oms.runtime import embedded, probe
from oms.runtime.layout import Layout, read_json
from oms.runtime.processes import Identity, wait_gone

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "home")
    yield layout
    embedded.stop(layout)
    for folder in embedded.data_folders(layout):
        shutil.rmtree(folder, ignore_errors=True)


def environment(layout):
    ours = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "OMS_TEST_HOME", "PORT"}
    return {k: v for k, v in os.environ.items() if k not in ours} | {"OMS_HOME": str(layout.home)}


def manage(layout, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(layout),
        capture_output=True,
        text=True,
        check=False,
    )


class Running:
    """One `manage.py up` in a process of its own."""

    def __init__(self, layout):
        self.layout, self.port = layout, probe.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = layout.home.with_name("up.txt")
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), "--json"],
                cwd=ROOT,
                env=environment(layout),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self):
        return self.output.read_text()

    @property
    def pids(self):
        return read_json(self.layout.up_file).get("children", {})

    def wait_until_up(self):
        self.wait_for(lambda: "OMS is up" in self.text)

    def wait_for(self, is_true, seconds=90):
        deadline = time.monotonic() + seconds
        while not is_true():
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)

    def processes(self):
        named = (psutil.Process(pid) for pid in self.pids.values())
        family = [p for process in named for p in (process, *process.children(recursive=True))]
        return [Identity.of(process.pid) for process in family]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


@pytest.fixture
def up(layout):
    running = Running(layout)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()
    wait_gone([i for i in running.processes() if i], seconds=15)


def test_up_serves_repairs_and_stops_without_a_trace(layout, up):
    up.wait_until_up()
    assert probe.status(up.url, "/healthz") == 200
    assert set(up.pids) >= {
        *("web", "worker-default", "worker-carriers", "worker-training", "beat", "relay"),
        *("sandbox", "postgres", "valkey"),
    }

    second = manage(layout, "up", "--port", str(probe.free_port()))
    assert second.returncode == 1
    assert f"OMS already runs in {layout.home} (pid {up.process.pid})" in second.stderr

    before = up.pids
    for name in ("web", "relay", "valkey"):
        os.kill(before[name], signal.SIGKILL)
    up.wait_for(lambda: not {*before.items()} & {*_of(up.pids, "web", "relay", "valkey").items()})
    up.wait_for(lambda: len(_of(up.pids, "web", "relay", "valkey")) == 3)
    up.wait_for(lambda: probe.status(up.url, "/healthz") == 200)

    running = up.processes()
    assert len(running) > 10
    began_at = time.monotonic()
    assert up.stop() == 0
    assert time.monotonic() - began_at < 20
    assert [identity for identity in running if identity.is_alive] == []
    assert json.loads(up.text.splitlines()[-1]) == {"stopped": True, "port": up.port}


def test_up_continues_after_it_was_killed_itself(layout, up):
    up.wait_until_up()
    left = up.processes()
    servers = {up.pids["postgres"], up.pids["valkey"]}
    up.process.kill()
    up.process.wait()
    children = [i for i in left if i.pid in set(up.pids.values()) - servers]
    assert wait_gone(children, seconds=20) == []

    again = Running(layout)
    again.wait_until_up()
    assert {again.pids["postgres"], again.pids["valkey"]} == servers
    assert again.stop() == 0
    assert [identity for identity in left if identity.is_alive] == []


def test_up_says_so_when_the_port_is_taken(layout):
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        done = manage(layout, "up", "--port", str(port))

    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in done.stderr
    assert "Traceback" not in done.stderr


def test_reset_deletes_the_data_and_stops_the_servers(layout):
    assert manage(layout, "migrate", "-v", "0", "contenttypes").returncode == 0
    (layout.home / "mine.txt").write_text("not ours to delete")

    done = manage(layout, "reset", "--yes", "--json")

    assert done.returncode == 0
    assert str(layout.home / "secrets") in json.loads(done.stdout.splitlines()[-1])["deleted"]
    assert embedded.data_folders(layout) == []
    assert (layout.home / "mine.txt").exists()


def _of(pids, *names):
    return {name: pids[name] for name in names if name in pids}
