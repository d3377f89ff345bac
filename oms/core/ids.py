"""Public identifiers: a prefix and 26 characters that sort by time (48 bits of milliseconds, 80 of
randomness, Crockford base 32)."""

from __future__ import annotations

import os
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from oms.core import clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


#: Two characters at a time halve the work.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_TIME_SHIFTS = range(40, -1, -10)


def public_id(prefix: str, *, at: datetime | None = None) -> str:
    """This function will return a new identifier such as `ord_01J9…`, ordered by `at`."""
    millis = int((at or clock.now()).timestamp() * 1000) & ((1 << 48) - 1)
    return prefix + _of_time(millis) + _luck()


# What is made together has one time.
@lru_cache(maxsize=8)
def _of_time(millis: int) -> str:
    return "_" + "".join([_PAIRS[millis >> n & 1023] for n in _TIME_SHIFTS])


def _luck() -> str:
    luck, pairs = int.from_bytes(os.urandom(10)), _PAIRS
    # Spelled out: eight identifiers are made for every order.
    return (
        f"{pairs[luck >> 70]}{pairs[luck >> 60 & 1023]}{pairs[luck >> 50 & 1023]}"
        f"{pairs[luck >> 40 & 1023]}{pairs[luck >> 30 & 1023]}{pairs[luck >> 20 & 1023]}"
        f"{pairs[luck >> 10 & 1023]}{pairs[luck & 1023]}"
    )


def event_id() -> UUID:
    """This function will return a UUID of version 7 (RFC 9562): 48 bits of milliseconds and 74 of
    randomness. Events that are made together stand together in the index of their ids, where
    random ones would each change a page of their own."""
    millis = int(clock.real_now().timestamp() * 1000)
    luck = int.from_bytes(os.urandom(10)) >> 6
    return UUID(int=millis << 80 | 7 << 76 | luck >> 62 << 64 | 2 << 62 | luck & ((1 << 62) - 1))


def public_ids(prefix: str, count: int) -> list[str]:
    """This function will return `count` new identifiers in ascending order."""
    return sorted(public_id(prefix) for _ in range(count))
