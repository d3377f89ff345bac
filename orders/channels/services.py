"""Writes of channels."""

from __future__ import annotations

from oms.core import clock
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting
from orders.channels.events import LevelRanked
from orders.channels.models import Channel, ServiceLevel


@use_case
def ensure(
    *,
    organization_id: int,
    code: str,
    name: str,
    kind: str,
    brand: str = "",
    default_tier: str = "standard",
    needs_street: bool = True,
) -> int:
    """This function will return the channel's id, creating it when the code is new."""
    channel, _ = Channel.objects.get_or_create(
        organization_id=organization_id,
        code=code,
        defaults={
            "name": name,
            "kind": kind,
            "brand": brand,
            "default_tier": default_tier,
            "needs_street": needs_street,
        },
    )
    return channel.pk


@needs_transaction
def tell_ranked(*, level: ServiceLevel) -> None:
    """This function will tell that a level has another rank now: its open orders follow."""
    emitting.emit(
        LevelRanked(
            organization_id=level.organization_id,
            level=level.code,
            rank=level.rank,
            occurred_at=clock.now(),
        )
    )
