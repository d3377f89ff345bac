"""Reads of channels and of the service levels of an organization."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db.models import OuterRef, Subquery

from oms.core.errors import FieldError, Invalid
from orders.channels.models import Channel, ServiceLevel
from orders.channels.types import ChannelFacts, ChannelRules
from orders.tiers import BUILT_IN, Level


class UnknownChannel(Invalid):
    """An order names where it comes from; there is no such place."""

    title = "Unknown channel"
    code = "channels.unknown"


def rules_by_id(*, channel_ids: Collection[int]) -> dict[int, ChannelRules]:
    """This function will return what routing needs of channels, by primary key, inactive ones
    too."""
    rows = Channel.objects.filter(pk__in=set(channel_ids)).values_list("pk", "code", "carriers")
    return {pk: ChannelRules(code, tuple(carriers)) for pk, code, carriers in rows}


def levels_of(*, organization_id: int, with_retired: bool = False) -> dict[str, Level]:
    """This function will return the levels of an organization by code: the built-in ones, then
    its own, the most urgent first. One statement."""
    found = levels_by_organization(organization_ids=[organization_id], with_retired=with_retired)
    return found[organization_id]


def levels_by_organization(
    *, organization_ids: Collection[int], with_retired: bool = True
) -> dict[int, dict[str, Level]]:
    """This function will return the same for many; orders keep a level that was switched off."""
    rows = ServiceLevel.objects.filter(organization_id__in=set(organization_ids))
    if not with_retired:
        rows = rows.filter(is_active=True)
    own: dict[int, dict[str, Level]] = defaultdict(dict)
    for row in rows.order_by("-rank", "code"):
        own[row.organization_id][row.code] = Level(row.code, row.name, row.rank, row.deadline_days)
    return {key: {**BUILT_IN, **own[key]} for key in organization_ids}


def get_facts(*, organization_id: int, code: str) -> ChannelFacts:
    """This function will return an active channel of the organization, in two statements.

    :raises UnknownChannel: there is none with this code.
    """
    facts = find_facts(codes={(organization_id, code)}).get((organization_id, code))
    if facts is None:
        detail = f"There is no active channel {code!r}."
        raise UnknownChannel(detail, errors=[FieldError("/channel", "unknown_channel", detail)])
    return facts


def find_facts(*, codes: Collection[tuple[int, str]]) -> dict[tuple[int, str], ChannelFacts]:
    """This function will return the active channels by organization and code, in two
    statements."""
    if not codes:
        return {}
    organizations = {organization_id for organization_id, _ in codes}
    rows = Channel.objects.filter(
        organization_id__in=organizations, code__in={code for _, code in codes}, is_active=True
    )
    levels = levels_by_organization(organization_ids=organizations, with_retired=False)
    return {
        (row.organization_id, row.code): _facts_of(row, levels[row.organization_id])
        for row in rows
        if (row.organization_id, row.code) in codes
    }


def facts_by_id(*, channel_ids: Collection[int]) -> dict[int, ChannelFacts]:
    """This function will return channels by primary key, inactive ones too, with levels that were
    switched off: stored orders keep both. Two statements."""
    found = list(Channel.objects.filter(pk__in=set(channel_ids)))
    levels = levels_by_organization(organization_ids={c.organization_id for c in found})
    return {channel.pk: _facts_of(channel, levels[channel.organization_id]) for channel in found}


def _facts_of(channel: Channel, levels: Mapping[str, Level]) -> ChannelFacts:
    return ChannelFacts(
        id=channel.pk,
        organization_id=channel.organization_id,
        code=channel.code,
        brand=channel.brand or channel.name,
        default_tier=channel.default_tier,
        needs_street=channel.needs_street,
        auto_approve=channel.auto_approve,
        tiers=tuple(channel.tiers),
        carriers=tuple(channel.carriers),
        requires_payment=channel.requires_payment,
        approval_above_amount=channel.approval_above_amount,
        levels=levels,
    )


def offered_tiers(*, organization_id: int, channel_id: int) -> tuple[str, ...]:
    """This function will return the codes of the levels that orders of a channel may ask for."""
    offered = Channel.objects.values_list("tiers", flat=True).get(pk=channel_id)
    levels = levels_of(organization_id=organization_id)
    return tuple(code for code in levels if not offered or code in offered)


def needs_street(*, channel_id: int) -> bool:
    """This function will tell whether addresses of a channel need their street."""
    return Channel.objects.values_list("needs_street", flat=True).get(pk=channel_id)


def list_active() -> list[tuple[int, str, str]]:
    """This function will return (organization, code, name) of the active channels, by name."""
    rows = Channel.objects.filter(is_active=True).order_by("name", "pk")
    return list(rows.values_list("organization_id", "code", "name"))


def active_choices() -> list[tuple[str, str]]:
    """This function will return (key, name) of the active channels of all organizations; the key
    is what `facts_of_key` takes."""
    rows = Channel.objects.filter(is_active=True).select_related("organization")
    return [
        (f"{row.organization_id}:{row.code}", f"{row.name} · {row.organization.name}")
        for row in rows.order_by("organization_id", "name")
    ]


def facts_of_key(key: str) -> ChannelFacts:
    """This function will return the channel that a choice stands for.

    :raises UnknownChannel: there is none, or it is not active any more.
    """
    organization_id, _, code = key.partition(":")
    return get_facts(organization_id=int(organization_id), code=code)


def level_choices() -> list[tuple[str, str]]:
    """This function will return (code, name) of the levels of all organizations."""
    own = ServiceLevel.objects.filter(is_active=True).order_by("code").values_list("code", "name")
    return [(level.code, str(level.name)) for level in BUILT_IN.values()] + list(dict(own).items())


def own_level_name(*, organization: str, code: str) -> Subquery:
    """This function will return, as part of a query, the name of a level that the row's
    organization made itself; NULL for a built-in one. It takes the names of the row's columns."""
    found = ServiceLevel.objects.filter(organization_id=OuterRef(organization), code=OuterRef(code))
    return Subquery(found.values("name")[:1])
