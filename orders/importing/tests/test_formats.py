"""Every format: templates that can be imported, workbooks, refused rows that can be corrected."""

from __future__ import annotations

import csv
import json
import struct
import zipfile
import zlib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from orders.importing import formats, templates, xlsx_files
from orders.importing.columns import UnreadableFile
from orders.importing.errors_file import ErrorsFile
from orders.importing.types import RowError, SourceOrder
from orders.types import LineDraft, PaymentDraft

HEADER = (
    "external_ref", "sku", "quantity", "currency", "country", "city", "name", "placed_at",
    "unit_amount", "postcode", "payment_amount", "payment_reference",
)  # fmt: skip


def _book(folder: Path, *rows: Any, header: Any = HEADER) -> Path:
    book = Workbook()
    book.active.append(header)
    for row in rows:
        book.active.append(row)
    path = folder / "orders.xlsx"
    book.save(path)
    return path


def _row(reference: Any = "A-1", **changes: Any) -> list[Any]:
    values = {"external_ref": reference, "sku": "S1", "quantity": 2, "currency": "USD"}
    return [{**values, "country": "US", **changes}.get(name) for name in HEADER]


def _orders(path: Path, kind: str = "xlsx", **mapping: str) -> list[SourceOrder]:
    return list(formats.open_reader(path, kind, mapping))


@pytest.mark.parametrize("kind", formats.FORMATS)
def test_a_template_is_read_as_two_orders_of_three_lines(kind: str, tmp_path: Path) -> None:
    path = tmp_path / templates.name_of(kind)
    path.write_bytes(templates.render(kind))

    first, second = _orders(path, kind)

    assert first.draft is not None and second.draft is not None
    assert first.draft.lines == (LineDraft("MUG-BLUE", 2), LineDraft("TENT-RED", 1))
    assert (second.draft.external_ref, second.draft.recipient.city) == ("EXAMPLE-2", "Reno")
    assert second.draft.recipient.lines == ("1 Main Street",)


def test_a_workbook_says_numbers_dates_and_formulas_as_text(tmp_path: Path) -> None:
    path = _book(
        tmp_path,
        _row(
            10042,
            placed_at=datetime(2026, 11, 20, 14, 30),  # noqa: DTZ001
            unit_amount=12.5,
            postcode="01234",
            payment_amount=25,
            payment_reference="ch_1",
        ),
        _row("A-2", placed_at=date(2026, 11, 20), postcode=89501),
    )

    first, second = (order.draft for order in _orders(path))

    assert first is not None and second is not None
    assert (first.external_ref, first.recipient.postcode) == ("10042", "01234")
    assert first.placed_at == datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    assert first.lines == (LineDraft("S1", 2, Decimal("12.5")),)
    assert first.payments == (PaymentDraft("captured", Decimal(25), "ch_1"),)
    assert (second.placed_at, second.recipient.postcode) == (
        datetime(2026, 11, 20, tzinfo=UTC), "89501",
    )  # fmt: skip


def test_a_formula_without_a_value_is_an_empty_cell_and_never_runs(tmp_path: Path) -> None:
    [order] = _orders(_book(tmp_path, _row(sku='=HYPERLINK("http://x")')))

    assert [(e.line, e.field, e.code) for e in order.errors] == [(2, "sku", "required")]


def test_rows_of_one_order_stand_together_and_errors_name_their_row(tmp_path: Path) -> None:
    path = _book(
        tmp_path,
        _row("A-1"),
        _row("A-1", sku="S2", quantity="two"),
        [None] * len(HEADER),
        _row("A-2"),
    )

    first, second = _orders(path)

    assert [row.line for row in first.rows] == [2, 3]
    assert [(e.line, e.field, e.code) for e in first.errors] == [
        (3, "quantity", "invalid_quantity")
    ]
    assert (second.line, second.draft is not None) == (5, True)


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = _book(tmp_path, ["A-1", "S1", 1, "USD", "US", "x"],
                 header=["Order", "Item", "Qty", "currency", "country", "Notes"])  # fmt: skip
    names = {"Order": "external_ref", "Item": "sku", "Qty": "quantity", "Notes": ""}

    [order] = _orders(path, **names)

    assert order.draft is not None
    assert order.draft.lines == (LineDraft("S1", 1),)


