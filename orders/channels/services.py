"""Writes of channels."""

from __future__ import annotations

from oms.core.transactions import use_case
from orders.channels.models import Channel


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
