"""The public page of one order: promise, steps, parcels, events. Cities only, nothing personal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from carriers.selectors import shipments
from oms.cockpit.dashboards import local_time
from oms.cockpit.dashboards.selectors import public_words as words
from oms.core import clock
from orders import timeline_words
from orders.selectors import orders as orders_selectors

#: Told by the carrier's own scans, with their places: not twice.
_TOLD_BY_SCANS = "carriers."
_HIDDEN = frozenset({"voided", "label_failed"})
_AFTER_PACKING = frozenset({"packed", "closed"})
_ARRIVED = frozenset({"delivered"})
_OUT = frozenset({"out_for_delivery", "available_for_pickup", "delivery_attempted"})
_MOVING = frozenset({"in_transit", "exception", "returning", *_OUT})

Order = Any
Shipment = Any


@dataclass(frozen=True, slots=True)
class _Told:
    """One line of what happened."""

    at: datetime
    text: str


def exists(*, tracking_hash: str) -> bool:
    """This function will tell whether a link leads to an order."""
    return orders_selectors.has_tracking_hash(tracking_hash=tracking_hash)


def find(*, tracking_hash: str) -> dict[str, Any] | None:
    """This function will return the page behind a link, or None."""
    order = orders_selectors.find_by_tracking_hash(tracking_hash=tracking_hash)
    return snapshot(order) if order is not None else None


def snapshot(order: Order) -> dict[str, Any]:
    """This function will return everything the public page shows, in a constant number of
    statements; times are those of the destination."""
    zone = local_time.zone_of(country=order.country, region=order.region)
    parcels = _shipments(order)
    told = sorted([*_milestones(order), *_scans(parcels)], key=lambda line: line.at)
    at = words.Situation(
        is_cancelled=order.status in ("cancelled", "rejected", "expired"),
        is_confirmed=order.confirmed_at is not None,
        delivered_at=order.delivered_at,
        promised_on=order.promised_on,
        statuses=tuple(parcel.status for parcel in parcels),
        # A carrier's clock ahead of ours would put its scans into the future.
        now=max([clock.now(), *(line.at for line in told[-1:])]),
        zone=zone,
    )
    return {
        "brand": order.organization.name,
        "order_number": str(order.number),
        "pill": words.pill(at),
        "second_pill": words.second_pill(at),
        "headline": words.headline(at),
        "subline": words.subline(at, told[-1].at if told else order.placed_at),
        "timezone_label": local_time.label_of(zone),
        "steps": _steps(order, parcels),
        "parcels": [_parcel(order, parcels, index, at) for index in range(len(parcels))],
        "items": [
            {"name": line.variant.name, "quantity": line.ordered - line.cancelled}
            for line in order.lines.all()
            if line.ordered > line.cancelled
        ],
        "days": _days(told, at),
    }


def _shipments(order: Order) -> list[Shipment]:
    references = orders_selectors.parcel_refs(order.fulfillment_orders.all())
    found = shipments.list_for_demands(demand_kind="fulfillment_order", demand_refs=references)
    return [s for s in found.prefetch_related("events") if s.status not in _HIDDEN]


def _seen(shipment: Shipment) -> list[Any]:
    """The scans that say something, oldest first."""
    told = [event for event in shipment.events.all() if event.status != "unknown"]
    return sorted(told, key=lambda event: (event.occurred_at, event.pk))


def _milestones(order: Order) -> list[_Told]:
    nodes = [work.node for work in order.fulfillment_orders.all()]
    places = timeline_words.Places(
        by_id={node.pk: node.city for node in nodes},
        by_code={node.code: node.city for node in nodes},
    )
    told = []
    for entry in orders_selectors.list_timeline(order_id=order.pk):
        if entry.kind.startswith(_TOLD_BY_SCANS):
            continue
        said = timeline_words.for_customer(kind=entry.kind, data=entry.data, places=places)
        if said is not None:
            told.append(_Told(entry.at, said.text))
    return told


def _scans(parcels: Sequence[Shipment]) -> list[_Told]:
    told = []
    for parcel in parcels:
        seen = _seen(parcel)
        for before, event in zip([None, *seen], seen, strict=False):
            is_leaving = before is not None and before.city == event.city
            told.append(_Told(event.occurred_at, words.scan(event.status, event.city, is_leaving)))
    return told


def _steps(order: Order, parcels: Sequence[Shipment]) -> list[dict[str, Any]]:
    work = [w for w in order.fulfillment_orders.all() if w.status != "cancelled"]
    delivered = 1.0 if order.delivered_at else _share(parcels, _ARRIVED)
    out = max(delivered, 0.5 * _share(parcels, _OUT | _ARRIVED))
    moving = 0.6 * _share(parcels, _MOVING | _ARRIVED) if parcels else 0.0
    way = max(delivered, _share(parcels, _OUT | _ARRIVED), moving)
    packed = sum(w.status in _AFTER_PACKING for w in work) / len(work) if work else 0.0
    return [
        {"key": key, "label": label, "done": round(done, 2)}
        for key, label, done in (
            ("confirmed", _("Confirmed"), 1.0 if order.confirmed_at else 0.3),
            ("packed", _("Packed"), max(delivered, packed)),
            ("on_its_way", _("On its way"), way),
            ("out_for_delivery", _("Out for delivery"), out),
            ("delivered", _("Delivered"), delivered),
        )
    ]


def _share(parcels: Sequence[Shipment], statuses: frozenset[str]) -> float:
    return sum(p.status in statuses for p in parcels) / len(parcels) if parcels else 0.0


def _parcel(
    order: Order, parcels: Sequence[Shipment], index: int, at: words.Situation
) -> dict[str, Any]:
    shipment = parcels[index]
    carrier = shipment.service.carrier.name
    return {
        "index": index + 1,
        "of": len(parcels),
        "carrier": f"{carrier} · {shipment.service.name}",
        "tracking_number": shipment.tracking_number,
        "last_seen": _last_seen(shipment, at),
        "country": _common_country(order, shipment),
        "points": _points(order, shipment),
    }


def _common_country(order: Order, shipment: Shipment) -> str:
    """The map of a country is drawn where the whole way lies in it."""
    origin = shipment.origin.get("country", "")
    return str(origin) if origin == order.country else ""


def _last_seen(shipment: Shipment, at: words.Situation) -> str:
    seen = [event for event in _seen(shipment) if event.city]
    if seen:
        local = seen[-1].occurred_at.astimezone(at.zone)
        return words.last_seen(seen[-1].city, local, at.today)
    city = shipment.origin.get("city", "")
    if shipment.handed_over_at:
        return _("Left %(city)s") % {"city": city}
    return _("Being prepared in %(city)s") % {"city": city}


def _points(order: Order, shipment: Shipment) -> list[dict[str, Any]]:
    """The way so far, each place once, and the rounded destination."""
    origin = shipment.origin
    way = [_point(origin.get("latitude"), origin.get("longitude"), origin.get("city", ""))]
    way += [_point(event.latitude, event.longitude, event.city) for event in _seen(shipment)]
    known = list({p["label"]: p for p in way if p["lat"] is not None}.values())
    if known:
        known[-1]["kind"] = "here"
    end = _point(order.latitude, order.longitude, order.city)
    if shipment.status == "delivered" or end["lat"] is None:
        return known
    end["kind"] = "destination"
    return [*known, end]


def _point(latitude: float | None, longitude: float | None, label: str) -> dict[str, Any]:
    if latitude is None or longitude is None:
        return {"lat": None, "lon": None, "label": label, "kind": "past"}
    # Two digits are about a kilometer: a city, never a door.
    return {"lat": round(latitude, 2), "lon": round(longitude, 2), "label": label, "kind": "past"}


def _days(told: Sequence[_Told], at: words.Situation) -> list[dict[str, Any]]:
    """Newest first; of several parcels' equal lines in the same minute one is enough."""
    days: dict[str, list[dict[str, Any]]] = {}
    for line in reversed(told):
        local = _local(line.at, at.zone)
        events = days.setdefault(words.day_label(local.date(), at.today), [])
        event = {"time": words.clock_time(local), "text": line.text, "now": line is told[-1]}
        if event not in events:
            events.append(event)
    return [{"label": label, "events": events} for label, events in days.items()]


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)
