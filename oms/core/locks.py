"""Advisory locks from one registry, so that two purposes can never share a key by accident."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum, unique

from django.db import connection

from oms.core.transactions import needs_transaction


@unique
class LockSpace(IntEnum):
    """First half of an advisory key; the second is the object's number."""

    ORDER_NUMBERS = 1
    RELAY_SHARD = 2
    IMPORT = 3
    DEMO = 4
    SEED = 5
    SWEEP = 6
    FIRST_ADMIN = 7
    RETURNS = 8
    BENCH = 9
    STOCK_RULES = 10
    AVAILABILITY_FEED = 11
    PROOF = 12
    BACKLOG = 13
    #: Taken within the database: by `inventory_look`, as STOCK_RULES is by a category that changes.
    DEMANDS = 14


@needs_transaction
def hold(space: LockSpace, number: int) -> None:
    """This function will take the lock until the transaction ends, waiting for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [int(space), number & 0x7FFFFFFF])


@needs_transaction
def hold_many(space: LockSpace, numbers: Iterable[int]) -> None:
    """This function will take the locks in ascending order until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, number) FROM unnest(%s::int[]) AS d(number)",
            [int(space), sorted({number & 0x7FFFFFFF for number in numbers})],
        )


@contextmanager
def session_lock(space: LockSpace, number: int) -> Iterator[bool]:
    """This function will yield True while this connection alone holds the lock, else False."""
    key = [int(space), number & 0x7FFFFFFF]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        row = cursor.fetchone()
    taken = bool(row and row[0])
    try:
        yield taken
    finally:
        if taken:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
