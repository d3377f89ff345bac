"""Shipments as other groups show them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, F, Max, QuerySet

from carriers.models import LabelFile, Shipment, TrackingEvent
from oms.core.errors import NotFound


class UnknownShipment(NotFound):
    """There is none, or it is another organization's."""

    code = "carriers.unknown_shipment"
    title = "Unknown shipment"


def list_for_demands(*, demand_kind: str, demand_refs: Collection[str]) -> QuerySet[Shipment]:
    """This function will return the shipments that serve some demands, with their service and
    carrier, in the order they were planned."""
    return (
        Shipment.objects.filter(demand_kind=demand_kind, demand_ref__in=list(demand_refs))
        .select_related("service__carrier")
        .order_by("pk")
    )


def arrivals(*, demand_kind: str, demand_refs: Collection[str]) -> dict[str, datetime]:
    """This function will return when the last parcel of each demand arrived, of those that have
    parcels that did."""
    rows = Shipment.objects.filter(
        demand_kind=demand_kind, demand_ref__in=set(demand_refs), delivered_at__isnull=False
    )
    return dict(rows.values_list("demand_ref").annotate(Max("delivered_at")).order_by())


def list_for(*, organization_id: int) -> QuerySet[Shipment]:
    """This function will return the organization's shipments, newest first."""
    return (
        Shipment.objects.filter(organization_id=organization_id)
        .select_related("service__carrier")
        .order_by("-id")
    )


def get_for(*, organization_id: int, public_id: str) -> Shipment:
    """This function will return one shipment with its service and carrier.

    :raises UnknownShipment: the organization has none with this identifier.
    """
    found = list_for(organization_id=organization_id).filter(public_id=public_id).first()
    if found is None:
        raise UnknownShipment("There is no such shipment.")
    return found


def get_by_tracking_number(*, organization_id: int, tracking_number: str) -> Shipment:
    """This function will return the newest shipment with a tracking number.

    :raises UnknownShipment: the organization has none with this number.
    """
    mine = list_for(organization_id=organization_id).exclude(tracking_number="")
    found = mine.filter(tracking_number=tracking_number).first()
    if found is None:
        raise UnknownShipment("There is no such shipment.")
    return found


def list_events(*, shipment_id: int) -> QuerySet[TrackingEvent]:
    """This function will return what the carrier said of a shipment, oldest first."""
    return TrackingEvent.objects.filter(shipment_id=shipment_id).order_by("occurred_at", "pk")


def list_label_formats(*, shipment_id: int) -> list[str]:
    """This function will return the formats in which a shipment's label can be fetched."""
    files = LabelFile.objects.filter(shipment_id=shipment_id)
    return sorted(files.values_list("format", flat=True))


def list_demand_refs(*, tracking_number: str) -> list[str]:
    """This function will return what the parcels with a tracking number serve."""
    found = Shipment.objects.filter(tracking_number=tracking_number).exclude(tracking_number="")
    return list(found.values_list("demand_ref", flat=True)[:20])


def list_moving_refs(*, limit: int) -> list[str]:
    """This function will return shipments between hand-over and arrival, longest unasked first."""
    moving = Shipment.objects.filter(status__in=Shipment.MOVING)
    ordered = moving.order_by(F("polled_at").asc(nulls_first=True), "pk")
    return list(ordered.values_list("public_id", flat=True)[:limit])


def count_by_status() -> dict[str, int]:
    """This function will return how many shipments stand in each status; none is 0."""
    found = dict(Shipment.objects.values_list("status").annotate(Count("id")).order_by())
    return {status: found.get(status, 0) for status in Shipment.Status.values}
