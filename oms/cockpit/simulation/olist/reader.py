"""Olist's orders as the import takes them, in the order of their purchase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from oms.cockpit.simulation.olist.tables import FILES, Row, Tables, prefix, purchased_at
from orders.importing.records import unreadable
from orders.importing.tables import fingerprint
from orders.importing.types import SourceOrder, SourceRow
from orders.types import LineDraft, OrderDraft, RecipientDraft


class OlistReader:
    """One order per row of the orders table; those that do not join say so."""

    def __init__(self, folder: Path, tables: Tables) -> None:
        self.tables = tables
        self.total = len(tables.orders)
        self.columns = tuple(tables.orders[0][1]) if tables.orders else ()
        self.fingerprint = fingerprint(
            *(folder / FILES[name] for name in ("orders", "items", "customers"))
        )

    def __iter__(self) -> Iterator[SourceOrder]:
        for line, row in self.tables.orders:
            yield self._read(line, row)

    def _read(self, line: int, row: Row) -> SourceOrder:
        rows = (SourceRow(line, tuple(value or "" for value in row.values())),)
        items = self.tables.items.get(row["order_id"])
        customer = self.tables.customers.get(row["customer_id"])
        if not items:
            return unreadable(rows, "olist.no_items", "No item row has this order_id.")
        if customer is None:
            return unreadable(rows, "olist.no_customer", "No customer row has this customer_id.")
        try:
            draft = self._draft(row, items, customer)
        except (ValueError, InvalidOperation):
            return unreadable(rows, "olist.malformed", "A number or time is unreadable.")
        return SourceOrder(rows, draft=draft)

    def _draft(self, row: Row, items: Sequence[Row], customer: Row) -> OrderDraft:
        return OrderDraft(
            external_ref=row["order_id"],
            currency="BRL",
            customer_ref=customer["customer_unique_id"],
            placed_at=purchased_at(row),
            shipping_amount=sum((Decimal(item["freight_value"]) for item in items), Decimal(0)),
            recipient=self._recipient(customer),
            lines=tuple(
                LineDraft(item["product_id"], 1, Decimal(item["price"]))
                for item in sorted(items, key=lambda item: int(item["order_item_id"]))
            ),
        )

    def _recipient(self, customer: Row) -> RecipientDraft:
        zip_prefix = prefix(customer, "customer_zip_code_prefix")
        latitude, longitude = self.tables.places.get(zip_prefix, (None, None))
        return RecipientDraft(
            # The source is anonymous; a label needs something to call the recipient by.
            name=f"Customer {customer['customer_unique_id'][:8]}",
            country="BR",
            region=customer["customer_state"],
            city=customer["customer_city"].title(),
            # Only the prefix is published; 000 is the prefix's general code.
            postcode=f"{zip_prefix}-000",
            latitude=latitude,
            longitude=longitude,
        )
