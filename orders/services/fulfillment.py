"""Follows the floor and the carriers: fulfillment orders advance, lines count, orders complete.

Facts may come twice or late; every step checks where its object stands, and a fact that comes
before its predecessor was taken raises NotReady, so that the outbox brings it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import F

from carriers.selectors import shipments as shipment_selectors
from carriers.services import shipments
from carriers.types import ShipmentDraft
from inventory.nodes import selectors as nodes
from inventory.nodes.types import NodeFacts
from oms.core import clock, transitions
from oms.core.errors import Unavailable
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import OrderCompleted, OrderDelivered, OrderShipped
from orders.models import FulfillmentLine, FulfillmentOrder, Order, OrderLine
from orders.services import counters, guarding, marking, stopping


class NotReady(Unavailable):
    """The fact came before the one it follows; it will be brought again."""

    code = "orders.not_ready"


@dataclass(frozen=True, slots=True)
class Carton:
    """A closed parcel of one fulfillment order."""

    parcel_ref: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    at: datetime


#: A parcel packed longer ago than this is history (an import): its scans are known at once.
HISTORY_AFTER = timedelta(days=1)


def _lock(references: Sequence[str]) -> dict[str, FulfillmentOrder]:
    """The order rows first, then their work: the lock order of the whole product."""
    list(
        Order.objects.select_for_update()
        .filter(fulfillment_orders__public_id__in=list(references))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    rows = (
        FulfillmentOrder.objects.select_for_update(of=("self",))
        .filter(public_id__in=list(references))
        .select_related("order")
        .order_by("pk")
    )
    return {row.public_id: row for row in rows}


@needs_transaction
def start(*, at: Mapping[str, datetime]) -> None:
    """This function will mark work as in progress: the first unit was taken."""
    rows = _lock(list(at)).values()
    opened = [row for row in rows if row.status == FulfillmentOrder.Status.OPEN]
    transitions.apply_many(opened, "start", at_for=lambda row: at[row.public_id])
    marking.mark(at=_latest(opened, at))


@needs_transaction
def pack(*, cartons: Mapping[str, Carton]) -> None:
    """This function will mark work as packed and ask the carrier for its label.

    :raises NeedsOverride: an address is undeliverable and nobody took responsibility for it.
    """
    rows = _lock(list(cartons)).values()
    ready = [row for row in rows if row.status in ("open", "in_progress")]
    guarding.require_shippable(orders=[row.order for row in ready])
    transitions.apply_many(ready, "pack", at_for=lambda row: cartons[row.public_id].at)
    marking.mark(at=_latest(ready, {ref: carton.at for ref, carton in cartons.items()}))
    facts = nodes.facts_by_id(node_ids=sorted({row.node_id for row in ready}))
    shipments.create_many(
        drafts=[
            _shipment(row, cartons[row.public_id], facts[row.node_id])
            for row in ready
            if row.merged_into_id is None  # else the parcel is that of the work it follows
        ]
    )
    stopping.tell_of_new_work(orders=list({row.order_id: row.order for row in ready}.values()))


def _shipment(row: FulfillmentOrder, carton: Carton, node: NodeFacts) -> ShipmentDraft:
    order = row.order
    return ShipmentDraft(
        organization_id=order.organization_id,
        demand_kind="fulfillment_order",
        demand_ref=row.public_id,
        parcel_ref=carton.parcel_ref,
        correlation_id=order.public_id,
        order_number=str(order.number),
        service_code=row.service_code,
        contact_id=order.ship_to_id,
        origin={
            "name": node.name,
            "street": node.street,
            "city": node.city,
            "region": node.region,
            "postcode": node.postcode,
            "country": node.country,
            "latitude": node.latitude,
            "longitude": node.longitude,
        },
        origin_code=node.code,
        weight_g=carton.weight_g,
        length_mm=carton.length_mm,
        width_mm=carton.width_mm,
        height_mm=carton.height_mm,
        promised_on=row.promised_on or order.promised_on,
        at=carton.at,
        is_instant=clock.real_now() - carton.at > HISTORY_AFTER,
    )


@needs_transaction
def ship(*, at: Mapping[str, datetime]) -> None:
    """This function will close work that left its node and count its units as shipped.

    :raises NotReady: a carton left that was not packed yet as far as this order knows.
    """
    rows = _lock(list(at))
    if any(row.status in ("open", "in_progress", "proposed") for row in rows.values()):
        raise NotReady("Work left its node before it was seen packed.")
    leaving = [row for row in rows.values() if row.status == FulfillmentOrder.Status.PACKED]
    transitions.apply_many(leaving, "close", at_for=lambda row: at[row.public_id])
    FulfillmentLine.objects.filter(fulfillment_order__in=leaving).update(shipped=F("quantity"))
    orders = counters.record_shipped(fulfillment_ids=[row.pk for row in leaving])
    times = _latest(leaving, at)
    marking.mark(at=times)
    _tell_shipped(orders, times)


def _tell_shipped(order_ids: Sequence[int], at: Mapping[int, datetime]) -> None:
    complete = _without(order_ids, "ordered > cancelled + shipped")
    emitting.emit_many(
        [
            OrderShipped(
                organization_id=order.organization_id,
                order_ref=order.public_id,
                number=str(order.number),
                occurred_at=at[order.pk],
            )
            for order in complete
        ]
    )


@needs_transaction
def finish(*, orders: Sequence[Order]) -> None:
    """This function will tell of orders of which the rest was cancelled that all has left, and
    complete those of which all has arrived."""
    if not orders:
        return
    now = clock.now()
    keys = [order.pk for order in orders]
    _tell_shipped(keys, dict.fromkeys(keys, now))
    refs = dict(
        FulfillmentOrder.objects.filter(order__in=orders).values_list("public_id", "order_id")
    )
    arrived: dict[int, datetime] = {}
    for ref, moment in shipment_selectors.arrivals(
        demand_kind="fulfillment_order", demand_refs=list(refs)
    ).items():
        arrived[refs[ref]] = max(moment, arrived.get(refs[ref], moment))
    _complete(keys, dict.fromkeys(keys, now) | arrived)


@needs_transaction
def deliver(*, at: Mapping[str, datetime]) -> None:
    """This function will count units as delivered and complete the orders that are.

    :raises NotReady: a parcel arrived that had not left yet as far as this order knows.
    """
    at = _with_shared(at)
    rows = _lock(list(at))
    if any(row.status not in ("closed", "cancelled") for row in rows.values()):
        raise NotReady("A parcel arrived before it was seen leaving.")
    arrived = [row for row in rows.values() if row.status == FulfillmentOrder.Status.CLOSED]
    changed = counters.record_delivered(fulfillment_ids=[row.pk for row in arrived])
    _complete(changed, _latest(arrived, at))


def _latest(rows: Iterable[FulfillmentOrder], at: Mapping[str, datetime]) -> dict[int, datetime]:
    """The last of the times of an order's works, by key of the order."""
    latest: dict[int, datetime] = {}
    for row in rows:
        moment = at[row.public_id]
        latest[row.order_id] = max(moment, latest.get(row.order_id, moment))
    return latest


