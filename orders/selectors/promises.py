"""Reads of promises."""

from __future__ import annotations

from django.db.models import QuerySet

from orders.models import Promise


def list_of(*, order_id: int) -> QuerySet[Promise]:
    """This function will return every promise of an order, oldest first."""
    return Promise.objects.filter(order_id=order_id).order_by("sequence")
