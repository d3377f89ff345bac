"""The first 300 real orders through the import command, worked to their end; again adds nothing.

The tables are not part of this repository: the test runs where they are found.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from carriers.adapters.sandbox import testing
from carriers.models import Shipment
from inventory.services import ledger
from oms.cockpit.control_tower import selectors as cases
from oms.cockpit.simulation.olist.tables import FILES
from oms.infra.outbox import selectors as outbox
from orders.models import Hold, Order

SHARED = Path(os.environ.get("OMS_SHARED") or Path(__file__).resolve().parents[3] / "shared")
TABLES = SHARED / "data" / "olist"
LIMIT = 300

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not all((TABLES / name).is_file() for name in FILES.values()),
        reason=f"the Olist tables are not in {TABLES}",
    ),
]


@pytest.fixture(autouse=True)
def carrier(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Well-behaved but for a few parcels; the errors file goes to a folder of the test."""
    with testing.running(tmp_path, incident_rate=0.06) as running:
        settings.OMS = {
            **settings.OMS,
            "HOME": tmp_path,
            "SANDBOX_CARRIER_URL": running.url,
            "SANDBOX_CARRIER_SECRET": testing.SECRET,
        }
        yield


def _import() -> tuple[dict[str, Any], int]:
    said, code = io.StringIO(), 0
    try:
        call_command(
            *("import_orders", str(TABLES), "--format", "olist"),
            *("--limit", str(LIMIT), "--work", "--json"),
            stdout=said,
            stderr=io.StringIO(),
        )
    except SystemExit as end:
        code = int(end.code or 0)
    return json.loads(said.getvalue().splitlines()[-1]), code


def test_three_hundred_orders_come_to_an_end_and_the_books_agree() -> None:
    first, code = _import()

    assert first["placed"] + first["rejected"] == LIMIT
    assert code == (3 if first["rejected"] else 0)
    assert Order.objects.count() == first["placed"]
    _every_order_has_an_end(first)
    _books_agree()
    _errors_are_told(first)

    again, _ = _import()

    assert (again["placed"], again["rejected"]) == (first["placed"], first["rejected"])
    assert Order.objects.count() == first["placed"]
    assert Shipment.objects.values("parcel_ref").distinct().count() == Shipment.objects.count()
    assert {name: again[name] for name in _ENDS} == {name: first[name] for name in _ENDS}
    _books_agree()


_ENDS = ("delivered", "on_hold", "cases", "moving")


def _every_order_has_an_end(result: dict[str, Any]) -> None:
    delivered = set(Order.objects.exclude(delivered_at=None).values_list("public_id", flat=True))
    held = set(Hold.objects.filter(released_at=None).values_list("order__public_id", flat=True))
    in_cases = set(cases.list_open().values_list("correlation_id", flat=True))
    orders = set(Order.objects.values_list("public_id", flat=True))
    assert orders - delivered - held - in_cases == set()
    assert result["moving"] == 0
    assert (result["delivered"], result["on_hold"]) == (len(delivered), len(held))
    assert len(delivered) > 0.9 * result["placed"] > 0


def _books_agree() -> None:
    assert ledger.verify().differences == []
    health = outbox.get_health()
    assert (health.pending, health.dead_letters) == (0, 0)


def _errors_are_told(result: dict[str, Any]) -> None:
    path = Path(result["errors_file"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().splitlines()) >= 1 + result["rejected"]
