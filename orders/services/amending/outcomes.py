"""What an edit does, measured: the order before and after, side by side. The preview and the
confirmation are compared by it, so it names nothing that differs between two equal runs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from inventory.catalog import selectors as catalog
from inventory.nodes import selectors as nodes
from inventory.selectors import reservations
from oms.core.money import as_text
from orders import amounts
from orders.models import Hold, Order, OrderLine

#: (node, variant)
_Spot = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An order as it stands: what it is worth, what it holds where, and what it was promised."""

    order: Order
    lines: Mapping[int, OrderLine]
    held: Mapping[_Spot, int]
    holds: frozenset[str]


def take(order_id: int) -> Snapshot:
    """This function will read an order with all that an outcome tells, in five statements."""
    order = Order.objects.get(pk=order_id)
    lines = OrderLine.objects.filter(order_id=order_id).order_by("position")
    open_holds = Hold.objects.filter(order_id=order_id, released_at=None)
    held: dict[_Spot, int] = defaultdict(int)
    parts = reservations.parts_at_nodes(demand_kind="order", demand_refs=[order.public_id])
    for (_, node_id, _), units in parts.items():
        for variant_id, count in units.items():
            held[node_id, variant_id] += count
    for soft in reservations.list_soft(demands=[("order", order.public_id)]):
        held[soft.node_id, soft.variant_id] += soft.units
    types = frozenset(open_holds.values_list("type", flat=True))
    return Snapshot(order, {line.position: line for line in lines}, held, types)


def compare(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """This function will return what changed between two snapshots: money, stock, promise, holds.

    Amounts are texts, days ISO dates; `difference` is what is to be collected, or below zero what
    is to be refunded.
    """
    outcome = {
        "money": _money(before, after),
        "lines": _lines(before, after),
        "stock": _stock(before, after),
        "promise": _promise(before.order, after.order),
        "holds": {
            "opened": sorted(after.holds - before.holds),
            "lifted": sorted(before.holds - after.holds),
        },
        "status": {"old": str(before.order.status), "new": str(after.order.status)},
        "is_address_changed": before.order.ship_to_id != after.order.ship_to_id,
        "tier": {"old": before.order.tier, "new": after.order.tier},
    }
    return {**outcome, "token": token_of(outcome)}


def token_of(outcome: Mapping[str, Any]) -> str:
    """This function will return a short name of an outcome: equal outcomes have the same."""
    body = {key: value for key, value in outcome.items() if key != "token"}
    text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def _money(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    old, new = before.order, after.order
    difference = new.owed_amount - old.owed_amount
    currency = old.currency
    return {
        "currency": currency,
        "old_total": as_text(old.owed_amount, currency),
        "new_total": as_text(new.owed_amount, currency),
        "difference": as_text(difference, currency),
        "to_collect": as_text(max(difference, Decimal(0)), currency),
        "to_refund": as_text(max(-difference, Decimal(0)), currency),
        "old_shipping": as_text(old.shipping_amount + old.shipping_tax_amount, currency),
        "new_shipping": as_text(new.shipping_amount + new.shipping_tax_amount, currency),
    }


def worth_of(line: OrderLine | None, currency: str) -> Decimal:
    """This function will return what the units of a line that nobody cancelled are worth."""
    if line is None:
        return Decimal(0)
    return amounts.of_units(line, 0, line.wanted, currency=currency)


def _lines(before: Snapshot, after: Snapshot) -> list[dict[str, Any]]:
    """Those that differ in units, in worth or in where their units are."""
    told = []
    currency = after.order.currency
    for position in sorted(before.lines.keys() | after.lines.keys()):
        old, new = before.lines.get(position), after.lines.get(position)
        row = {
            "line": position,
            "sku": (new or old).sku,  # type: ignore[union-attr]
            "old_units": old.wanted if old else 0,
            "new_units": new.wanted if new else 0,
            "old_amount": as_text(worth_of(old, currency), currency),
            "new_amount": as_text(worth_of(new, currency), currency),
            "waits": new.backordered if new else 0,
            "unallocated": new.unallocated if new else 0,
        }
        if old is None or new is None or _differs(old, new):
            told.append(row)
    return told


_TOLD = ("ordered", "cancelled", "unallocated", "backordered", "allocated", "unit_amount",
         "discount_amount", "tax_amount")  # fmt: skip


def _differs(old: OrderLine, new: OrderLine) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in _TOLD)


def _stock(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    spots = before.held.keys() | after.held.keys()
    change = {spot: after.held.get(spot, 0) - before.held.get(spot, 0) for spot in spots}
    moved = {spot: units for spot, units in change.items() if units}
    codes = nodes.facts_by_id(node_ids=sorted({node_id for node_id, _ in moved}))
    skus = catalog.facts_by_id(variant_ids=sorted({variant_id for _, variant_id in moved}))
    named = sorted(
        (codes[node_id].code, skus[variant_id].sku, units)
        for (node_id, variant_id), units in moved.items()
    )
    return {
        "reserved": [_units(node, sku, units) for node, sku, units in named if units > 0],
        "released": [_units(node, sku, -units) for node, sku, units in named if units < 0],
        "waits": _sum(after, "backordered") - _sum(before, "backordered"),
        "unallocated": _sum(after, "unallocated") - _sum(before, "unallocated"),
    }


def _units(node: str, sku: str, units: int) -> dict[str, Any]:
    return {"node": node, "sku": sku, "units": units}


def _sum(snapshot: Snapshot, name: str) -> int:
    return sum(getattr(line, name) for line in snapshot.lines.values())


def _promise(old: Order, new: Order) -> dict[str, Any]:
    return {
        "old_on": old.promised_on.isoformat() if old.promised_on else None,
        "new_on": new.promised_on.isoformat() if new.promised_on else None,
        "old_ship_by": _text(old.latest_ship_at),
        "new_ship_by": _text(new.latest_ship_at),
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
