"""Shipments as their organization sees them: one view per operation, one read in each.

Another organization's shipment and one that does not exist get the same answer.
"""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from carriers.api.filters import ShipmentFilter
from carriers.api.serializers import (
    ShipmentOut,
    ShipmentSummaryOut,
    TrackingOut,
)
from carriers.models import Shipment
from carriers.selectors import labels
from carriers.selectors import shipments as selectors
from oms.core.api.negotiation import AnyAccept
from oms.core.api.pagination import NewestFirst
from oms.core.api.queries import filtered
from oms.infra.accounts.authentication import organization_of


class ShipmentList(APIView):
    """The organization's shipments, newest first."""

    required_scope = "shipments:read"
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="shipments_list",
        summary="Your shipments, newest first",
        tags=["shipments"],
        responses=ShipmentSummaryOut(many=True),
        parameters=[
            OpenApiParameter("status", OpenApiTypes.STR, enum=Shipment.Status.values),
            OpenApiParameter("order", OpenApiTypes.STR, description="An order's id."),
            OpenApiParameter("tracking_number", OpenApiTypes.STR),
            OpenApiParameter("handed_over_after", OpenApiTypes.DATETIME),
            OpenApiParameter("handed_over_before", OpenApiTypes.DATETIME),
        ],
    )
    def get(self, request: Request) -> Response:
        found = selectors.list_for(organization_id=organization_of(request))
        page = self.pagination_class()
        rows = page.paginate_queryset(filtered(request, found, ShipmentFilter), request, view=self)
        return page.get_paginated_response(ShipmentSummaryOut(rows or [], many=True).data)


class ShipmentDetail(APIView):
    """One shipment."""

    required_scope = "shipments:read"

    @extend_schema(
        operation_id="shipments_get",
        summary="One shipment",
        tags=["shipments"],
        responses=ShipmentOut,
    )
    def get(self, request: Request, public_id: str) -> Response:
        shipment = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        formats = selectors.list_label_formats(shipment_id=shipment.pk)
        shipment.labels = [  # type: ignore[attr-defined]
            reverse(f"shipment-label-{name}", args=[shipment.public_id]) for name in formats
        ]
        return Response(ShipmentOut(shipment).data)


class _Label(APIView):
    """A label's bytes, opened for the organization that ships. It shows who receives."""

    required_scope = "shipments:read"
    # The answer is what the address says, whatever the caller claims to accept.
    content_negotiation_class = AnyAccept
    file_format: ClassVar[str]
    content_type: ClassVar[str]

    def _file(self, request: Request, public_id: str) -> HttpResponse:
        shipment = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        content = labels.get_file(
            shipment_ref=shipment.public_id,
            organization_id=shipment.organization_id,
            file_format=self.file_format,
        )
        return HttpResponse(
            content,
            content_type=self.content_type,
            headers={
                "Cache-Control": "private, no-store",
                "Content-Disposition": f'attachment; filename="{public_id}.{self.file_format}"',
            },
        )


class LabelPdf(_Label):
    """The label as a 4 × 6 inch page."""

    file_format = "pdf"
    content_type = "application/pdf"

    @extend_schema(
        operation_id="shipments_label_pdf",
        summary="The label as PDF, 4 × 6 in",
        tags=["shipments"],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, public_id: str) -> HttpResponse:
        return self._file(request, public_id)


class LabelZpl(_Label):
    """The label for a thermal printer."""

    file_format = "zpl"
    content_type = "application/zpl"

    @extend_schema(
        operation_id="shipments_label_zpl",
        summary="The label for thermal printers",
        tags=["shipments"],
        responses={(200, "application/zpl"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, public_id: str) -> HttpResponse:
        return self._file(request, public_id)


class ShipmentTracking(APIView):
    """What the carrier said of a shipment."""

    required_scope = "tracking:read"

    @extend_schema(
        operation_id="shipments_tracking",
        summary="What the carrier said of a shipment",
        tags=["tracking"],
        responses=TrackingOut,
    )
    def get(self, request: Request, public_id: str) -> Response:
        return _tracking(
            selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        )


class TrackingByNumber(APIView):
    """The same, found by the number on the label."""

    required_scope = "tracking:read"

    @extend_schema(
        operation_id="tracking_get",
        summary="What the carrier said of a tracking number",
        tags=["tracking"],
        responses=TrackingOut,
    )
    def get(self, request: Request, tracking_number: str) -> Response:
        return _tracking(
            selectors.get_by_tracking_number(
                organization_id=organization_of(request), tracking_number=tracking_number
            )
        )


def _tracking(shipment: Shipment) -> Response:
    story = {
        "shipment": shipment.public_id,
        "status": shipment.status,
        "carrier": shipment.service.carrier.code,
        "tracking_number": shipment.tracking_number,
        "promised_on": shipment.promised_on,
        "delivered_at": shipment.delivered_at,
        "events": selectors.list_events(shipment_id=shipment.pk),
    }
    return Response(TrackingOut(story).data)
