"""Tells carriers which parcels they received and which labels they get back.

The row that asks for it stands before the call; telling twice harms nobody, so it is told until the
carrier has heard it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from carriers.adapters.base import MANIFEST_BATCH, CarrierAdapter, CarrierRejected
from carriers.models import Shipment
from carriers.services.connections import adapter_for, load_accounts, require_no_transaction
from oms.core import clock
from oms.core.errors import OmsError
from oms.core.transactions import use_case

logger = logging.getLogger(__name__)

#: Until somebody else may try.
LEASE: Final = timedelta(seconds=60)
#: Calls to one carrier that are under way at the same time.
OVERLAP: Final = 8

_CLAIM = """
UPDATE carriers_shipment SET notice_due_at = %(lease)s
WHERE id IN (
    SELECT id FROM carriers_shipment
    WHERE notice_due_at IS NOT NULL AND notice_due_at <= %(now)s
      AND (%(refs)s::text[] IS NULL OR public_id = ANY(%(refs)s::text[]))
    ORDER BY notice_due_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id, account_id, tracking_number, status = 'voided', handed_over_at
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell: a label given back, or parcels that left at `at`."""

    adapter: CarrierAdapter
    numbers: tuple[str, ...]
    keys: tuple[int, ...]
    at: datetime | None


def tell_due(*, limit: int, shipment_refs: Sequence[str] | None = None) -> int:
    """This function will tell carriers of hand-overs and returned labels that they do not know of.

    :returns: how many shipments were told; others are tried again.
    :raises CalledInsideTransaction: a transaction is open.
    """
    require_no_transaction()
    rows, lease = _claim(limit, None if shipment_refs is None else list(shipment_refs))
    notices = _notices(rows)
    if not notices:
        return 0
    with ThreadPoolExecutor(max_workers=min(OVERLAP, len(notices))) as threads:
        heard = list(threads.map(_tell, notices))
    told = [pk for notice, ok in zip(notices, heard, strict=True) if ok for pk in notice.keys]
    return _forget(told, lease)


Row = tuple[int, int, str, bool, datetime | None]


@use_case
def _claim(limit: int, refs: list[str] | None) -> tuple[list[Row], datetime]:
    now = clock.real_now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "lease": now + LEASE, "refs": refs, "limit": limit})
        return cursor.fetchall(), now + LEASE


def _notices(rows: Sequence[Row]) -> list[Notice]:
    adapters = _adapters({row[1] for row in rows})
    groups: dict[tuple[int, datetime | None, int], list[Row]] = {}
    for row in rows:
        pk, account_id, _, is_void, left_at = row
        if account_id in adapters:
            # Labels go back one by one, parcels leave together.
            key = (account_id, None, pk) if is_void else (account_id, left_at, 0)
            groups.setdefault(key, []).append(row)
    return [
        Notice(
            adapter=adapters[account_id],
            numbers=tuple(row[2] for row in part),
            keys=tuple(row[0] for row in part),
            at=at,
        )
        for (account_id, at, _), group in groups.items()
        for part in (
            group[start : start + MANIFEST_BATCH] for start in range(0, len(group), MANIFEST_BATCH)
        )
    ]


def _adapters(account_ids: set[int]) -> dict[int, CarrierAdapter]:
    found = {}
    for pk, account in load_accounts(account_ids).items():
        try:
            found[pk] = adapter_for(account)
        except OmsError as error:
            logger.warning("account %s cannot be told: %s", account.public_id, error.code)
    return found


def _tell(notice: Notice) -> bool:
    """True when there is nothing left to tell, be it that the carrier will never listen."""
    try:
        if notice.at is None:
            return _give_back(notice)
        return _hand_over(notice, notice.at)
    except CarrierRejected as error:
        logger.error("carrier %s declines a notice: %s", notice.adapter.code, error.carrier_code)
        return True
    except OmsError as error:
        logger.warning("carrier %s was not told: %s", notice.adapter.code, error.code)
        return False


def _give_back(notice: Notice) -> bool:
    if notice.adapter.capabilities.can_void:
        notice.adapter.void(notice.numbers[0])
    return True


def _hand_over(notice: Notice, at: datetime) -> bool:
    if notice.adapter.capabilities.can_hand_over:
        result = notice.adapter.hand_over(notice.numbers, at=at)
        if result.refused:
            logger.error(
                "carrier %s does not know %d parcels", notice.adapter.code, len(result.refused)
            )
    return True


@use_case
def _forget(told: Sequence[int], lease: datetime) -> int:
    # The lease proves that nothing new is to be told since the claim.
    return Shipment.objects.filter(pk__in=told, notice_due_at=lease).update(notice_due_at=None)
