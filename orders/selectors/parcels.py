"""Which open works could go in one parcel. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import Lag, Lead

from oms.core.errors import NotFound
from orders.models import FulfillmentOrder, Hold

#: Works that were made within this of each other may wait for one another.
WINDOW = timedelta(minutes=30)
#: Of a longer backlog the newest are looked at.
LOOKED_AT = 5_000


class UnknownWork(NotFound):
    """There is no such work."""

    code = "orders.unknown_work"


@dataclass(frozen=True, slots=True)
class Mergeable:
    """One work of a suggestion."""

    work_id: int
    work_ref: str
    order_id: int
    order_ref: str
    number: int
    node_id: int
    node_code: str
    node_name: str
    service_code: str
    created_at: datetime
    latest_ship_at: datetime


#: What works of one parcel have in common.
_ALIKE = (
    "order__organization_id", "node_id", "service_code", "order__tier",
    "order__ship_to__address_hash", "order__ship_to__name_hashes",
)  # fmt: skip
_FIELDS = (
    "pk", "public_id", "order_id", "order__public_id", "order__number", "node_id", "node__code",
    "node__name", "service_code", "created_at", "latest_ship_at",
)  # fmt: skip


def list_mergeable(
    *, organization_id: int | None = None, node_codes: Collection[str] | None = None
) -> list[list[Mergeable]]:
    """This function will return groups of open works that may go in one parcel: same seller, node,
    service, tier, recipient and address, made within `WINDOW`, of at least two orders, none on a
    hold that stops goods. One statement; the most urgent group first."""
    works = newest_open()
    if organization_id is not None:
        works = works.filter(order__organization_id=organization_id)
    if node_codes is not None:
        works = works.filter(node__code__in=node_codes)
    beside: Any = {
        "partition_by": [F(name) for name in _ALIKE],
        "order_by": ["created_at", "pk"],
    }
    rows = (
        FulfillmentOrder.objects.filter(pk__in=works.values("pk")[:LOOKED_AT])
        .annotate(
            before=Window(Lag("created_at"), **beside), after=Window(Lead("created_at"), **beside)
        )
        .filter(Q(before__gte=F("created_at") - WINDOW) | Q(after__lte=F("created_at") + WINDOW))
        .order_by("created_at", "pk")
    )
    alike: dict[tuple[object, ...], list[Mergeable]] = defaultdict(list)
    for row in rows.values(*{*_FIELDS, *_ALIKE}):
        key = (*(row[name] for name in _ALIKE[:-1]), *row[_ALIKE[-1]])
        alike[key].append(Mergeable(*(row[name] for name in _FIELDS)))
    groups = [group for found in alike.values() for group in _windows(found)]
    return sorted(groups, key=lambda group: min(work.latest_ship_at for work in group))


def newest_open() -> QuerySet[FulfillmentOrder]:
    """This function will return works that go alone and that nothing stops, the newest first."""
    held = Hold.objects.filter(order=OuterRef("order"), released_at=None).filter(
        scopes__overlap=["picking", "label", "shipping"]
    )
    leads = FulfillmentOrder.objects.filter(merged_into=OuterRef("pk"))
    works = FulfillmentOrder.objects.filter(
        ~Exists(held), ~Exists(leads), status=FulfillmentOrder.Status.OPEN, merged_into=None
    )
    return works.exclude(order__ship_to__address_hash="").order_by("-created_at")


def _windows(works: Iterable[Mergeable]) -> list[list[Mergeable]]:
    """Groups that begin with their oldest work and end with the window."""
    groups: list[list[Mergeable]] = []
    for work in works:
        if not groups or work.created_at > groups[-1][0].created_at + WINDOW:
            groups.append([])
        groups[-1].append(work)
    return [group for group in groups if len({work.order_id for work in group}) > 1]


def require_owned(*, organization_id: int, work_refs: Collection[str]) -> None:
    """This function will refuse works that are not the organization's.

    :raises UnknownWork: names one.
    """
    rows = FulfillmentOrder.objects.filter(
        order__organization_id=organization_id, public_id__in=set(work_refs)
    )
    if missing := set(work_refs) - set(rows.values_list("public_id", flat=True)):
        raise UnknownWork(f"There is no work {min(missing)}.")
