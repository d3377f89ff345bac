"""A child that dies comes back; a stop leaves nothing behind."""

import os
import signal
import sys
import time

import psutil
import pytest

from oms.runtime import supervisor as module
from oms.runtime.layout import Layout, read_json, write_json
from oms.runtime.processes import Identity
from oms.runtime.supervisor import ChildSpec, StopRequested, Supervisor, tidy_leftovers

SLEEP = (sys.executable, "-c", "import time; time.sleep(300)")
#: Ignores the polite signal and forks a second process, as a stuck worker would.
STUBBORN = (
    sys.executable,
    "-c",
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork();"
    "print('ready', flush=True); time.sleep(300)",
)


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path)
    layout.prepare()
    return layout


@pytest.fixture
def said():
    return []


@pytest.fixture
def running(layout, said, monkeypatch):
    monkeypatch.setattr(module, "FIRST_DELAY", 0.1)
    running = Supervisor(layout, say=said.append)
    yield running
    running.stop()


def test_a_killed_child_is_started_again(running, said):
    child = running.start(ChildSpec("relay", SLEEP))
    first = child.pid
    os.kill(first, signal.SIGKILL)

    assert running.until(lambda: child.pid not in {None, first}, seconds=10)
    assert said == ["relay ended (SIGKILL); starts again in 0.1 s"]


def test_a_child_that_keeps_failing_is_started_less_and_less_often(running, said):
    child = running.start(ChildSpec("relay", (sys.executable, "-c", "raise SystemExit(2)")))

    running.until(lambda: child.failures == 3, seconds=10)

    assert [line.split("; ")[1] for line in said] == [
        "starts again in 0.1 s",
        "starts again in 0.2 s",
        "starts again in 0.4 s",
    ]
    assert said[0].startswith("relay ended (exit 2)")


def test_stop_leaves_no_process_even_of_a_stubborn_child(running, layout, monkeypatch):
    monkeypatch.setattr(module, "STOP_SECONDS", (0.2, 0.5, 0.2))
    stubborn = running.start(ChildSpec("worker", STUBBORN))
    ordinary = running.start(ChildSpec("relay", SLEEP))
    running.until(lambda: "ready" in stubborn.log.read_text(), seconds=10)
    groups = {stubborn.pid, ordinary.pid}

    running.stop()

    assert _members(groups) == []
    assert not layout.up_file.exists()


def test_what_a_killed_child_forked_dies_with_it(running):
    child = running.start(ChildSpec("worker", STUBBORN))
    running.until(lambda: child.log.read_text().count("ready") == 2, seconds=10)
    group = child.pid
    os.kill(group, signal.SIGKILL)

    running.until(lambda: child.pid not in {None, group}, seconds=10)

    assert _members({group}) == []


def test_children_end_when_the_supervisor_is_killed(layout, tmp_path):
    script = (
        "import sys; from oms.runtime.layout import Layout; from pathlib import Path;"
        "from oms.runtime.supervisor import ChildSpec, Supervisor;"
        f"s = Supervisor(Layout(Path({str(tmp_path)!r})), say=print);"
        f"s.start(ChildSpec('relay', {SLEEP!r})); s.until(lambda: False)"
    )
    with psutil.Popen([sys.executable, "-c", script]) as process:
        child = Identity.of(_wait_for(lambda: _published(layout).get("relay")))
        process.kill()
        process.wait()

        assert _wait_for(lambda: not child.is_alive)


def test_up_json_names_every_process(running, layout):
    child = running.start(ChildSpec("relay", SLEEP))

    content = read_json(layout.up_file)

    assert content["supervisor"] == os.getpid()
    assert content["children"] == {"relay": child.pid}


def test_a_job_runs_to_its_end_and_is_not_started_again(running, said):
    job = running.begin_job(ChildSpec("seed", (sys.executable, "-c", "raise SystemExit(4)")))

    code = running.finish_job(job)

    assert code == 4
    assert said == []
    assert running.children == {}


def test_until_ends_when_a_stop_is_requested(running):
    running.start(ChildSpec("relay", SLEEP))
    running.request_stop(signal.SIGINT)

    with pytest.raises(StopRequested):
        running.until(lambda: False, seconds=5)


def test_a_second_request_kills_at_once(running, monkeypatch):
    child = running.start(ChildSpec("worker", STUBBORN))
    running.until(lambda: "ready" in child.log.read_text(), seconds=10)
    identity = Identity.of(child.pid)

    running.request_stop()
    running.request_stop()  # the same request, come by two ways
    assert identity.is_alive
    monkeypatch.setattr(module, "ONE_REQUEST_SECONDS", 0.0)
    running.request_stop()

    assert _wait_for(lambda: not identity.is_alive)


def test_a_service_that_died_is_revived(layout, said):
    revived = []
    found = {"postgres": None}

    def revive():
        revived.append("postgres")
        found["postgres"] = Identity.of(os.getpid())
        return revived

    running = Supervisor(layout, say=said.append, watch=lambda: dict(found), revive=revive)
    running.until(lambda: bool(revived), seconds=5)
    running.stop()

    assert said == ["postgres ended; starts again"]


def test_a_service_that_cannot_start_is_tried_again_and_does_not_end_the_supervisor(
    layout, said, monkeypatch
):
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr(module, "FIRST_DELAY", 0.1)
    tries = []

    def revive():
        tries.append(1)
        raise OSError("no space")

    running = Supervisor(layout, say=said.append, watch=lambda: {"valkey": None}, revive=revive)

    assert running.until(lambda: len(tries) == 2, seconds=10)
    assert said[:2] == ["valkey ended; starts again", "valkey did not start: no space"]


def test_tidy_leftovers_ends_what_up_json_names_and_nothing_else(layout):
    with (
        psutil.Popen(SLEEP, start_new_session=True) as left,
        psutil.Popen(SLEEP, start_new_session=True) as stranger,
    ):
        # The second pid was recorded for a process that is gone.
        started = {"web": left.create_time(), "relay": 1.0}
        children = {"web": left.pid, "relay": stranger.pid}
        write_json(layout.up_file, {"children": children, "started": started})

        assert tidy_leftovers(layout) == ["web"]
        assert left.wait(timeout=5) == -signal.SIGTERM
        assert stranger.is_running()
        stranger.kill()


def _published(layout):
    return read_json(layout.up_file).get("children", {})


def _members(groups):
    living = []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            if os.getpgid(process.pid) in groups and process.status() != psutil.STATUS_ZOMBIE:
                living.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return living


def _wait_for(look, seconds=10):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found
