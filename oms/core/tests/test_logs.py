"""Logs say what kind of error happened and where, never what its text quotes."""

import json
import logging
import sys

from oms.core.logs import JsonFormatter, TaskErrorFilter


def record(message, args, exc_info=None):
    return logging.LogRecord("celery.app.trace", logging.ERROR, "x.py", 1, message, args, exc_info)


def test_an_error_is_told_by_type_and_place_only():
    try:
        raise ValueError("planted@mail.example")
    except ValueError:
        line = JsonFormatter().format(record("It failed", (), sys.exc_info()))

    assert "planted" not in line
    error = json.loads(line)["error"]
    assert error["type"] == "ValueError"
    assert error["frames"][-1].startswith("test_logs.py:")


def test_what_celery_says_of_a_failed_task_has_no_text():
    context = {"name": "carriers.buy_labels", "exc": "ValueError('planted@mail.example (x)')"}
    found = record("Task %(name)s raised unexpected: %(exc)s", (context,))

    assert TaskErrorFilter().filter(found)
    assert found.getMessage() == "Task carriers.buy_labels raised unexpected: ValueError"


def test_other_records_pass_unchanged():
    found = record("%d placed", (3,))

    assert TaskErrorFilter().filter(found)
    assert found.getMessage() == "3 placed"
