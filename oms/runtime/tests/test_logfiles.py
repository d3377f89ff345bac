"""Logs stay bounded, and only what is wrong is shown, without the data an error may quote."""

import pytest

from oms.runtime.logfiles import Tail, bound, error_in, rotate


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level": "INFO", "message": "placed"}', ""),
        ('{"level": "ERROR", "message": "relay stalled"}', "relay stalled"),
        (
            '{"level": "ERROR", "message": "task failed", "error": {"type": "IntegrityError"}}',
            "task failed IntegrityError",
        ),
        ("{broken", ""),
        (
            "django.db.utils.IntegrityError: Key (mail)=(a@b.example)",
            "django.db.utils.IntegrityError",
        ),
        ("Some words about an Error: nothing", ""),
        ("[INFO] Booting worker", ""),
    ],
)
def test_error_in(line, shown):
    assert error_in(line) == shown


def test_tail_reads_only_whole_new_lines(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("one\ntw")
    tail = Tail(path)

    assert list(tail.lines()) == ["one"]
    with open(path, "a") as handle:
        handle.write("o\n")
    assert list(tail.lines()) == ["two"]
    assert list(tail.lines()) == []


def test_bound_sets_a_large_file_aside_and_its_writer_goes_on(tmp_path):
    path = tmp_path / "web.log"
    with open(path, "a") as writer:
        writer.write("x" * 50)
        writer.flush()
        bound(path, max_bytes=40)
        writer.write("after\n")

    assert path.read_text() == "after\n"
    assert (tmp_path / "web.log.1").read_text() == "x" * 50


def test_tail_starts_again_after_the_file_was_emptied(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("a long first line\n")
    tail = Tail(path)
    list(tail.lines())
    path.write_text("new\n")

    assert list(tail.lines()) == ["new"]


def test_rotate_keeps_one_earlier_run(tmp_path):
    path = tmp_path / "logs" / "web.log"
    rotate(path)
    path.write_text("first run")

    rotate(path)

    assert not path.exists()
    assert path.with_suffix(".log.1").read_text() == "first run"
