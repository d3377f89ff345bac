"""Loads the published Olist tables and joins what belongs to an order.

Source: Olist Brazilian e-commerce (CC BY-NC-SA 4.0); the files stay where they are.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

#: Purchase times are published without a zone; the shop keeps Brasília time.
SHOP_ZONE = ZoneInfo("America/Sao_Paulo")

FILES = {
    "orders": "olist_orders_dataset.csv",
    "items": "olist_order_items_dataset.csv",
    "customers": "olist_customers_dataset.csv",
    "products": "olist_products_dataset.csv",
    "sellers": "olist_sellers_dataset.csv",
    "places": "olist_geolocation_dataset.csv",
    "categories": "product_category_name_translation.csv",
}

Row = dict[str, str]


@dataclass(slots=True)
class Tables:
    """The tables, keyed as they are joined."""

    orders: list[tuple[int, Row]]
    items: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    customers: dict[str, Row] = field(default_factory=dict)
    products: dict[str, Row] = field(default_factory=dict)
    sellers: dict[str, Row] = field(default_factory=dict)
    places: dict[str, tuple[float, float]] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)


def load(folder: Path) -> Tables:
    """This function will read all files; orders by purchase time, with their line numbers."""
    orders = list(enumerate(_rows(folder / FILES["orders"]), start=2))
    orders.sort(key=lambda pair: (pair[1]["order_purchase_timestamp"], pair[1]["order_id"]))
    tables = Tables(orders=orders)
    for row in _rows(folder / FILES["items"]):
        tables.items[row["order_id"]].append(row)
    tables.customers = {r["customer_id"]: r for r in _rows(folder / FILES["customers"])}
    tables.products = {r["product_id"]: r for r in _rows(folder / FILES["products"])}
    tables.sellers = {r["seller_id"]: r for r in _rows(folder / FILES["sellers"])}
    tables.categories = {
        r["product_category_name"]: r["product_category_name_english"]
        for r in _rows(folder / FILES["categories"])
    }
    tables.places = {
        r["geolocation_zip_code_prefix"].zfill(5): (
            float(r["geolocation_lat"]),
            float(r["geolocation_lng"]),
        )
        for r in _rows(folder / FILES["places"])
    }
    return tables


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def prefix(row: Row, name: str) -> str:
    """This function will return a zip prefix with its leading zeros."""
    return row[name].strip().zfill(5)


def purchased_at(order: Row) -> datetime:
    """This function will return the purchase time in UTC.

    :raises ValueError: the text is not a time.
    """
    local = datetime.fromisoformat(order["order_purchase_timestamp"])
    return local.replace(tzinfo=SHOP_ZONE).astimezone(UTC)
