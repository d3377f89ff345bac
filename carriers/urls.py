"""Routes of carriers under `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from carriers.api import shipments
from carriers.api.views import ReceiveWebhook

urlpatterns = [
    path("carriers/<slug:code>/webhook", ReceiveWebhook.as_view(), name="carriers-webhook"),
    path("shipments", shipments.ShipmentList.as_view(), name="shipments"),
    path("shipments/<str:public_id>", shipments.ShipmentDetail.as_view(), name="shipment"),
    path(
        "shipments/<str:public_id>/label.pdf",
        shipments.LabelPdf.as_view(),
        name="shipment-label-pdf",
    ),
    path(
        "shipments/<str:public_id>/label.zpl",
        shipments.LabelZpl.as_view(),
        name="shipment-label-zpl",
    ),
    path(
        "shipments/<str:public_id>/tracking",
        shipments.ShipmentTracking.as_view(),
        name="shipment-tracking",
    ),
    path(
        "tracking/<str:tracking_number>",
        shipments.TrackingByNumber.as_view(),
        name="tracking",
    ),
]
