"""Routes of orders, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from orders.api import batch, payments, views

urlpatterns = [
    path("orders", views.Orders.as_view(), name="orders"),
    path("orders/batch", batch.OrderBatch.as_view(), name="order-batch"),
    path("orders/<str:public_id>", views.OrderDetail.as_view(), name="order"),
    path("orders/<str:public_id>/cancel", views.OrderCancel.as_view(), name="order-cancel"),
    path("orders/<str:public_id>/timeline", views.OrderTimeline.as_view(), name="order-timeline"),
    path("orders/<str:public_id>/payments", payments.OrderPayments.as_view(), name="payments"),
]
