"""Proves that every balance is the sum of its movements and of the reservations behind it."""

from __future__ import annotations

from django.db import connection

from inventory.services import _sql
from inventory.types import LedgerDifference, LedgerReport


def verify() -> LedgerReport:
    """This function will compare all balances with movements and live reservations.

    It reports and mends nothing. The comparison is one statement, so it sees one moment and may
    run while stock moves.
    """
    with connection.cursor() as cursor:
        cursor.execute(_sql.COUNT_LEDGER)
        positions, movements = cursor.fetchone()
        cursor.execute(_sql.FIND_DIFFERENCES)
        differences = [LedgerDifference(*row) for row in cursor.fetchall()]
    return LedgerReport(positions=positions, movements=movements, differences=differences)
