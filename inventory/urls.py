"""Routes of inventory, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from inventory.api import supply, syncing, views

urlpatterns = [
    path("availability", views.AvailabilityList.as_view(), name="availability"),
    path("supply", supply.Supply.as_view(), name="supply"),
    path("nodes", views.NodeList.as_view(), name="nodes"),
    path(
        "stock/sources/<slug:code>/messages", syncing.SyncMessages.as_view(), name="stock-messages"
    ),
    path("stock/feed", syncing.StockFeed.as_view(), name="stock-feed"),
]
