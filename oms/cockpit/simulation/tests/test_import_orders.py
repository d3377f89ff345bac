"""`manage.py import_orders`: formats, mappings, templates, dry run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from orders.importing import columns
from orders.models import Order
from orders.tests.factories import World, a_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(settings.OMS, "HOME", tmp_path / "home")
    return a_world()


def _run(path: Path, *options: str, code: int = 0) -> dict[str, Any]:
    out = io.StringIO()
    arguments = (str(path), "--channel", "shop", "--no-work", "--json", *options)
    try:
        call_command("import_orders", *arguments, stdout=out)
    except SystemExit as end:
        assert end.code == code
    return json.loads(out.getvalue().splitlines()[-1])


def _workbook(folder: Path, *skus: str) -> Path:
    book = Workbook()
    book.active.append(("Order", "SKU", "Qty", "Currency", "Country", "Zip", "Remarks"))
    for number, sku in enumerate(skus):
        book.active.append((f"X-{number}", sku, 1, "USD", "US", "89501", "gift"))
    path = folder / "orders.xlsx"
    book.save(path)
    return path


_MAP = ("--map", "Order=external_ref", "--map", "Qty=quantity", "--map", "Zip=postcode",
        "--map", "Remarks=")  # fmt: skip


def test_a_workbook_is_imported_by_a_mapping_that_is_kept(world: World, tmp_path: Path) -> None:
    first = _run(_workbook(tmp_path, "A", "NOPE"), *_MAP, code=3)
    again = _run(_workbook(tmp_path, "A", "A"), code=3)

    assert (first["placed"], first["rejected"]) == (1, 1)
    assert (again["placed"], again["rejected"]) == (1, 0)
    assert Path(first["errors_file"]).read_text().splitlines()[1].startswith("X-1,NOPE,1,USD")


def test_columns_that_do_not_fit_are_told_and_nothing_is_placed(
    world: World, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=r"Order: No field. Perhaps external_ref\?"):
        call_command(
            "import_orders", str(_workbook(tmp_path, "A")), "--channel", "shop", "--no-work"
        )

    assert Order.objects.count() == 0


def test_a_dry_run_says_what_would_change(world: World, tmp_path: Path) -> None:
    found = _run(_workbook(tmp_path, "A", "B", "NOPE"), *_MAP, "--dry-run", code=3)

    assert (found["new"], found["rejected"], found["units"]) == (2, 1, 2)
    assert found["amounts"] == {"USD": "40.0000"}
    assert found["reasons"] == {"sku unknown_sku": 1}
    assert Order.objects.count() == 0


def test_a_template_is_written_and_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"

    call_command("import_orders", str(path), "--template", "csv")

    assert path.read_text().splitlines()[0] == ",".join(columns.NAMES)
    with pytest.raises(CommandError, match="exists already"):
        call_command("import_orders", str(path), "--template", "csv")
