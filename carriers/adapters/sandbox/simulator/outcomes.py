"""What befalls a parcel: asked for by a magic destination city, else drawn from its reference.

| city                  | effect                                                          |
|-----------------------|-----------------------------------------------------------------|
| `SANDBOX REJECT`      | purchase refused for good: 422 `address_undeliverable`           |
| `SANDBOX BUSY`        | 429 with Retry-After on the parcel's first purchase, then sold   |
| `SANDBOX UNAVAILABLE` | 503 with Retry-After on the first purchase, then sold            |
| `SANDBOX ERROR`       | 500 without effect on the first purchase, then sold              |
| `SANDBOX TIMEOUT`     | sold, but the answer to that purchase never comes                |
| `SANDBOX BREAK`       | sold, but the connection breaks before the answer                |
| `SANDBOX ATTEMPT`     | one failed attempt, delivered the next day                       |
| `SANDBOX EXCEPTION`   | held up for a day on the way, then delivered                     |
| `SANDBOX PICKUP`      | waits at a pickup point, then collected                          |
| `SANDBOX RETURN`      | failed attempt, then back to the sender                          |
| `SANDBOX LOST`        | vanishes after the last hub; the carrier declares it lost         |

Without a magic city the last eight hex digits of SHA-256 over the reference, read as a fraction of
their range, are compared with the incident rate, so that the same parcel meets the same fate in
every run.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """The fate of a parcel, decided when its label is bought."""

    NORMAL = "NORMAL"
    REJECT = "REJECT"
    BUSY = "BUSY"
    UNAVAILABLE = "UNAVAILABLE"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    BREAK = "BREAK"
    ATTEMPT = "ATTEMPT"
    EXCEPTION = "EXCEPTION"
    PICKUP = "PICKUP"
    RETURN = "RETURN"
    LOST = "LOST"


_PREFIX: Final = "SANDBOX "
#: How incidents split, in order; the shares sum to 1.
_SHARES: Final = (
    (Outcome.ATTEMPT, 0.50),
    (Outcome.EXCEPTION, 0.30),
    (Outcome.PICKUP, 0.08),
    (Outcome.RETURN, 0.07),
    (Outcome.REJECT, 0.03),
    (Outcome.LOST, 0.02),
)


def digest(text: str) -> int:
    """This function will return 64 stable bits of a text, to vary parcels reproducibly."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def decide(*, city: str, reference: str, incident_rate: float) -> Outcome:
    """This function will return the parcel's fate; a magic city goes before the draw."""
    name = " ".join(city.upper().split())
    magic = Outcome.__members__.get(name.removeprefix(_PREFIX))
    if magic is not None and name.startswith(_PREFIX):
        return magic
    drawn = int(hashlib.sha256(reference.encode()).hexdigest()[-8:], 16) / 2**32
    if drawn >= incident_rate:
        return Outcome.NORMAL
    return _share(drawn / incident_rate)


def _share(point: float) -> Outcome:
    edge = 0.0
    for outcome, share in _SHARES:
        edge += share
        if point < edge:
            return outcome
    return Outcome.ATTEMPT
