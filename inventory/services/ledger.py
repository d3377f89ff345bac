"""Proves that every balance is the sum of its movements and of the rows behind it."""

from __future__ import annotations

from django.db import connection

from inventory.services import _ledger_sql
from inventory.types import LedgerDifference, LedgerReport

#: A broken ledger may differ everywhere; so many are told one by one.
MAX_TOLD = 10_000


def verify() -> LedgerReport:
    """This function will compare all balances with movements, live reservations, lots, serial
    numbers, channels' reserves and the summary of free stock.

    It reports and mends nothing. The comparison is one statement, so it sees one moment and may
    run while stock moves; its memory does not grow with the tables.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ledger_sql.COUNT_LEDGER)
        positions, movements = cursor.fetchone()
        cursor.execute(_ledger_sql.FIND_DIFFERENCES, [MAX_TOLD])
        rows = cursor.fetchall()
    return LedgerReport(
        positions=positions,
        movements=movements,
        differences=[LedgerDifference(*row[:-1]) for row in rows],
        count=rows[0][-1] if rows else 0,
    )
