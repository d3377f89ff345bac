"""Readers: what a file says, row by row, and what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orders.importing.text_files import CsvReader, JsonLinesReader, UnreadableFile
from orders.types import LineDraft

HEADER = "external_ref,sku,quantity,currency,country,city,name,placed_at\n"


def _csv(folder: Path, *rows: str, header: str = HEADER) -> CsvReader:
    path = folder / "orders.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return CsvReader(path)


def test_csv_rows_with_one_reference_are_one_order(tmp_path: Path) -> None:
    reader = _csv(
        tmp_path,
        "A-1,SKU1,2,USD,US,Reno,Ada,2026-11-20T10:00:00Z",
        "A-1,SKU2,1,USD,US,Reno,Ada,2026-11-20T10:00:00Z",
        "A-2,SKU1,1,USD,US,Reno,Bo,",
    )
    first, second = list(reader)

    assert reader.total == 2
    assert first.draft is not None and second.draft is not None
    assert first.draft.lines == (LineDraft("SKU1", 2), LineDraft("SKU2", 1))
    assert first.draft.placed_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (second.line, second.draft.placed_at) == (4, None)


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("A-1,SKU1,two,USD,US,Reno,Ada,", "quantity", "invalid_quantity"),
        ("A-1,SKU1,1.5,USD,US,Reno,Ada,", "quantity", "invalid_quantity"),
        ("A-1,SKU1,١,USD,US,Reno,Ada,", "quantity", "invalid_quantity"),
        (",SKU1,1,USD,US,Reno,Ada,", "external_ref", "required"),
        ("A-1,SKU1,1,USD,,Reno,Ada,", "country", "required"),
        ("A-1,SKU1,1,USD,US,Reno,Ada,yesterday", "placed_at", "invalid_timestamp"),
        ("A-1,SKU1,1,USD,US,Reno,Ada,2026-11-20T10:00:00", "placed_at", "invalid_timestamp"),
        ("A-1,SKU1,1,USD,US,Reno,Ada,,extra", "", "wrong_cells"),
        ("A-1,SKU1,1", "", "wrong_cells"),
    ],
)
def test_csv_names_what_is_wrong_and_where(tmp_path: Path, row: str, field: str, code: str) -> None:
    [source] = list(_csv(tmp_path, row))

    assert source.draft is None
    assert [(e.line, e.field, e.code) for e in source.errors] == [(2, field, code)]
    assert source.rows[0].cells[0] == row.split(",")[0]


def test_csv_without_its_columns_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="sku"):
        _csv(tmp_path, header="external_ref,quantity,currency,country\n")


def test_jsonl_is_the_body_of_the_api(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text(
        '{"external_ref":"J-1","currency":"USD","shipping_amount":"4.50",'
        '"ship_to":{"name":"Ada","lines":["1 Main Street"],"city":"Reno","country":"US"},'
        '"lines":[{"sku":"SKU1","quantity":3,"unit_amount":"9.99"}]}\n'
    )
    [source] = list(JsonLinesReader(path))

    assert source.draft is not None
    assert source.draft.lines == (LineDraft("SKU1", 3, Decimal("9.99")),)
    assert source.draft.recipient.lines == ("1 Main Street",)
    assert source.draft.shipping_amount == Decimal("4.50")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"external_ref": ', "invalid_json"),
        (b"[1]", "object_expected"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"external_ref":"x","lines":{},"ship_to":{}}', "invalid_type"),
        (b'{"external_ref":"\xff"}', "invalid_json"),
    ],
)
def test_jsonl_malformed_lines_do_not_spoil_the_others(
    tmp_path: Path, line: bytes, code: str
) -> None:
    path = tmp_path / "orders.jsonl"
    good = b'{"external_ref":"J-2","currency":"USD","ship_to":{"country":"US"},"lines":[]}'
    path.write_bytes(line + b"\n" + good + b"\n")
    bad, fine = list(JsonLinesReader(path))

    assert [(e.line, e.code) for e in bad.errors] == [(1, code)]
    assert fine.draft is not None
