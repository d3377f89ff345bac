"""Files are replaced whole; sockets have paths that fit; private folders are private."""

import os
import stat
from pathlib import Path

import pytest

from oms.runtime import layout as module
from oms.runtime.layout import (
    SOCKET_FOLDER_BYTES,
    HomeIsNotOurs,
    Layout,
    private_folder,
    read_json,
    write_json,
)


def test_write_json_replaces_the_file_and_keeps_it_private(tmp_path):
    path = tmp_path / "services.json"
    write_json(path, {"database_url": "a"})
    write_json(path, {"database_url": "b"})

    assert read_json(path) == {"database_url": "b"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["services.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_read_json_takes_a_damaged_file_for_none(tmp_path, content):
    (tmp_path / "up.json").write_text(content)

    assert read_json(tmp_path / "up.json") == {}


def test_prepare_refuses_a_home_that_this_user_may_not_write_to(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "access", lambda path, _mode: path != tmp_path / "run")

    with pytest.raises(HomeIsNotOurs, match="run cannot be written to by this user"):
        Layout(tmp_path).prepare()


def test_socket_folder_stays_at_home_when_the_path_fits():
    layout = Layout(Path("/srv/oms"))

    assert layout.socket_folder("postgres") == Path("/srv/oms/run/postgres")


def test_socket_folder_of_a_long_home_is_short_and_its_own():
    one = Layout(Path("/srv") / ("a" * 120)).socket_folder("postgres")
    two = Layout(Path("/srv") / ("b" * 120)).socket_folder("postgres")

    assert len(os.fsencode(one)) <= SOCKET_FOLDER_BYTES
    assert one != two


def test_private_folder_closes_a_folder_that_was_open(tmp_path):
    folder = tmp_path / "run" / "valkey"
    folder.mkdir(parents=True, mode=0o755)

    private_folder(folder, uid=os.getuid(), gid=os.getgid())

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_private_folder_refuses_a_link_that_somebody_planted(tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / "valkey").symlink_to(target)

    with pytest.raises(PermissionError):
        private_folder(tmp_path / "valkey", uid=os.getuid(), gid=os.getgid())
