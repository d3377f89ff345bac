"""Reads tables (CSV, XLSX): a row is a line of an order, rows of one order stand together."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path

from orders.importing import columns, records
from orders.importing.types import SourceOrder, SourceRow

#: One row: its line in the file, and its cells as text.
Numbered = tuple[int, Sequence[str]]


class TableReader(ABC):
    """One order per run of rows with the same `external_ref`.

    :raises UnreadableFile: a column is missing, unknown or there twice.
    """

    def __init__(self, path: Path, mapping: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._rows = self.rows_of(path)
        self.columns = _header(self._rows)
        self.fields = columns.settle(self.columns, mapping)
        self._key = self.fields.index("external_ref")
        self.fingerprint = fingerprint(path, said=json.dumps(self.fields))
        self.total = sum(1 for _ in self._groups())

    @staticmethod
    @abstractmethod
    def rows_of(path: Path) -> Iterable[Numbered]:
        """This method will return the rows of a file from its header on, to be read repeatedly."""

    @classmethod
    def peek(cls, path: Path) -> tuple[str, ...]:
        """This method will return the names of a file's columns, whatever they are."""
        return _header(cls.rows_of(path))

    def __iter__(self) -> Iterator[SourceOrder]:
        for group in self._groups():
            yield self._order(group)

    def _groups(self) -> Iterator[list[Numbered]]:
        rows = islice(self._rows, 1, None)
        for _, group in groupby(rows, key=self._reference):
            yield list(group)

    def _reference(self, row: Numbered) -> object:
        line, cells = row
        # Rows without a reference are no order together: each is told of by itself.
        return (cells[self._key].strip() if self._key < len(cells) else "") or line

    def _order(self, group: Sequence[Numbered]) -> SourceOrder:
        rows = tuple(SourceRow(line, tuple(cells)) for line, cells in group)
        broken = [row.line for row in rows if len(row.cells) != len(self.fields)]
        if broken:
            message = f"Row {broken[0]} has another number of cells than the header."
            return records.unreadable(rows, "wrong_cells", message, line=broken[0])
        named = [dict(zip(self.fields, row.cells, strict=True)) for row in rows]
        return records.to_source(named[0], lines=named, recipient=named[0], rows=rows)


def _header(rows: Iterable[Numbered]) -> tuple[str, ...]:
    _, cells = next(iter(rows), (1, ()))
    return tuple(cell.strip() for cell in cells)


def fingerprint(*paths: Path, said: str = "") -> str:
    """This function will return a hash of the contents, read in pieces, and of what is `said`."""
    digest = hashlib.sha256(said.encode())
    for path in paths:
        with path.open("rb") as handle:
            while piece := handle.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()[:32]
