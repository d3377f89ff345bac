"""Readers of CSV (one row per order line) and JSONL (one order per line)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from oms.core.api.parsing import parse_object
from oms.core.errors import OmsError
from orders.importing import records
from orders.importing.columns import UnreadableFile
from orders.importing.errors_file import ERROR_MEMBER
from orders.importing.tables import Numbered, TableReader, fingerprint
from orders.importing.types import SourceOrder, SourceRow

__all__ = ["CsvReader", "JsonLinesReader", "UnreadableFile"]

#: What the file of refused rows puts before a cell that a spreadsheet would run.
_RISKY = ("'=", "'+", "'-", "'@")


class CsvReader(TableReader):
    """A table as text: comma or semicolon, UTF-8."""

    @staticmethod
    def rows_of(path: Path) -> Iterable[Numbered]:
        return _CsvRows(path)


@dataclass(frozen=True, slots=True)
class _CsvRows:
    """Read from the file anew each time, so that a large one never stands in memory."""

    path: Path

    def __iter__(self) -> Iterator[Numbered]:
        with _open_text(self.path) as handle:
            reader = csv.reader(handle, delimiter=_delimiter(handle))
            try:
                for cells in reader:
                    if cells:
                        yield reader.line_num, [_plain(cell) for cell in cells]
            except csv.Error as error:
                raise UnreadableFile(f"Line {reader.line_num} is no CSV: {error}.") from error


def _delimiter(handle: io.TextIOWrapper) -> str:
    first = handle.readline()
    handle.seek(0)
    return ";" if first.count(";") > first.count(",") else ","


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith(_RISKY) else cell


class JsonLinesReader:
    """One JSON object per line, shaped like the body of `POST /api/v1/orders`."""

    columns: Sequence[str] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fingerprint = fingerprint(path)
        self.total = sum(1 for _ in self._lines())

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as handle:
            for number, raw in enumerate(handle, start=1):
                if raw.strip():
                    yield number, raw

    def __iter__(self) -> Iterator[SourceOrder]:
        for number, raw in self._lines():
            yield _from_json(number, raw)


def _from_json(number: int, raw: bytes) -> SourceOrder:
    original = raw.decode("utf-8", errors="replace").rstrip("\r\n")
    rows = (SourceRow(number, (original,)),)
    try:
        record = parse_object(raw)
    except OmsError as error:
        return records.unreadable(rows, error.code, error.detail)
    record.pop(ERROR_MEMBER, None)
    lines, recipient = record.get("lines"), record.get("ship_to")
    if not isinstance(lines, list) or not isinstance(recipient, dict):
        return records.unreadable(
            rows, "invalid_type", "Give lines as a list and ship_to as an object."
        )
    return records.to_source(record, lines=lines, recipient=recipient, rows=rows)


def _open_text(path: Path) -> io.TextIOWrapper:
    # Undecodable bytes stay visible in the row they spoil instead of failing the whole file.
    return path.open(encoding="utf-8-sig", errors="replace", newline="")
