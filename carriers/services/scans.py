"""Turns scans into the standing of shipments: the same set of scans gives the same standing, in
whatever order, however often and through whatever door they come.

Scans are kept first; a shipment is then read anew from all of its scans, under its lock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection

from carriers.adapters.base import TrackingScan
from carriers.events import (
    ShipmentDelivered,
    ShipmentLost,
    ShipmentMoved,
    ShipmentReturned,
    ShipmentScanned,
)
from carriers.models import Shipment, TrackingEvent
from carriers.services.facts import about
from carriers.tracking_fold import TRIGGERS, Seen, Standing, fold
from carriers.types import IngestResult
from oms.core import bulk, clock, transitions
from oms.core.events import Event
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting

#: Statuses that scans may change; a label that was given back does not come alive again.
_TRACKED: Final = frozenset({*Shipment.READY, *Shipment.MOVING, "delivered", "lost"})

_FIND_ADOPTABLE = """
SELECT DISTINCT s.id
FROM carriers_trackingevent e
JOIN carriers_shipment s ON s.tracking_number = e.tracking_number AND s.tracking_number <> ''
JOIN carriers_carrieraccount a ON a.id = s.account_id AND a.carrier_id = e.carrier_id
WHERE e.shipment_id IS NULL
LIMIT %s
"""


@needs_transaction
def apply_scans(*, carrier_id: int, scans: Sequence[TrackingScan]) -> IngestResult:
    """This function will keep the scans that are new and move the shipments they are about.

    Scans of unknown numbers are kept until their shipment appears. A constant number of
    statements.
    """
    readable = {scan.event_key: scan for scan in scans if _is_readable(scan)}
    unreadable = sum(not _is_readable(scan) for scan in scans)
    if not readable:
        return IngestResult(received=len(scans), unreadable=unreadable)
    shipments = _lock_by_number(carrier_id, {s.tracking_number for s in readable.values()})
    new = _insert(carrier_id, readable, shipments)
    known = [number for number in new if number in shipments]
    touched = [shipments[number] for number in sorted(set(known))]
    return IngestResult(
        received=len(scans),
        stored=len(new),
        unmatched=len(new) - len(known),
        unreadable=unreadable,
        moved=_refold(touched),
    )


@needs_transaction
def adopt(*, shipments: Sequence[Shipment]) -> int:
    """This function will give locked shipments the scans that came before them.

    Each shipment has its account loaded.

    :returns: how many shipments changed their status.
    """
    by_number = {(s.account.carrier_id, s.tracking_number): s for s in shipments}
    waiting = TrackingEvent.objects.filter(
        shipment=None, tracking_number__in=[number for _, number in by_number]
    ).values_list("id", "carrier_id", "tracking_number")
    found = {
        pk: by_number[carrier_id, number]
        for pk, carrier_id, number in waiting
        if (carrier_id, number) in by_number
    }
    bulk.update_rows(
        TrackingEvent, [{"id": pk, "shipment_id": s.pk} for pk, s in sorted(found.items())]
    )
    return _refold(list({s.pk: s for s in found.values()}.values()))


@use_case
def match_waiting(*, limit: int) -> int:
    """This function will match scans that came while their label was being recorded.

    :returns: how many shipments got scans.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ADOPTABLE, [limit])
        keys = [row[0] for row in cursor.fetchall()]
    if not keys:
        return 0
    shipments = (
        Shipment.objects.select_for_update(of=("self",))
        .filter(pk__in=keys)
        .select_related("account")
        .order_by("pk")
    )
    adopt(shipments=list(shipments))
    return len(keys)


def _is_readable(scan: TrackingScan) -> bool:
    if scan.occurred_at.tzinfo is None or "\x00" in scan.event_key + scan.tracking_number:
        return False
    return 0 < len(scan.event_key) <= 80 and 0 < len(scan.tracking_number) <= 60


def _lock_by_number(carrier_id: int, numbers: set[str]) -> dict[str, Shipment]:
    rows = (
        Shipment.objects.select_for_update(of=("self",))
        .filter(account__carrier_id=carrier_id, tracking_number__in=sorted(numbers))
        .order_by("pk")
    )
    return {shipment.tracking_number: shipment for shipment in rows}


