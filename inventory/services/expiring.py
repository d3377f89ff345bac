"""Ends holds that ran out where their units are needed, before the sweep comes by."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.services import _sql, balances, giving_back
from oms.core import clock, transitions
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting


@needs_transaction
def end_expired(*, needs: Mapping[int, int]) -> int:
    """This function will end expired holds at the positions, the oldest first, until each has so
    many units more. The positions must be locked. Constant statements.

    :returns: how many holds it ended.
    """
    if not needs:
        return 0
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_sql.EXPIRED, [list(needs), list(needs.values()), now])
        keys = [row[0] for row in cursor.fetchall()]
    if not keys:
        return 0
    held = Reservation.objects.filter(pk__in=keys, status=Reservation.Status.HELD)
    rows = list(held.order_by("pk"))
    balances.book(entries=giving_back.give_back(rows, StockMovement.Kind.EXPIRED, at=now))
    transitions.apply_many(rows, "expire", now=now)
    emitting.emit_many(giving_back.released_events(rows, at=now))
    return len(rows)
