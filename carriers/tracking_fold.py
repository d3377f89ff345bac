"""Where a parcel stands, from all its carrier ever said: a pure function of the set of scans.

Order of arrival and repeats change nothing. Scans are read by the carrier's time, then by rank.
Delivered stays delivered unless the carrier takes the parcel back; returned is the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from carriers.adapters.base import TrackingStatus

#: What a scan makes of a shipment. Others (a label was made, a code nobody knows) move nothing.
TARGETS: Final[Mapping[str, str]] = {
    TrackingStatus.ACCEPTED: "in_transit",
    TrackingStatus.IN_TRANSIT: "in_transit",
    TrackingStatus.EXCEPTION: "exception",
    TrackingStatus.OUT_FOR_DELIVERY: "out_for_delivery",
    TrackingStatus.AVAILABLE_FOR_PICKUP: "available_for_pickup",
    TrackingStatus.DELIVERY_ATTEMPTED: "delivery_attempted",
    TrackingStatus.RETURNING: "returning",
    TrackingStatus.LOST: "lost",
    TrackingStatus.DELIVERED: "delivered",
    TrackingStatus.RETURNED: "returned_to_sender",
}
#: Decides between scans of the same instant: later in the table is later in life.
_RANK: Final[Mapping[str, int]] = {status: rank for rank, status in enumerate(TARGETS)}
#: After these only certain facts count: a depot scan does not undo a delivery.
_ONLY_AFTER: Final[Mapping[str, frozenset[str]]] = {
    "returning": frozenset({"returning", "delivered", "lost", "returned_to_sender"}),
    "lost": frozenset({"delivered", "returning", "returned_to_sender"}),
    "delivered": frozenset({"returning", "returned_to_sender"}),
    "returned_to_sender": frozenset(),
}
#: The step of the shipment's machine that leads to a status.
TRIGGERS: Final = {
    "in_transit": "move",
    "out_for_delivery": "go_out",
    "available_for_pickup": "await_pickup",
    "delivery_attempted": "attempt",
    "exception": "stall",
    "delivered": "deliver",
    "returning": "turn_back",
    "returned_to_sender": "come_back",
    "lost": "lose",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One scan, as far as the fold cares."""

    event_key: str
    status: str
    occurred_at: datetime
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """`status` is "" while nothing moved; `at` and the place belong to the scan that decided it."""

    status: str
    at: datetime | None
    city: str
    region: str
    country: str
    last_scan_at: datetime | None
    delivered_at: datetime | None


NOWHERE: Final = Standing("", None, "", "", "", None, None)
_NOTHING_SEEN: Final = Seen("", "", datetime.min.replace(tzinfo=UTC))


def fold(scans: Iterable[Seen]) -> Standing:
    """This function will return where a parcel stands after all its scans, in any order."""
    ordered = sorted(scans, key=_reading_order)
    if not ordered:
        return NOWHERE
    status, decisive, delivered_at = "", _NOTHING_SEEN, None
    for scan in ordered:
        target = TARGETS.get(scan.status, "")
        if not _follows(target, status):
            continue
        status, decisive = target, scan
        if status == "delivered":
            delivered_at = scan.occurred_at
    return Standing(
        status=status,
        at=decisive.occurred_at if status else None,
        city=decisive.city,
        region=decisive.region,
        country=decisive.country,
        last_scan_at=ordered[-1].occurred_at,
        delivered_at=delivered_at,
    )


def _follows(target: str, status: str) -> bool:
    return bool(target) and (status not in _ONLY_AFTER or target in _ONLY_AFTER[status])


def _reading_order(scan: Seen) -> tuple[datetime, int, str]:
    return scan.occurred_at, _RANK.get(scan.status, -1), scan.event_key
