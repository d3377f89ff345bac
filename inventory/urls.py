"""Routes of inventory, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from inventory.api import reservations, supply, syncing, views

urlpatterns = [
    path("availability", views.AvailabilityList.as_view(), name="availability"),
    path("supply", supply.Supply.as_view(), name="supply"),
    path("nodes", views.NodeList.as_view(), name="nodes"),
    path(
        "stock/sources/<slug:code>/messages", syncing.SyncMessages.as_view(), name="stock-messages"
    ),
    path("reservations", reservations.Reservations.as_view(), name="reservations"),
    path(
        "reservations/<str:reference>", reservations.ReservationDetail.as_view(), name="reservation"
    ),
    path(
        "reservations/<str:reference>/extend",
        reservations.ReservationExtend.as_view(),
        name="reservation-extend",
    ),
    path(
        "reservations/<str:reference>/release",
        reservations.ReservationRelease.as_view(),
        name="reservation-release",
    ),
    path("stock/feed", syncing.StockFeed.as_view(), name="stock-feed"),
]
