"""The formats that orders are imported from, by their names and the ends of file names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orders.importing.columns import UnreadableFile
from orders.importing.tables import TableReader
from orders.importing.text_files import CsvReader, JsonLinesReader
from orders.importing.types import Reader
from orders.importing.xlsx_files import XlsxReader

TABLES: Mapping[str, type[TableReader]] = {"csv": CsvReader, "xlsx": XlsxReader}
FORMATS = (*TABLES, "jsonl")
_ENDS = {".csv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def of_name(name: str) -> str:
    """This function will return the format that a file's name tells.

    :raises UnreadableFile: it tells none of ours.
    """
    kind = _ENDS.get(Path(name).suffix.lower())
    if kind is None:
        raise UnreadableFile("Give a file that ends in .csv, .xlsx or .jsonl.")
    return kind


def open_reader(path: Path, kind: str, mapping: Mapping[str, str] | None = None) -> Reader:
    """This function will return the reader of a file.

    :param mapping: field by column of a table; "" for a column that is read over.
    :raises UnreadableFile: the file as a whole is not what its format says.
    """
    if kind == "jsonl":
        return JsonLinesReader(path)
    return TABLES[kind](path, mapping)


def columns_of(path: Path, kind: str) -> tuple[str, ...]:
    """This function will return the header of a table; nothing for a file of JSON lines.

    :raises UnreadableFile: the file has none.
    """
    if kind == "jsonl":
        return ()
    found = TABLES[kind].peek(path)
    if not any(found):
        raise UnreadableFile("The first row names the columns; it is empty.")
    return found
