"""The command as operators run it: says where it listens, stops fast, survives a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from carriers.adapters.base import CarrierInDoubt
from carriers.adapters.sandbox import client, testing
from carriers.adapters.sandbox.testing import label_request
from oms.core import clock

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = """
import base64, sys
from pathlib import Path
from django.conf import settings
home = Path(sys.argv[1])
settings.configure(
    USE_I18N=False,
    PUBLIC_URL="http://127.0.0.1:9",
    OMS={"HOME": home, "SANDBOX_CARRIER_SECRET": sys.argv[2]},
)
import django
django.setup()
from django.core.management import call_command
from carriers.management.commands.sandbox_carrier import Command
call_command(Command(), *sys.argv[3:])
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    client.close_pools()
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def start(started: list[subprocess.Popen[str]], home: Path, *options: str) -> tuple[str, int]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(home), testing.SECRET, "--json", "--port=0"]
        + ["--incident-rate=0", "--speed=0", "--webhook-url=", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            return json.loads(line)["url"], process.pid
    raise AssertionError("the carrier did not start")


def test_a_kill_keeps_what_was_bought(started, tmp_path):
    url, pid = start(started, tmp_path)
    bought = testing.adapter(url).buy(label_request())
    with pytest.raises(CarrierInDoubt):
        testing.adapter(url, timeout_s=0.3).buy(label_request("shp_2:1", "SANDBOX TIMEOUT"))

    os.kill(pid, signal.SIGKILL)
    started[0].wait()
    client.close_pools()
    url, _ = start(started, tmp_path)

    adapter = testing.adapter(url)
    assert adapter.find_by_reference("shp_1:1") == bought
    assert adapter.buy(label_request()) == bought
    assert adapter.find_by_reference("shp_2:1") is not None
    purchases = httpx.get(
        f"{url}/v1/purchases", headers={"authorization": f"Bearer {testing.SECRET}"}
    ).json()
    assert purchases["total"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_two_seconds(started, tmp_path, number):
    url, pid = start(started, tmp_path, "--latency-ms=1")
    testing.adapter(url).buy(label_request())
    asked = clock.monotonic()

    os.kill(pid, number)

    assert started[0].wait(timeout=5) == 0
    assert clock.monotonic() - asked < 2.0


def test_the_state_file_holds_no_plain_address(started, tmp_path):
    url, pid = start(started, tmp_path)
    recipient = testing.address(name="Planted Person", lines=("7 Planted Way",), phone="5550142")
    testing.adapter(url).buy(label_request(destination=recipient))

    written = b"".join(path.read_bytes() for path in tmp_path.glob("sandbox_carrier.sqlite3*"))

    assert b"shp_1:1" in written
    assert b"lanted" not in written
    assert b"5550142" not in written
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("option", ["--error-rate=1.5", "--late-rate=-1", "--speed=nan"])
def test_a_rate_out_of_range_is_refused(tmp_path, option):
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), testing.SECRET, "--port=0", option],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert answer.returncode != 0
    assert "rate lies between" in answer.stderr or "must not be negative" in answer.stderr


def test_strangers_get_nothing_but_health(started, tmp_path):
    url, _ = start(started, tmp_path)

    assert httpx.get(f"{url}/healthz").status_code == 200
    for method, path in [("GET", "/v1/purchases"), ("POST", "/v1/labels"), ("GET", "/v1/tracking")]:
        assert httpx.request(method, url + path, json={}).status_code == 401
