"""Routes of inventory, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from inventory.api import supply, views

urlpatterns = [
    path("availability", views.AvailabilityList.as_view(), name="availability"),
    path("supply", supply.Supply.as_view(), name="supply"),
    path("nodes", views.NodeList.as_view(), name="nodes"),
]