@needs_transaction
def conclude(*, order_ids: Sequence[int]) -> None:
    """This function will tell of orders that have nothing left to ship, or to deliver, because the
    rest was taken off; the others go on."""
    now = clock.now()
    begun = list(
        OrderLine.objects.filter(order__in=order_ids, shipped__gt=0)
        .values_list("order_id", flat=True)
        .distinct()
    )
    if begun:
        at = dict.fromkeys(begun, now)
        _tell_shipped(begun, at)
        _complete(begun, at)


def _with_shared(at: Mapping[str, datetime]) -> dict[str, datetime]:
    """Also the works that went in the parcels of these."""
    shared = FulfillmentOrder.objects.filter(merged_into__public_id__in=list(at))
    pairs = shared.values_list("public_id", "merged_into__public_id")
    return {**{reference: at[lead] for reference, lead in pairs}, **at}


def _complete(order_ids: Sequence[int], at: Mapping[int, datetime]) -> None:
    done = [
        order
        for order in _without(order_ids, "ordered > cancelled + delivered")
        if order.status == Order.Status.RELEASED
    ]
    for order in done:
        order.delivered_at = at[order.pk]
    Order.objects.bulk_update(done, ["delivered_at"])
    emitting.emit_many([_delivered(order, at[order.pk]) for order in done])
    transitions.apply_many(
        done,
        "complete",
        at_for=lambda order: at[order.pk],
        event_for=lambda order: OrderCompleted(
            organization_id=order.organization_id,
            order_ref=order.public_id,
            number=str(order.number),
            occurred_at=at[order.pk],
        ),
    )


def _delivered(order: Order, at: datetime) -> OrderDelivered:
    promised: date | None = order.promised_on
    return OrderDelivered(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=at,
        promised_on=promised.isoformat() if promised else "",
        is_on_time=promised is None or at.date() <= promised,
    )


def _without(order_ids: Sequence[int], open_line: str) -> list[Order]:
    """Orders of the list that have no line for which `open_line` (trusted SQL) holds."""
    table = OrderLine._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT order_id FROM {table} WHERE order_id = ANY(%s) AND {open_line}",
            [list(order_ids)],
        )
        unfinished = {row[0] for row in cursor.fetchall()}
    finished = [key for key in order_ids if key not in unfinished]
    return list(Order.objects.filter(pk__in=finished).order_by("pk"))
