"""Facts of an order's life, as a relay hands them over; for the tests of the boards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from carriers import events as carrier_events
from inventory.warehouse import events as floor_events
from oms.core.events import Event
from oms.infra.outbox.subscriptions import Delivered
from orders import events as order_events

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_sequence = count(1)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def delivered(event: Any, *, actor: str = "system:test") -> Delivered[Any]:
    return Delivered(
        event=event,
        name=event.NAME,
        event_id=uuid4(),
        sequence=next(_sequence),
        organization_id=event.organization_id,
        aggregate_id=event.aggregate_id,
        correlation_id=event.correlation_id,
        actor=actor,
        occurred_at=event.occurred_at,
        hops=0,
    )


class Story:
    """Makes the facts of one order; minutes count from noon."""

    def __init__(
        self, reference: str = "ord_A", number: str = "10001", organization: int = 1
    ) -> None:
        self.reference, self.number, self.organization = reference, number, organization

    def _order(self, minutes: float) -> dict[str, Any]:
        return {
            "organization_id": self.organization,
            "order_ref": self.reference,
            "number": self.number,
            "occurred_at": at(minutes),
        }

    def _work(self, minutes: float, work: str) -> dict[str, Any]:
        return {
            "organization_id": self.organization,
            "order_ref": self.reference,
            "occurred_at": at(minutes),
            "demand_kind": "fulfillment_order",
            "demand_ref": f"{self.reference}/{work}",
            "work_ref": f"wrk_{self.reference}/{work}",
            "node_id": 1,
        }

    def _shipment(self, minutes: float, work: str) -> dict[str, Any]:
        return {
            "organization_id": self.organization,
            "order_ref": self.reference,
            "occurred_at": at(minutes),
            "demand_kind": "fulfillment_order",
            "demand_ref": f"{self.reference}/{work}",
            "shipment_ref": f"shp_{self.reference}/{work}",
            "parcel_ref": f"pcl_{self.reference}/{work}",
        }

    def received(self, minutes: float = 0) -> Event:
        return order_events.OrderReceived(
            **self._order(minutes), channel="web", tier="standard", lines=1, units=2,
            total_amount="20.00", currency="USD", country="US", region="CO", city="Denver",
        )  # fmt: skip

    def confirmed(self, minutes: float = 1, nodes: Sequence[str] = ("RNO1",)) -> Event:
        return order_events.OrderConfirmed(
            **self._order(minutes), promised_on="2026-11-24", latest_ship_at=at(300), priority=5,
            node_codes=list(nodes),
        )  # fmt: skip

    def released(self, minutes: float = 2, nodes: Sequence[str] = ("RNO1",)) -> Event:
        return order_events.OrderReleased(**self._order(minutes), node_codes=list(nodes))

    def held(self, minutes: float = 1, hold: str = "address") -> Event:
        return order_events.OrderHeld(
            **self._order(minutes), hold_type=hold, reason="The street is missing.", due_at=None
        )

    def hold_released(self, minutes: float = 5, hold: str = "address", left: int = 0) -> Event:
        return order_events.HoldReleased(**self._order(minutes), hold_type=hold, open_holds=left)

    def cancelled(self, minutes: float = 9) -> Event:
        return order_events.OrderCancelled(**self._order(minutes), reason="Asked for.")

    def arrived(self, minutes: float = 90, is_on_time: bool = True) -> Event:
        return order_events.OrderDelivered(
            **self._order(minutes), promised_on="2026-11-24", is_on_time=is_on_time
        )

    def work_released(self, minutes: float = 3, work: str = "1") -> Event:
        return floor_events.WorkReleased(**self._work(minutes, work))

    def picked(self, minutes: float = 10, work: str = "1") -> Event:
        return floor_events.WorkPicked(**self._work(minutes, work), units=2)

    def packed(self, minutes: float = 20, work: str = "1") -> Event:
        return floor_events.WorkPacked(
            **self._work(minutes, work), parcel_ref="pcl", weight_g=500, length_mm=200,
            width_mm=200, height_mm=100,
        )  # fmt: skip

    def labeled(self, minutes: float = 30, work: str = "1") -> Event:
        return floor_events.WorkLabeled(**self._work(minutes, work), tracking_number="SBX1")

    def handed_over(self, minutes: float = 40, work: str = "1") -> Event:
        return floor_events.WorkHandedOver(**self._work(minutes, work), parcel_ref="pcl")

    def work_cancelled(self, minutes: float = 12, work: str = "1") -> Event:
        return floor_events.WorkCancelled(**self._work(minutes, work))

    def label_bought(self, minutes: float = 25, work: str = "1", cost: str = "7.10") -> Event:
        return carrier_events.LabelBought(
            **self._shipment(minutes, work), tracking_number="SBX1", service_code="ground",
            cost_amount=cost, cost_currency="USD",
        )  # fmt: skip

    def label_refused(self, minutes: float = 25, work: str = "1") -> Event:
        return carrier_events.LabelRefused(
            **self._shipment(minutes, work), error_code="address_undeliverable"
        )

    def moved(self, minutes: float = 50, work: str = "1", status: str = "in_transit") -> Event:
        return carrier_events.ShipmentMoved(
            **self._shipment(minutes, work), status=status, city="Memphis", region="TN",
            country="US",
        )  # fmt: skip

    def parcel_arrived(self, minutes: float = 80, work: str = "1") -> Event:
        return carrier_events.ShipmentDelivered(
            **self._shipment(minutes, work), city="Denver", region="CO"
        )

    def lost(self, minutes: float = 70, work: str = "1") -> Event:
        return carrier_events.ShipmentLost(**self._shipment(minutes, work))

    def came_back(self, minutes: float = 75, work: str = "1") -> Event:
        return carrier_events.ShipmentReturned(**self._shipment(minutes, work))

    def whole(self) -> list[Event]:
        """From received to delivered, one parcel."""
        return [
            self.received(), self.confirmed(), self.released(), self.work_released(),
            self.picked(), self.packed(), self.label_bought(), self.labeled(), self.handed_over(),
            self.moved(), self.parcel_arrived(), self.arrived(),
        ]  # fmt: skip
