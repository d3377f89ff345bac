"""Scans come in: pushed by webhooks, or asked for when a parcel was silent too long.

A parcel is claimed before its carrier is asked; asking twice harms nobody, so a caller that dies is
simply followed by another.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from carriers.adapters.base import TRACK_BATCH, CarrierAdapter, TrackingScan
from carriers.models import Carrier, CarrierAccount, Shipment
from carriers.services.connections import adapter_for, require_no_transaction
from carriers.services.scans import apply_scans, match_waiting
from carriers.types import IngestResult
from oms.core import clock
from oms.core.errors import NotFound, OmsError
from oms.core.transactions import use_case

logger = logging.getLogger(__name__)

Adapters = Mapping[int, tuple[CarrierAccount, CarrierAdapter]]

#: How long a parcel may be silent: a carrier with webhooks speaks by itself.
QUIET_WITH_WEBHOOKS: Final = timedelta(seconds=60)
QUIET_WITHOUT: Final = timedelta(seconds=15)
#: Calls to one carrier that are under way at the same time.
OVERLAP: Final = 8

_MOVING = ", ".join(f"'{status}'" for status in Shipment.MOVING)
_CLAIM_SILENT = f"""
UPDATE carriers_shipment SET polled_at = %(now)s
WHERE id IN (
    SELECT id FROM carriers_shipment
    WHERE status IN ({_MOVING}) AND tracking_number <> ''
      AND account_id = ANY(%(accounts)s)
      AND (polled_at IS NULL OR polled_at <= CASE WHEN account_id = ANY(%(pushing)s)
           THEN %(pushed_before)s ELSE %(asked_before)s END)
    ORDER BY polled_at NULLS FIRST
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING account_id, tracking_number
"""
_CLAIM_NAMED = f"""
UPDATE carriers_shipment SET polled_at = %(now)s
WHERE id IN (
    SELECT id FROM carriers_shipment
    WHERE public_id = ANY(%(refs)s) AND status IN ({_MOVING}) AND tracking_number <> ''
    ORDER BY id
    LIMIT %(limit)s
    FOR UPDATE
)
RETURNING account_id, tracking_number
"""


class UnknownCarrier(NotFound):
    """No carrier has this code."""

    code = "carriers.unknown_carrier"


@use_case
def ingest(*, carrier_code: str, scans: Sequence[TrackingScan]) -> IngestResult:
    """This function will keep the scans that are new and move the shipments they are about.

    :raises UnknownCarrier: no carrier has this code.
    """
    carrier = Carrier.objects.filter(code=carrier_code).first()
    if carrier is None:
        raise UnknownCarrier(data={"carrier": carrier_code})
    return apply_scans(carrier_id=carrier.pk, scans=scans)


def poll_due(*, limit: int, now_only: Sequence[str] | None = None) -> int:
    """This function will ask for the scans of parcels that were silent too long, at most `limit`.

    With `now_only` it asks about exactly these shipments, however recently they were heard of.

    :returns: how many parcels were asked about.
    :raises CalledInsideTransaction: a transaction is open.
    """
    require_no_transaction()
    match_waiting(limit=limit)
    adapters = _tracking_adapters()
    claimed = (
        _claim_silent(adapters, limit=limit)
        if now_only is None
        else _claim(_CLAIM_NAMED, refs=list(now_only), now=clock.real_now(), limit=limit)
    )
    scans: dict[str, list[TrackingScan]] = {}
    for account_id, numbers in claimed.items():
        if account_id in adapters:
            account, adapter = adapters[account_id]
            scans.setdefault(account.carrier.code, []).extend(_ask(adapter, numbers))
    for carrier_code, found in sorted(scans.items()):
        ingest(carrier_code=carrier_code, scans=found)
    return sum(len(numbers) for numbers in claimed.values())


def _tracking_adapters() -> Adapters:
    accounts = CarrierAccount.objects.filter(is_active=True).select_related("carrier")
    found = {}
    for account in accounts:
        try:
            adapter = adapter_for(account)
        except OmsError as error:
            _complain(account.public_id, error)
            continue
        if adapter.capabilities.can_track:
            found[account.pk] = (account, adapter)
    return found


def _claim_silent(adapters: Adapters, *, limit: int) -> dict[int, list[str]]:
    now = clock.real_now()
    pushing = [pk for pk, (_, a) in adapters.items() if a.capabilities.has_webhooks]
    return _claim(
        _CLAIM_SILENT,
        accounts=list(adapters),
        pushing=pushing,
        pushed_before=now - QUIET_WITH_WEBHOOKS,
        asked_before=now - QUIET_WITHOUT,
        now=now,
        limit=limit,
    )


@use_case
def _claim(statement: str, **given: Any) -> dict[int, list[str]]:
    numbers: dict[int, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        for account_id, number in cursor.fetchall():
            numbers.setdefault(account_id, []).append(number)
    return numbers


def _ask(adapter: CarrierAdapter, numbers: Sequence[str]) -> list[TrackingScan]:
    """Parcels that cannot be asked about now are asked about again after their silence."""
    chunks = [numbers[i : i + TRACK_BATCH] for i in range(0, len(numbers), TRACK_BATCH)]
    with ThreadPoolExecutor(max_workers=min(OVERLAP, len(chunks))) as threads:
        found = threads.map(lambda chunk: _ask_chunk(adapter, chunk), chunks)
        return [scan for scans in found for scan in scans]


def _ask_chunk(adapter: CarrierAdapter, numbers: Sequence[str]) -> list[TrackingScan]:
    try:
        return adapter.track(numbers)
    except Exception as error:
        _complain(adapter.code, error)
        return []


def _complain(who: str, error: Exception) -> None:
    what = error.code if isinstance(error, OmsError) else type(error).__name__
    logger.warning("carrier %s was not asked for scans: %s", who, what)
