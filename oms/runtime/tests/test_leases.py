"""The last living holder is the last one out."""

import subprocess
import sys
import time

import psutil

from oms.runtime import leases
from oms.runtime.layout import write_json
from oms.runtime.processes import Identity, mine


def test_take_counts_a_process_once(tmp_path):
    leases.take(tmp_path)
    leases.take(tmp_path)

    assert leases.holders(tmp_path) == [mine().pid]


def test_give_back_leaves_the_others(tmp_path):
    with _sleeper() as other:
        leases.take(tmp_path)
        _write(tmp_path, Identity.of(other.pid))

        leases.give_back(tmp_path)

        assert leases.holders(tmp_path) == [other.pid]
        other.kill()


def test_holders_ignores_and_drops_a_crashed_process(tmp_path):
    with _sleeper() as other:
        _write(tmp_path, Identity.of(other.pid))
        other.kill()
        other.wait()

        assert leases.holders(tmp_path) == []
        assert list(tmp_path.iterdir()) == []


def test_holders_ignores_a_zombie(tmp_path):
    with _sleeper() as other:
        _write(tmp_path, Identity.of(other.pid))
        other.kill()
        process = psutil.Process(other.pid)
        while process.status() != psutil.STATUS_ZOMBIE:  # dead, and not yet waited for
            time.sleep(0.01)

        assert leases.holders(tmp_path) == []


def test_holders_ignores_a_pid_that_another_process_got(tmp_path):
    me = mine()
    _write(tmp_path, Identity(pid=me.pid, started=me.started - 60))

    assert leases.holders(tmp_path) == []


def test_holders_ignores_a_damaged_file(tmp_path):
    (tmp_path / "1.json").write_text('{"pid": ')

    assert leases.holders(tmp_path) == []


def _sleeper():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def _write(folder, identity):
    write_json(folder / f"{identity.pid}.json", {"pid": identity.pid, "started": identity.started})
