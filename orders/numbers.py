"""Order numbers people say: one sequence per organization, so that nobody waits for a number.

Numbers of refused or repeated orders are not given again; gaps mean nothing.
"""

from __future__ import annotations

from django.db import connection

from oms.core import locks
from oms.core.transactions import needs_transaction

FIRST_NUMBER = 10_001


@needs_transaction
def take(*, organization_id: int, count: int) -> list[int]:
    """This function will return `count` fresh numbers, ascending."""
    name = f"orders_number_{int(organization_id)}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        row = cursor.fetchone()
        if not (row and row[0]):
            _create(organization_id, name)
        cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [name, count])
        return [int(row[0]) for row in cursor.fetchall()]


def _create(organization_id: int, name: str) -> None:
    locks.hold(locks.LockSpace.ORDER_NUMBERS, organization_id)
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SEQUENCE IF NOT EXISTS "{name}" START {FIRST_NUMBER}')
