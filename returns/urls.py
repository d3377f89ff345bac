"""Routes of returns, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from returns.api import views

urlpatterns = [
    path("returns", views.Returns.as_view(), name="returns"),
    path("returns/<str:public_id>", views.ReturnDetail.as_view(), name="return"),
    path("returns/<str:public_id>/receipt", views.ReturnReceipt.as_view(), name="return-receipt"),
]
