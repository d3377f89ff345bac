"""How much is promised at this moment."""

from __future__ import annotations

from inventory.models import Reservation


def count_live() -> int:
    """This function will return how many reservations take from what can be sold; by an index that
    holds only those."""
    return Reservation.objects.filter(status__in=Reservation.LIVE).count()
