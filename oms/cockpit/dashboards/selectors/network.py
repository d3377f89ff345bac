"""The nodes as the board shows them: where they are, how full, when the carrier comes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory.nodes import selectors as nodes
from inventory.nodes.types import NodeFacts
from inventory.warehouse import selectors as floor
from inventory.warehouse.types import NodeLoad
from routing.promise import Calendar

_KINDS = {
    "warehouse": _("Warehouse"),
    "store": _("Store"),
    "mfc": _("Micro-fulfillment center"),
    "dark_store": _("Dark store"),
    "locker": _("Locker"),
    "pickup_hub": _("Pickup hub"),
}
#: Of a day's capacity: watch from, act from.
_WATCH, _ACT = 0.85, 1.0


def list_nodes(*, node_codes: Collection[str] | None, now: datetime) -> list[dict[str, Any]]:
    """This function will return the active nodes, fullest first, only those of a scope if given."""
    loads = {load.node_id: load for load in floor.node_load()}
    shipped = floor.handed_over_last_hour()
    shown = [
        _node(node, loads[node.id], shipped.get(node.id, 0), now)
        for node in nodes.list_active()
        if node.id in loads and (node_codes is None or node.code in node_codes)
    ]
    return sorted(shown, key=lambda node: (-node["queue"], -node["load"], node["code"]))


def _node(node: NodeFacts, load: NodeLoad, shipped: int, now: datetime) -> dict[str, Any]:
    share = (load.open + load.done_today) / max(node.daily_capacity, 1)
    return {
        "code": node.code,
        "name": node.name,
        "kind": node.kind,
        "kind_label": str(_KINDS[node.kind]),
        "lat": node.latitude,
        "lon": node.longitude,
        "country": node.country,
        "load": round(share, 3),
        "queue": load.open,
        "shipped_per_hour": shipped,
        "next_cutoff_s": int((next_cutoff(node, now) - now).total_seconds()),
        "tone": _tone(load, share, now),
        "href": f"/admin/warehouse/workorder/?node__id__exact={node.id}",
    }


def next_cutoff(node: NodeFacts, now: datetime) -> datetime:
    """This function will return when the node's next working day ends for parcels, in UTC."""
    calendar = Calendar(node.timezone, node.cutoff_time, 0, node.working_days)
    return calendar.cutoff_at(calendar.ship_day(now))


def _tone(load: NodeLoad, share: float, now: datetime) -> str:
    is_late = load.oldest_due_at is not None and load.oldest_due_at < now
    if is_late or share >= _ACT:
        return "bad"
    return "warn" if share >= _WATCH else "ok"
