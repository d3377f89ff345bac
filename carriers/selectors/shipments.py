"""Shipments as other groups show them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, F, QuerySet

from carriers.models import Shipment


def list_for_demands(*, demand_kind: str, demand_refs: Collection[str]) -> QuerySet[Shipment]:
    """This function will return the shipments that serve some demands, with their service and
    carrier, in the order they were planned."""
    return (
        Shipment.objects.filter(demand_kind=demand_kind, demand_ref__in=list(demand_refs))
        .select_related("service__carrier")
        .order_by("pk")
    )


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
