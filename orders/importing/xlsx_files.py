"""Reads the first sheet of an Excel workbook as a table of texts.

Bounded before anything is unpacked into memory: a workbook is a zip whose few bytes may stand for
many, and whose one cell may stand a million rows below the others.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook

from orders.importing.columns import UnreadableFile
from orders.importing.tables import Numbered, TableReader

MAX_PARTS = 500
MAX_UNPACKED = 200 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200

_PIECE = 1 << 20
_LOCAL_HEADER = 30
#: Where a cell or a row says it stands: r="XFD1048576", r="1048576".
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,3})([0-9]{1,9})""")
#: The longest such text, which may be cut by the end of a piece.
_OVERLAP = 64


class XlsxReader(TableReader):
    """A sheet: formulas are read as their values, numbers and dates as text (times are UTC)."""

    @staticmethod
    def rows_of(path: Path) -> Iterable[Numbered]:
        require_bounded(path)
        return _read(path)


def _read(path: Path) -> list[Numbered]:
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError, ValueError) as error:
        raise UnreadableFile(f"{path.name} is no Excel workbook (.xlsx).") from error
    texts = ((line, [_text(cell) for cell in row]) for line, row in enumerate(rows, start=1))
    return [(line, cells) for line, cells in texts if any(cells)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    return str(value).strip()


def require_bounded(path: Path) -> None:
    """This function will do nothing for a workbook that fits into memory.

    Sizes that a zip declares are not trusted: its parts are unpacked piece by piece and counted.

    :raises UnreadableFile: too large when unpacked, too many rows or columns, or no zip at all.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise UnreadableFile(f"The workbook has more than {MAX_PARTS} parts.")
            left = MAX_UNPACKED
            for part in parts:
                left -= _unpacked(raw, part, left)
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError) as error:
        raise UnreadableFile(f"{path.name} is no Excel workbook (.xlsx).") from error


def _unpacked(raw: IO[bytes], part: zipfile.ZipInfo, limit: int) -> int:
    """Returns how large a part is when it is unpacked, having looked where its cells stand."""
    is_sheet, size, rest = part.filename.startswith("xl/worksheets/"), 0, b""
    for piece in _pieces(raw, part):
        size += len(piece)
        if size > limit:
            raise UnreadableFile(f"Unpacked it is larger than {MAX_UNPACKED >> 20} MB.")
        if is_sheet:
            _require_near(rest + piece)
            rest = piece[-_OVERLAP:]
    return size


def _pieces(raw: IO[bytes], part: zipfile.ZipInfo) -> Iterator[bytes]:
    raw.seek(part.header_offset)
    name, extra = struct.unpack("<26xHH", raw.read(_LOCAL_HEADER))
    raw.seek(name + extra, 1)
    if part.compress_type == zipfile.ZIP_STORED:
        yield raw.read(part.compress_size)
        return
    if part.compress_type != zipfile.ZIP_DEFLATED or part.flag_bits & 1:
        raise UnreadableFile("The workbook is encrypted or packed in an unknown way.")
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    while not unpack.eof:
        packed = unpack.unconsumed_tail or raw.read(_PIECE)
        if not packed:
            return
        yield unpack.decompress(packed, _PIECE)


def _require_near(xml: bytes) -> None:
    for letters, digits in _PLACE.findall(xml):
        if int(digits) > MAX_ROWS:
            raise UnreadableFile(f"A cell stands below row {MAX_ROWS:,}; split the file.")
        if _column(letters) > MAX_COLUMNS:
            raise UnreadableFile(f"A cell stands beyond column {MAX_COLUMNS}; remove it.")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