def _insert(
    carrier_id: int, scans: Mapping[str, TrackingScan], shipments: Mapping[str, Shipment]
) -> list[str]:
    """The tracking number of each scan that was new."""
    now = clock.real_now()
    rows = [
        {
            "carrier_id": carrier_id,
            "shipment_id": shipments[scan.tracking_number].pk
            if scan.tracking_number in shipments
            else None,
            "received_at": now,
            **_columns(scan),
        }
        # One order for all: two batches with the same scans must not wait for each other.
        for _, scan in sorted(scans.items())
    ]
    inserted = bulk.insert_rows(
        TrackingEvent,
        rows,
        on_conflict="ON CONFLICT (carrier_id, event_key) DO NOTHING",
        returning="tracking_number",
    )
    return [row[0] for row in inserted]


def _columns(scan: TrackingScan) -> dict[str, Any]:
    return {
        "event_key": scan.event_key,
        "tracking_number": scan.tracking_number,
        "carrier_code": _text(scan.carrier_code, 60),
        "status": str(scan.status),
        "city": _text(scan.city, 120),
        "region": _text(scan.region, 60),
        "country": scan.country.upper() if len(_text(scan.country, 3)) == 2 else "",
        "latitude": _degrees(scan.latitude, 90),
        "longitude": _degrees(scan.longitude, 180),
        "occurred_at": scan.occurred_at,
    }


def _text(value: str, length: int) -> str:
    return value.replace("\x00", "")[:length]


def _degrees(value: float | None, most: int) -> float | None:
    return value if value is not None and math.isfinite(value) and abs(value) <= most else None


def _refold(shipments: Sequence[Shipment]) -> int:
    """Reads locked shipments anew from all their scans; returns how many changed their status."""
    if not shipments:
        return 0
    standings = _standings(shipments)
    groups: dict[str, list[Shipment]] = {}
    for shipment in shipments:
        status = standings[shipment.pk].status
        if status not in ("", shipment.status) and shipment.status in _TRACKED:
            groups.setdefault(TRIGGERS[status], []).append(shipment)
    for trigger, group in sorted(groups.items()):
        transitions.apply_many(
            group,
            trigger,
            at_for=lambda s: _moment(standings[s.pk]),
            event_for=lambda s: _event(s, standings[s.pk]),
        )
    moved = {shipment.pk for group in groups.values() for shipment in group}
    emitting.emit_many([_scanned(s, standings[s.pk]) for s in shipments if s.pk not in moved])
    now = clock.real_now()
    bulk.update_rows(
        Shipment,
        [
            {
                "id": shipment.pk,
                "last_scan_at": standings[shipment.pk].last_scan_at,
                "delivered_at": standings[shipment.pk].delivered_at,
                "polled_at": now,
            }
            for shipment in shipments
        ],
    )
    return len(moved)


def _standings(shipments: Sequence[Shipment]) -> dict[int, Standing]:
    seen: dict[int, list[Seen]] = {shipment.pk: [] for shipment in shipments}
    rows = TrackingEvent.objects.filter(shipment__in=list(seen)).values_list(
        "shipment_id", "event_key", "status", "occurred_at", "city", "region", "country"
    )
    for shipment_id, key, status, at, city, region, country in rows:
        if shipment_id is not None:
            seen[shipment_id].append(Seen(key, status, at, city, region, country))
    return {pk: fold(scans) for pk, scans in seen.items()}


def _moment(standing: Standing) -> Any:
    assert standing.at is not None, "a standing with a status has a time"
    return standing.at


def _scanned(shipment: Shipment, standing: Standing) -> ShipmentScanned:
    at = standing.last_scan_at or clock.now()
    return ShipmentScanned(**{**about(shipment), "occurred_at": at})


def _event(shipment: Shipment, standing: Standing) -> Event:
    common = {**about(shipment), "occurred_at": _moment(standing)}
    if standing.status == "delivered":
        return ShipmentDelivered(**common, city=standing.city, region=standing.region)
    if standing.status == "lost":
        return ShipmentLost(**common)
    if standing.status == "returned_to_sender":
        return ShipmentReturned(**common)
    return ShipmentMoved(
        **common,
        status=standing.status,
        city=standing.city,
        region=standing.region,
        country=standing.country,
    )
