"""Routes of carriers under `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from carriers.api.views import ReceiveWebhook

urlpatterns = [
    path("carriers/<slug:code>/webhook", ReceiveWebhook.as_view(), name="carriers-webhook"),
]
