"""Writes the story of orders: one entry per fact, once, in one statement a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from oms.core import bulk
from oms.core.transactions import needs_transaction
from oms.infra.outbox.subscriptions import Delivered
from orders.models import FulfillmentOrder, Order, TimelineEntry

#: Fields that say nothing to a reader of the story.
_DROPPED = {"organization_id", "order_ref", "occurred_at", "demand_kind", "demand_ref"}


@needs_transaction
def record(*, facts: Sequence[Delivered[Any]]) -> None:
    """This function will add the facts to the timelines of the orders they belong to."""
    shared = _shared(facts)
    told = [
        (reference, fact)
        for fact in facts
        for reference in (fact.correlation_id, *shared.get(_parcel_of(fact), ()))
        if reference
    ]
    wanted = {reference for reference, _ in told}
    orders = dict(Order.objects.filter(public_id__in=wanted).values_list("public_id", "id"))
    bulk.insert_rows(
        TimelineEntry,
        [
            {
                "order_id": orders[reference],
                "event_id": fact.event_id,
                "kind": fact.name,
                "actor": fact.actor,
                "source": source_of(name=fact.name, actor=fact.actor),
                "cause": fact.causation_id,
                "data": _data(fact.event),
                "at": fact.occurred_at,
            }
            for reference, fact in told
            if reference in orders
        ],
        on_conflict="ON CONFLICT (event_id, order_id) DO NOTHING",
    )


Source = TimelineEntry.Source
_BY_ACTOR = {
    "key": Source.API,
    "channel": Source.API,
    "staff": Source.ADMIN,
    "clerk": Source.FLOOR,
    "floor": Source.FLOOR,
}
_BY_NAME = {"warehouse": Source.FLOOR, "carriers": Source.CARRIER}


def source_of(*, name: str, actor: str) -> str:
    """This function will return by which way a fact came: through whom, or else from where."""
    if actor == "command:import_orders":
        return Source.IMPORT.value
    group, kind = name.partition(".")[0], actor.partition(":")[0]
    return (_BY_ACTOR.get(kind) or _BY_NAME.get(group) or Source.SYSTEM).value


def _shared(facts: Sequence[Delivered[Any]]) -> dict[str, list[str]]:
    """The other orders in the parcels that facts of carriers are about, by the leading work."""
    parcels = {parcel for fact in facts if (parcel := _parcel_of(fact))}
    found: dict[str, list[str]] = {}
    if parcels:
        rows = FulfillmentOrder.objects.filter(merged_into__public_id__in=parcels)
        for lead, order in rows.values_list("merged_into__public_id", "order__public_id"):
            found.setdefault(lead, []).append(order)
    return found


def _parcel_of(fact: Delivered[Any]) -> str:
    """The floor tells of every work itself; of a shared parcel carriers know only the lead."""
    return fact.event.demand_ref if fact.name.startswith("carriers.") else ""


def _data(event: Any) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(asdict(event))
    return {key: value for key, value in built.items() if key not in _DROPPED}
