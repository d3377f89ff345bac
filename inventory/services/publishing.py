"""Tells each channel what it may sell: never more than is free, numbered in the order of commits.

A channel is known once its feed was opened. One lock for an organization's feeds: what one telling
reads is newer than all that was told before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from django.db import connection

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantOwner
from inventory.events import AvailabilityChanged
from inventory.selectors import availability
from inventory.services import _publishing_sql
from oms.core import clock
from oms.core.errors import Invalid
from oms.core.locks import LockSpace, hold
from oms.core.transactions import needs_transaction, unit
from oms.infra.outbox.services import emitting

#: Variants in one statement, and in one transaction when a feed is opened.
_BATCH = 2_000
_MAX_CHANNEL = 40
#: The most a database column of this kind can say; to say less than there is does no harm.
_MAX_QUANTITY = 2_147_483_647


class InvalidChannel(Invalid):
    code = "inventory.invalid_channel"


class _Told(NamedTuple):
    channel: str
    variant_id: int
    quantity: int
    sequence: int


@needs_transaction
def refresh(*, variant_ids: Collection[int]) -> int:
    """This function will work out anew what the channels of the variants' owners may be told, and
    write and tell what changed: one event per variant and channel, whatever led to it.

    Statements grow with owners and channels, not with variants (up to a batch).

    :returns: how many numbers changed.
    """
    wanted = sorted(set(variant_ids) | catalog.kits_with(component_ids=variant_ids))
    parts = (wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH))
    return sum(_refresh(part) for part in parts)


def _refresh(variant_ids: Sequence[int]) -> int:
    owned: dict[int, list[VariantOwner]] = defaultdict(list)
    for variant in catalog.list_owners(variant_ids=variant_ids):
        owned[variant.organization_id].append(variant)
    changed = 0
    for organization_id, variants in sorted(owned.items()):
        hold(LockSpace.AVAILABILITY_FEED, organization_id)
        told = _publish(organization_id, _channels(organization_id), variants)
        _tell(organization_id, variants, told)
        changed += len(told)
    return changed


def open_feed(
    *, organization_id: int, channel: str, advance: Callable[[int], None] = lambda _: None
) -> int:
    """This function will make a channel known and write its first full picture, or bring it up to
    date; in bounded batches, each in a transaction of its own, so that it may be repeated.

    No event is told for it: whoever opens a feed reads it from the start. `advance` hears how many
    variants each batch had.

    :returns: how many numbers were written.
    :raises InvalidChannel: no channel can have this name.
    """
    if not 0 < len(channel) <= _MAX_CHANNEL or not channel.isprintable():
        raise InvalidChannel(f"A channel has 1 to {_MAX_CHANNEL} visible characters.")
    written, after = 0, 0
    while batch := catalog.list_owned(organization_id=organization_id, after=after, limit=_BATCH):
        after = batch[-1].id
        with unit():
            hold(LockSpace.AVAILABILITY_FEED, organization_id)
            written += len(_publish(organization_id, [channel], batch))
        advance(len(batch))
    return written


def _channels(organization_id: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_publishing_sql.CHANNELS, {"organization": organization_id})
        return [row[0] for row in cursor.fetchall()]


def _publish(
    organization_id: int, channels: Sequence[str], variants: Sequence[VariantOwner]
) -> list[_Told]:
    if not channels:
        return []
    sellable = _sellable(organization_id, channels, [v.id for v in variants if v.is_active])
    rows = [(c, v.id, sellable.get((c, v.id), 0)) for c in channels for v in variants]
    parameters: dict[str, Any] = {
        "organization": organization_id,
        "channels": [row[0] for row in rows],
        "variants": [row[1] for row in rows],
        "quantities": [row[2] for row in rows],
        "now": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_publishing_sql.PUBLISH, parameters)
        return [_Told._make(row) for row in cursor.fetchall()]


def _sellable(
    organization_id: int, channels: Sequence[str], variant_ids: Sequence[int]
) -> dict[tuple[str, int], int]:
    """What each channel may sell: the sum of what is free at each node, each at least nothing."""
    sellable = {}
    for channel in channels:
        grid = availability.grid_for(
            organization_id=organization_id, variant_ids=variant_ids, channel=channel
        )
        for variant_id, units in grid.totals().items():
            sellable[channel, variant_id] = min(units, _MAX_QUANTITY)
    return sellable


def _tell(organization_id: int, variants: Sequence[VariantOwner], told: Sequence[_Told]) -> None:
    skus = {variant.id: variant.sku for variant in variants}
    now = clock.now()
    emitting.emit_many(
        [
            AvailabilityChanged(
                organization_id=organization_id,
                channel=item.channel,
                variant_id=item.variant_id,
                sku=skus[item.variant_id],
                quantity=item.quantity,
                sequence=item.sequence,
                occurred_at=now,
            )
            for item in sorted(told)
        ]
    )
