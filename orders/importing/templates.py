"""Empty files to begin with: every column, two orders as an example, what each column means."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from orders.importing.columns import FIELDS, NAMES

#: One order of two lines and one of one, as rows of a table.
_EXAMPLES: tuple[dict[str, str], ...] = tuple(
    {
        **{"external_ref": reference, "sku": sku, "quantity": quantity, "currency": "USD"},
        **{"country": "US", "region": "NV", "city": "Reno", "postcode": "89501"},
        **{"name": "Ada Example", "street": "1 Main Street"},
    }
    for reference, sku, quantity in (
        ("EXAMPLE-1", "MUG-BLUE", "2"),
        ("EXAMPLE-1", "TENT-RED", "1"),
        ("EXAMPLE-2", "MUG-BLUE", "5"),
    )
)
MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
}


def render(kind: str) -> bytes:
    """This function will return the template of a format, ready to be filled and imported."""
    return {"csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl}[kind]()


def name_of(kind: str) -> str:
    """This function will return what the file is called."""
    return f"orders-template.{kind}"


def _csv() -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, NAMES, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_EXAMPLES)
    return text.getvalue().encode()


def _xlsx() -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "orders"
    sheet.append(NAMES)
    for row in _EXAMPLES:
        sheet.append([row.get(name, "") for name in NAMES])
    sheet.freeze_panes = "A2"
    words = book.create_sheet("columns")
    words.append(("column", "required", "meaning"))
    for field in FIELDS:
        words.append((field.name, "yes" if field.is_required else "", str(field.meaning)))
    for head in (*sheet[1], *words[1]):
        head.font = Font(bold=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _jsonl() -> bytes:
    return "".join(f"{json.dumps(order)}\n" for order in _orders()).encode()


def _orders() -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in _EXAMPLES:
        recipient = {name: row[name] for name in ("name", "city", "region", "postcode", "country")}
        order = found.setdefault(
            row["external_ref"],
            {
                "external_ref": row["external_ref"],
                "currency": row["currency"],
                "ship_to": {**recipient, "lines": [row["street"]]},
                "lines": [],
            },
        )
        order["lines"].append({"sku": row["sku"], "quantity": int(row["quantity"])})
    return list(found.values())
