"""Folds facts into a card, whatever their order and however often they come.

The order's own facts come in order (one aggregate), so an old one is skipped. What its parcels tell
only ever moves them forward. The stage is that of the parcel that is furthest behind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from carriers import events as carrier_events
from inventory.warehouse import events as floor_events
from oms.cockpit.dashboards.models import CANCELLED, STAGES, OrderCard
from oms.core.events import Event
from oms.infra.outbox.subscriptions import Delivered
from orders import events as order_events

RANK = {stage: rank for rank, stage in enumerate(STAGES)}

#: Facts after which the promise stored with the order may be another one.
PROMISING = (
    order_events.OrderReceived,
    order_events.OrderConfirmed,
    order_events.OrderReleased,
    order_events.PromiseMoved,
)


def blank(*, fact: Delivered[Any], now: datetime) -> OrderCard:
    """This function will return the card of an order of which this is the first fact."""
    at = min(fact.occurred_at, now)
    return OrderCard(
        order_ref=fact.correlation_id,
        organization_id=fact.organization_id,
        stage=STAGES[0],
        stage_since=at,
        placed_at=at,
        ship_cost=Decimal(0),
        facts={"base": 0, "expected": 0, "parcels": {}, "closed": ""},
    )


def fold(*, card: OrderCard, fact: Delivered[Any], now: datetime) -> None:
    """This function will change the card by one fact; a clock ahead of ours counts as now."""
    at = min(fact.occurred_at, now)
    if fact.name in _OF_ORDER:
        if fact.sequence <= card.last_event_id:
            return
        card.last_event_id = fact.sequence
        card.needed_person |= fact.actor.startswith("staff:")
        _OF_ORDER[fact.name](card, fact.event, at)
    elif fact.name in _OF_PARCEL:
        _OF_PARCEL[fact.name](card, fact.event)
    _restage(card, at)


def _restage(card: OrderCard, at: datetime) -> None:
    stage = _stage(card.facts)
    if stage != card.stage:
        card.stage = stage
        card.stage_since = at


def _stage(facts: dict[str, Any]) -> str:
    if facts["closed"]:
        return str(facts["closed"])
    parcels = facts["parcels"].values()
    open_ranks = [parcel["rank"] for parcel in parcels if not parcel.get("cancelled")]
    rank = min(open_ranks, default=0)
    if len(parcels) < facts["expected"]:
        rank = min(rank, RANK["pick"])
    return STAGES[max(rank, facts["base"])]


def _advance(card: OrderCard, stage: str) -> None:
    card.facts["base"] = max(card.facts["base"], RANK[stage])


def _received(card: OrderCard, event: order_events.OrderReceived, at: datetime) -> None:
    card.number = event.number
    card.placed_at = at
    card.place = ", ".join(filter(None, [event.city, event.region or event.country]))[:120]
    if card.stage == STAGES[0]:
        card.stage_since = at


def _confirmed(card: OrderCard, event: order_events.OrderConfirmed, _at: datetime) -> None:
    card.promised_on = date.fromisoformat(event.promised_on) if event.promised_on else None
    card.latest_ship_at = event.latest_ship_at
    _at_nodes(card, event.node_codes)
    _advance(card, "route")


def _promise_moved(card: OrderCard, event: order_events.PromiseMoved, _at: datetime) -> None:
    card.promised_on = date.fromisoformat(event.promised_on) if event.promised_on else None


def _rescheduled(card: OrderCard, event: order_events.OrderRescheduled, _at: datetime) -> None:
    card.latest_ship_at = event.latest_ship_at


def _released(card: OrderCard, event: order_events.OrderReleased, _at: datetime) -> None:
    _at_nodes(card, event.node_codes)
    _advance(card, "pick")


def _at_nodes(card: OrderCard, codes: list[str]) -> None:
    if codes:
        card.node_code = codes[0]
        card.facts["expected"] = len(codes)


def _held(card: OrderCard, _event: order_events.OrderHeld, at: datetime) -> None:
    card.held_since = card.held_since or at


def _hold_released(card: OrderCard, event: order_events.HoldReleased, _at: datetime) -> None:
    if event.open_holds == 0:
        card.held_since = None


def _closed(card: OrderCard, _event: Event, _at: datetime) -> None:
    card.facts["closed"] = CANCELLED
    card.held_since = None


def _delivered(card: OrderCard, event: order_events.OrderDelivered, at: datetime) -> None:
    card.facts["closed"] = STAGES[-1]
    card.held_since = None
    card.delivered_at = at
    card.on_time = event.is_on_time


def _moves_to(stage: str) -> Callable[[OrderCard, Any], None]:
    def move(card: OrderCard, event: Any) -> None:
        parcel = _parcel(card, event)
        parcel["rank"] = max(parcel["rank"], RANK[stage])

    return move


def _parcel(card: OrderCard, event: Any) -> dict[str, Any]:
    parcels: dict[str, dict[str, Any]] = card.facts["parcels"]
    return parcels.setdefault(event.demand_ref, {"rank": RANK["pick"], "cost": "0"})


def _work_cancelled(card: OrderCard, event: floor_events.WorkCancelled) -> None:
    _parcel(card, event)["cancelled"] = True


def _label_bought(card: OrderCard, event: carrier_events.LabelBought) -> None:
    _parcel(card, event)["cost"] = event.cost_amount
    parcels = card.facts["parcels"].values()
    card.ship_cost = sum((Decimal(parcel["cost"]) for parcel in parcels), Decimal(0))


_OF_ORDER: dict[str, Callable[[OrderCard, Any, datetime], None]] = {
    order_events.OrderReceived.NAME: _received,
    order_events.OrderConfirmed.NAME: _confirmed,
    order_events.OrderReleased.NAME: _released,
    order_events.PromiseMoved.NAME: _promise_moved,
    order_events.OrderRescheduled.NAME: _rescheduled,
    order_events.OrderHeld.NAME: _held,
    order_events.HoldReleased.NAME: _hold_released,
    order_events.OrderRejected.NAME: _closed,
    order_events.OrderCancelled.NAME: _closed,
    order_events.OrderDelivered.NAME: _delivered,
}
_OF_PARCEL: dict[str, Callable[[OrderCard, Any], None]] = {
    floor_events.WorkReleased.NAME: _moves_to("pick"),
    floor_events.WorkPicked.NAME: _moves_to("pack"),
    floor_events.WorkPacked.NAME: _moves_to("label"),
    floor_events.WorkLabeled.NAME: _moves_to("hand_over"),
    floor_events.WorkHandedOver.NAME: _moves_to("in_transit"),
    floor_events.WorkCancelled.NAME: _work_cancelled,
    carrier_events.LabelBought.NAME: _label_bought,
    carrier_events.ShipmentMoved.NAME: _moves_to("in_transit"),
    carrier_events.ShipmentDelivered.NAME: _moves_to("in_transit"),
}

#: Everything that changes a card.
EVENTS: tuple[type[Event], ...] = (
    order_events.OrderReceived,
    order_events.OrderConfirmed,
    order_events.PromiseMoved,
    order_events.OrderRescheduled,
    order_events.OrderReleased,
    order_events.OrderHeld,
    order_events.HoldReleased,
    order_events.OrderRejected,
    order_events.OrderCancelled,
    order_events.OrderDelivered,
    floor_events.WorkReleased,
    floor_events.WorkPicked,
    floor_events.WorkPacked,
    floor_events.WorkLabeled,
    floor_events.WorkHandedOver,
    floor_events.WorkCancelled,
    carrier_events.LabelBought,
    carrier_events.ShipmentMoved,
    carrier_events.ShipmentDelivered,
)
