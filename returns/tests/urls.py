"""The routes of returns where the product has them."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("api/v1/", include("returns.urls"))]
