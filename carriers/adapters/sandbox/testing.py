"""A real sandbox carrier for tests: own port, own state, well-behaved unless told otherwise."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carriers.adapters.base import Address, CarrierAdapter, LabelRequest
from carriers.adapters.registry import get_adapter
from carriers.adapters.sandbox import client
from carriers.adapters.sandbox.simulator.config import SimulatorConfig
from carriers.adapters.sandbox.simulator.server import Simulator

SECRET = base64.urlsafe_b64encode(b"secret of a carrier in a test..!").decode()


@contextmanager
def running(folder: Path, **changes: Any) -> Iterator[Simulator]:
    """This function will run a carrier for the block; journeys are visible at once by default."""
    given = {"secret": SECRET, "state": folder / "carrier.sqlite3", "speed": 0.0, **changes}
    simulator = Simulator(SimulatorConfig(**given))
    simulator.start()
    try:
        yield simulator
    finally:
        client.close_pools()
        simulator.stop()


def adapter(url: str, **settings: Any) -> CarrierAdapter:
    return get_adapter("sandbox", settings={"base_url": url, "secret": SECRET, **settings})


def address(city: str = "Denver", **changes: Any) -> Address:
    given = {
        "name": "Ada Example",
        "lines": ("12 Sample Street",),
        "city": city,
        "region": "CO",
        "postcode": "80202",
        "country": "US",
    }
    return Address(**{**given, **changes})


def label_request(reference: str = "shp_1:1", city: str = "Denver", **changes: Any) -> LabelRequest:
    given = {
        "reference": reference,
        "service_code": "ground",
        "origin": address("Memphis", region="TN", postcode="38118", name="Warehouse"),
        "destination": address(city),
        "weight_g": 1200,
        "length_mm": 300,
        "width_mm": 200,
        "height_mm": 100,
        "ship_at": datetime(2026, 3, 2, 15, 0, tzinfo=UTC),
        "order_number": "10482",
    }
    return LabelRequest(**{**given, **changes})
