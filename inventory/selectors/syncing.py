"""Feeds as partners and staff read them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Abs, Coalesce

from inventory.models.syncing import (
    Drift,
    DriftReport,
    PublishedAvailability,
    SyncMessage,
    SyncSource,
)
from inventory.types import FeedItem
from oms.core.errors import NotFound

OPEN = Q(accepted_at=None, superseded_at=None)


class UnknownFeed(NotFound):
    """No feed was opened for the channel."""

    code = "inventory.unknown_feed"
    title = "There is no feed for this channel"


def list_feed(*, organization_id: int, channel: str, since: int, limit: int) -> list[FeedItem]:
    """This function will return what changed for a channel after telling `since`, oldest first.

    Each variant stands once, at its latest telling; one that changes while a reader pages moves to
    the end, so that none is missed.

    :raises UnknownFeed: the channel was not opened.
    """
    told = PublishedAvailability.objects.filter(organization_id=organization_id, channel=channel)
    rows = told.filter(sequence__gt=since).order_by("sequence")
    items = [
        FeedItem(*row) for row in rows.values_list("variant__sku", "quantity", "sequence")[:limit]
    ]
    if not items and not told.exists():
        raise UnknownFeed
    return items


def find_source(*, organization_id: int, code: str) -> SyncSource | None:
    """This function will return an organization's feed by its code, or None."""
    return SyncSource.objects.filter(organization_id=organization_id, code=code).first()


def list_sources() -> QuerySet[SyncSource]:
    """This function will return feeds by code; each carries how many messages wait, and the first
    number of those: what is missing lies before it."""
    # By the index of waiting messages only: a feed may have millions that are applied.
    waiting = SyncMessage.objects.filter(source=OuterRef("pk"), applied_at=None)
    by_source = waiting.order_by().values("source")
    return (
        SyncSource.objects.select_related("organization")
        .annotate(
            waiting=Coalesce(Subquery(by_source.annotate(n=Count("pk")).values("n")), 0),
            first_waiting=Subquery(by_source.annotate(n=Min("sequence")).values("n")),
        )
        .order_by("code", "pk")
    )


def list_reports(*, source: SyncSource) -> QuerySet[DriftReport]:
    """This function will return a feed's reports with their messages, newest first."""
    return DriftReport.objects.filter(source=source).select_related("message").order_by("-pk")


def list_all_reports(*, node_codes: Collection[str] | None) -> QuerySet[DriftReport]:
    """This function will return reports with feed and message, newest first; each carries how many
    of its differences are open. `node_codes` keeps those that differ at one of the nodes."""
    seen = Drift.objects.filter(_at(node_codes), report=OuterRef("pk"))
    undecided = seen.filter(OPEN).order_by().values("report").annotate(n=Count("pk")).values("n")
    reports = DriftReport.objects.select_related("source", "message").annotate(
        open=Coalesce(Subquery(undecided), 0)
    )
    if node_codes is not None:
        reports = reports.filter(Exists(seen))
    return reports.order_by("-pk")


def list_drifts(
    *, report: DriftReport, node_codes: Collection[str] | None = None
) -> QuerySet[Drift]:
    """This function will return a report's differences with their places, the largest first."""
    found = Drift.objects.filter(_at(node_codes), report=report)
    return (
        found.annotate(size=Abs(F("ours") - F("theirs")))
        .select_related("position__node", "position__variant", "last_movement")
        .order_by("-size", "pk")
    )


def list_open_drifts(
    *, report: DriftReport, node_codes: Collection[str] | None = None
) -> QuerySet[Drift]:
    """This function will return those of them that a person may still decide."""
    return list_drifts(report=report, node_codes=node_codes).filter(OPEN)


def _at(node_codes: Collection[str] | None) -> Q:
    return Q() if node_codes is None else Q(position__node__code__in=node_codes)
