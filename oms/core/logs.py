"""One JSON line per record, tied to the request; personal data has no field here."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from typing import Any

import orjson

from oms.core.clock import real_now
from oms.core.context import current

_EXTRA = ("request_id", "actor", "correlation_id", "status", "method", "path", "duration_ms")


class ContextFilter(logging.Filter):
    """Adds who acts and for which request."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = current()
        record.request_id = getattr(record, "request_id", "") or context.request_id
        record.actor = getattr(record, "actor", "") or context.actor
        record.correlation_id = getattr(record, "correlation_id", "") or context.correlation_id
        return True


class TaskErrorFilter(logging.Filter):
    """Keeps an error's type and drops its text from what Celery says of a failed task."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, Mapping) and "exc" in record.args:
            kind = str(record.args["exc"]).split("(", 1)[0]
            record.args = {**record.args, "exc": kind}
        return True


class JsonFormatter(logging.Formatter):
    """Renders time, level, logger, message, context and, for failures, where they came from.

    Exception *messages* are left out below ERROR and reduced to their type and place otherwise:
    a database error's text may repeat the row it refused.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": real_now().isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in _EXTRA:
            if value := getattr(record, name, None):
                line[name] = value
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def describe(error: BaseException) -> dict[str, Any]:
    """This function will return an error's type, code and the frames it passed, not its text."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "type": type(error).__name__,
        "code": getattr(error, "code", None) or getattr(error, "sqlstate", None),
        "frames": [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}:{f.name}" for f in frames[-6:]],
    }
