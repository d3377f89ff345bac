"""Feeds as partners and staff read them."""

from __future__ import annotations

from django.db.models import Case, Count, F, Min, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

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


def list_open_drifts(*, report: DriftReport) -> QuerySet[Drift]:
    """This function will return a report's open differences, the largest first."""
    return list_drifts(report=report).filter(OPEN)


def list_drifts(*, report: DriftReport) -> QuerySet[Drift]:
    """This function will return a report's differences with their places, the largest first."""
    found = Drift.objects.filter(report=report).annotate(
        size=Case(
            When(ours__gt=F("theirs"), then=F("ours") - F("theirs")),
            default=F("theirs") - F("ours"),
        )
    )
    return found.select_related("position__node", "position__variant", "last_movement").order_by(
        "-size", "pk"
    )


def list_reports(*, source: SyncSource) -> QuerySet[DriftReport]:
    """This function will return a feed's reports with their messages, newest first."""
    return DriftReport.objects.filter(source=source).select_related("message").order_by("-pk")
