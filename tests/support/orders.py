"""Files of orders for the demo world of `seed_world`: JSONL and CSV, the same every time."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from oms.cockpit.simulation.world.places import CITIES
from oms.cockpit.simulation.world.range import build
from orders.importing.columns import NAMES

SKUS = [item.sku for item in build(108, 7)]


def record(number: int, **person: Any) -> dict[str, Any]:
    """This function will return order `number` as the API and JSONL take it."""
    chance = random.Random(number)
    place = chance.choice(CITIES)
    return {
        "external_ref": f"T-{number:05d}",
        "currency": "USD",
        "customer_ref": f"customer-{number}",
        "ship_to": {
            "name": f"Person {number}",
            "email": f"person{number}@example.com",
            "lines": [f"{number} Sample Street"],
            "city": place.name,
            "region": place.state,
            "postcode": place.postcode,
            "country": "US",
            "latitude": place.latitude,
            "longitude": place.longitude,
            **person,
        },
        "lines": [
            {"sku": sku, "quantity": chance.randint(1, 2)}
            for sku in chance.sample(SKUS, chance.choice((1, 1, 2)))
        ],
    }


def write_jsonl(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records))
    return path


def write_csv(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """This function will write one row per order line."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, NAMES, restval="")
        writer.writeheader()
        for one in records:
            ship_to = {k: v for k, v in one["ship_to"].items() if k != "lines"}
            head = {k: v for k, v in one.items() if k not in ("ship_to", "lines")}
            street = dict(zip(("street", "street2"), one["ship_to"]["lines"], strict=False))
            writer.writerows({**head, **ship_to, **street, **line} for line in one["lines"])
    return path
