"""Reads of holds."""

from __future__ import annotations

from datetime import datetime

from orders.models import Hold


def list_open_since(*, before: datetime, limit: int) -> list[tuple[int, str]]:
    """This function will return (order key, type) of holds for a person, opened before a time.

    Stock holds are left out: stock lifts them, nobody decides them.
    """
    rows = (
        Hold.objects.filter(released_at=None, opened_at__lt=before)
        .exclude(type=Hold.Type.STOCK)
        .order_by("opened_at")
    )
    return list(rows.values_list("order_id", "type")[:limit])
