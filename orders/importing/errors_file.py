"""The file of refused rows, as durable as the orders: corrected, it can be uploaded again.

A table keeps its columns and gets four more that say what is wrong; JSON lines get a member that
does. Rows are flushed before the batch commits and the length is stored with it: a resumed import
cuts off what belongs to a batch that never committed, so no row is lost and none stands twice. The
file repeats what was uploaded, so only its owner may read it.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from orders.importing.types import RowError, SourceOrder, SourceRow

#: Columns that say what is wrong; a file that is uploaded again may keep them.
ERROR_COLUMNS = ("error_row", "error_field", "error_code", "error_message")
#: The member of a JSON line that says it.
ERROR_MEMBER = "_errors"
#: A line that is no JSON object stands under this member.
ORIGINAL_MEMBER = "_original"
#: Several things wrong with one row.
_BETWEEN = "; "


class ErrorsFile:
    """Appends refused orders; use as a context manager."""

    def __init__(self, path: Path, *, columns: Sequence[str], length: int = 0) -> None:
        """`length`: bytes that are known to belong to committed batches."""
        self.path = path
        self._columns = columns
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        self._file.truncate(length)
        self._file.seek(length)
        if length == 0 and columns:
            self._write(_as_csv([[*columns, *ERROR_COLUMNS]]))

    def append(self, refused: Iterable[tuple[SourceOrder, Sequence[RowError]]]) -> int:
        """This function will write the orders through to disk and return the file's length."""
        pairs = [pair for order, errors in refused for pair in _by_row(order, errors)]
        if self._columns:
            self._write(_as_csv([_cells(row, errors, self._columns) for row, errors in pairs]))
        else:
            self._write("".join(f"{_as_json(row, errors)}\n" for row, errors in pairs))
        return self._file.tell()

    def _write(self, text: str) -> None:
        self._file.write(text.encode())
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


def path_in(folder: Path, name: str, columns: Sequence[str]) -> Path:
    """This function will return where the refused rows of an import are kept."""
    return folder / f"{name}.errors.{'csv' if columns else 'jsonl'}"


def _by_row(
    order: SourceOrder, errors: Sequence[RowError]
) -> list[tuple[SourceRow, list[RowError]]]:
    """Every row of a refused order, since the order is corrected and comes again as a whole."""
    known = {row.line for row in order.rows}
    return [
        (
            row,
            [e for e in errors if e.line == row.line or (e.line not in known and not index)],
        )
        for index, row in enumerate(order.rows)
    ]


def _cells(row: SourceRow, errors: Sequence[RowError], columns: Sequence[str]) -> list[str]:
    missing = [""] * (len(columns) - len(row.cells))
    said = [
        _BETWEEN.join(getattr(e, name) for e in errors) for name in ("field", "code", "message")
    ]
    return [*row.cells[: len(columns)], *missing, str(row.line), *said]


def _as_csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_harmless(row) for row in rows])
    return text.getvalue()


def _harmless(row: Sequence[str]) -> list[str]:
    # A cell that a spreadsheet would run as a formula is shown as text.
    return [f"'{value}" if value[:1] in ("=", "+", "-", "@") else value for value in row]


def _as_json(row: SourceRow, errors: Sequence[RowError]) -> str:
    try:
        record = json.loads(row.cells[0])
    except ValueError:
        record = None
    if not isinstance(record, dict):
        record = {ORIGINAL_MEMBER: row.cells[0]}
    said = [{"field": e.field, "code": e.code, "message": e.message} for e in errors]
    return json.dumps({**record, ERROR_MEMBER: said}, ensure_ascii=False)
