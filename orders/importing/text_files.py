"""Readers of CSV (one row per order line) and JSONL (one order per line)."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from oms.core.api.parsing import parse_object
from oms.core.errors import Invalid, OmsError
from orders.importing import records
from orders.importing.types import SourceOrder

#: Columns of the CSV; rows of one order stand together and repeat its reference.
CSV_COLUMNS = (
    "external_ref", "sku", "quantity", "unit_amount", "currency", "tier", "customer_ref",
    "placed_at", "shipping_amount", "name", "company", "phone", "email", "street", "street2",
    "city", "region", "postcode", "country", "latitude", "longitude",
)  # fmt: skip
_REQUIRED = {"external_ref", "sku", "quantity", "currency", "country"}


class UnreadableFile(Invalid):
    """The file as a whole is not what its format says; nothing was placed."""

    code = "import.unreadable_file"


def fingerprint(*paths: Path) -> str:
    """This function will return a hash of the contents, read in pieces."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as handle:
            while piece := handle.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()[:32]


class CsvReader:
    """One order per run of rows with the same `external_ref`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fingerprint = fingerprint(path)
        self._check_header()
        self.total = sum(1 for _ in self)

    def _check_header(self) -> None:
        with _open_text(self.path) as handle:
            header = next(csv.reader(handle), [])
        missing, unknown = _REQUIRED - set(header), set(header) - set(CSV_COLUMNS)
        if missing or unknown or len(set(header)) != len(header):
            raise UnreadableFile(
                f"{self.path.name}: the header lacks {sorted(missing)}, has unknown "
                f"{sorted(unknown)[:5]}. Known columns: {', '.join(CSV_COLUMNS)}."
            )

    def __iter__(self) -> Iterator[SourceOrder]:
        with _open_text(self.path) as handle:
            reader = csv.DictReader(handle, restkey="_extra", strict=False)
            rows = ((reader.line_num, row) for row in reader)
            for _, group in groupby(rows, key=lambda pair: pair[1].get("external_ref")):
                yield _from_rows(list(group))


def _from_rows(rows: list[tuple[int, dict[str, Any]]]) -> SourceOrder:
    line, first = rows[0]
    original = _as_csv([row for _, row in rows])
    broken = [number for number, row in rows if "_extra" in row or None in row.values()]
    if broken:
        message = f"Row {broken[0]} has another number of cells than the header."
        return records.unreadable(line, original, "wrong_cells", message)
    return records.to_source(
        first, lines=[row for _, row in rows], recipient=first, line=line, original=original
    )


def _as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([value for value in row.values() if not isinstance(value, list)])
    return text.getvalue().rstrip("\n")


class JsonLinesReader:
    """One JSON object per line, shaped like the body of `POST /api/v1/orders`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fingerprint = fingerprint(path)
        self.total = sum(1 for _ in self)

    def __iter__(self) -> Iterator[SourceOrder]:
        with self.path.open("rb") as handle:
            for number, raw in enumerate(handle, start=1):
                if raw.strip():
                    yield _from_json(number, raw)


def _from_json(number: int, raw: bytes) -> SourceOrder:
    original = raw.decode("utf-8", errors="replace").rstrip("\r\n")
    try:
        record = parse_object(raw)
    except OmsError as error:
        return records.unreadable(number, original, error.code, error.detail)
    lines, recipient = record.get("lines"), record.get("ship_to")
    if not isinstance(lines, list) or not isinstance(recipient, dict):
        return records.unreadable(
            number, original, "invalid_type", "Give lines as a list and ship_to as an object."
        )
    return records.to_source(
        record, lines=lines, recipient=recipient, line=number, original=original
    )


def _open_text(path: Path) -> io.TextIOWrapper:
    # Undecodable bytes stay visible in the row they spoil instead of failing the whole file.
    return path.open(encoding="utf-8-sig", errors="replace", newline="")
