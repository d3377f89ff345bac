"""The row-error file: line, field, code, message, original row; as durable as the orders.

Rows are flushed before the batch commits, and the length is stored with it: a resumed import cuts
off what belongs to a batch that never committed, so no error is lost and none stands twice. The
file repeats original rows, so only its owner may read it.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from orders.importing.types import RowError

COLUMNS = ("line", "field", "code", "message", "original")


class ErrorsFile:
    """Appends row errors; use as a context manager."""

    def __init__(self, path: Path, *, length: int = 0) -> None:
        """`length`: bytes that are known to belong to committed batches."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        self._file.truncate(length)
        self._file.seek(length)
        if length == 0:
            self._write([COLUMNS])

    def append(self, errors: Iterable[RowError]) -> int:
        """This function will write the errors through to disk and return the file's length."""
        self._write((e.line, e.field, e.code, e.message, e.original) for e in errors)
        return self._file.tell()

    def _write(self, rows: Iterable[Iterable[object]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([_harmless(row) for row in rows])
        self._file.write(text.getvalue().encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> ErrorsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def _harmless(row: Iterable[object]) -> list[object]:
    # A cell that a spreadsheet would run as a formula is shown as text.
    return [f"'{v}" if isinstance(v, str) and v[:1] in ("=", "+", "-", "@") else v for v in row]
