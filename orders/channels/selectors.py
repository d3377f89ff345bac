"""Reads of channels."""

from __future__ import annotations

from collections.abc import Collection

from oms.core.errors import FieldError, Invalid
from orders.channels.models import Channel
from orders.channels.types import ChannelFacts


class UnknownChannel(Invalid):
    """An order names where it comes from; there is no such place."""

    title = "Unknown channel"
    code = "channels.unknown"


def codes_by_id(*, channel_ids: Collection[int]) -> dict[int, str]:
    """This function will return the codes of channels by primary key, inactive ones too."""
    return dict(Channel.objects.filter(pk__in=set(channel_ids)).values_list("pk", "code"))


def get_facts(*, organization_id: int, code: str) -> ChannelFacts:
    """This function will return an active channel of the organization.

    :raises UnknownChannel: there is none with this code.
    """
    channel = Channel.objects.filter(
        organization_id=organization_id, code=code, is_active=True
    ).first()
    if channel is None:
        detail = f"There is no active channel {code!r}."
        raise UnknownChannel(detail, errors=[FieldError("/channel", "unknown_channel", detail)])
    return ChannelFacts(
        id=channel.pk,
        organization_id=channel.organization_id,
        code=channel.code,
        brand=channel.brand or channel.name,
        default_tier=channel.default_tier,
        needs_street=channel.needs_street,
    )
