"""Public identifiers: a prefix and 26 characters that sort by time (48 bits of milliseconds, 80 of
randomness, Crockford base 32)."""

from __future__ import annotations

import secrets
from datetime import datetime

from oms.core import clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


#: Two characters at a time halve the work.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS = range(120, -1, -10)


def _encode(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])


def public_id(prefix: str, *, at: datetime | None = None) -> str:
    """This function will return a new identifier such as `ord_01J9…`, ordered by `at`."""
    millis = int((at or clock.now()).timestamp() * 1000) & ((1 << 48) - 1)
    return f"{prefix}_{_encode((millis << 80) | secrets.randbits(80))}"


def public_ids(prefix: str, count: int) -> list[str]:
    """This function will return `count` new identifiers in ascending order."""
    return sorted(public_id(prefix) for _ in range(count))