def test_a_csv_may_be_separated_by_semicolons(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("external_ref;sku;quantity;currency;country\nA-1;S1;2;USD;US\n")

    [order] = _orders(path, "csv")

    assert order.draft is not None and order.draft.lines == (LineDraft("S1", 2),)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"external_ref,sku\n"])
def test_what_is_no_workbook_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(content)

    with pytest.raises(UnreadableFile, match="no Excel workbook"):
        formats.open_reader(path, "xlsx")


def _as_bomb(path: Path, size: int) -> None:
    """A part of `size` bytes of which the zip says that it is one byte long."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/media/x", b"y")
    raw = bytearray(path.read_bytes())
    name = b"xl/media/x"
    local = struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(packed), 1, len(name), 0)
    body = local + name + packed
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(packed), 1, len(name), 0, 0, 0, 0, 0, 0
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry + name), len(body), 0)
    assert raw[:2] == b"PK"
    path.write_bytes(body + entry + name + end)


def test_a_zip_bomb_is_refused_whatever_size_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    _as_bomb(path, xlsx_files.MAX_UNPACKED + (1 << 21))
    assert path.stat().st_size < 1 << 20

    with pytest.raises(UnreadableFile, match="larger than 200 MB"):
        formats.open_reader(path, "xlsx")


@pytest.mark.parametrize(("cell", "told"), [("A300000", "below row"), ("XFD2", "beyond column")])
def test_a_lonely_cell_far_away_is_refused(cell: str, told: str, tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(HEADER)
    book.active[cell] = "x"
    path = tmp_path / "orders.xlsx"
    book.save(path)

    with pytest.raises(UnreadableFile, match=told):
        formats.open_reader(path, "xlsx")


def test_a_file_of_another_kind_is_named() -> None:
    with pytest.raises(UnreadableFile, match=r"\.csv, \.xlsx or \.jsonl"):
        formats.of_name("orders.pdf")


def _refuse(path: Path, columns: Any, *orders: tuple[SourceOrder, list[RowError]]) -> None:
    with ErrorsFile(path, columns=columns) as errors:
        errors.append(orders)


def test_refused_rows_keep_their_columns_and_say_what_is_wrong_where(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "external_ref,sku,quantity,currency,country,phone\n"
        "A-1,S1,1,USD,US,+1 202 555 0101\n"
        "A-1,S2,0,USD,US,+1 202 555 0101\n"
    )
    reader = formats.open_reader(path, "csv")
    [order] = list(reader)
    refused = tmp_path / "refused.csv"
    wrong = [RowError(3, "quantity", "invalid_quantity", "Give more."),
             RowError(3, "sku", "unknown_sku", "Check it.")]  # fmt: skip

    _refuse(refused, reader.columns, (order, wrong))
    with refused.open(newline="") as handle:
        first, second = csv.DictReader(handle)
    [again] = _orders(refused, "csv")

    assert (first["sku"], first["error_row"], first["error_code"]) == ("S1", "2", "")
    assert (second["error_field"], second["error_code"]) == (
        "quantity; sku", "invalid_quantity; unknown_sku",
    )  # fmt: skip
    assert first["phone"] == "'+1 202 555 0101"  # a spreadsheet takes it as text
    assert again.draft == order.draft


def test_refused_json_lines_say_what_is_wrong_and_can_come_again(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_bytes(templates.render("jsonl") + b"{broken\n")
    reader = formats.open_reader(path, "jsonl")
    first, _, broken = list(reader)
    refused = tmp_path / "refused.jsonl"

    _refuse(
        refused,
        reader.columns,
        (first, [RowError(1, "lines/0/sku", "unknown_sku", "Check it.")]),
        (broken, list(broken.errors)),
    )
    lines = [json.loads(line) for line in refused.read_text().splitlines()]
    again = _orders(refused, "jsonl")

    assert lines[0]["_errors"] == [
        {"field": "lines/0/sku", "code": "unknown_sku", "message": "Check it."}
    ]
    assert lines[1]["_original"] == "{broken"
    assert again[0].draft == first.draft
    assert again[1].draft is None
