"""How each carrier account does; a constant number of statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, Subquery

from carriers.models import (
    Carrier,
    CarrierAccount,
    LabelIntent,
    ShipmentStatusChange,
    TrackingEvent,
    WebhookCall,
)
from carriers.types import CarrierHealth
from oms.core import clock

_OPEN = (LabelIntent.State.DUE, LabelIntent.State.CALLING, LabelIntent.State.IN_DOUBT)


def get_health() -> list[CarrierHealth]:
    """This function will return the health of every active account, by carrier and name.

    Label failures are those of the last hour that nobody has retried yet.
    """
    failures = _failures_by_account()
    labels = _labels_by_account()
    carriers = _carriers()
    accounts = (
        CarrierAccount.objects.filter(is_active=True)
        .select_related("carrier")
        .order_by("carrier__code", "name", "pk")
    )
    return [
        _health(account, failures, labels.get(account.pk, {}), carriers[account.carrier_id])
        for account in accounts
    ]


def _failures_by_account() -> dict[int, int]:
    rows = (
        ShipmentStatusChange.objects.filter(
            subject__status="label_failed",
            to_status="label_failed",
            at__gte=clock.now() - timedelta(hours=1),
        )
        .values_list("subject__account_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def _labels_by_account() -> dict[int, dict[str, Any]]:
    rows = (
        LabelIntent.objects.filter(state__in=_OPEN)
        .values("shipment__account_id")
        .annotate(
            in_doubt=Count("id", filter=Q(state=LabelIntent.State.IN_DOUBT)),
            waiting=Count("id", filter=~Q(state=LabelIntent.State.IN_DOUBT)),
            oldest=Min("available_at"),
        )
    )
    return {row["shipment__account_id"]: dict(row) for row in rows}


def _carriers() -> dict[int, dict[str, Any]]:
    last = TrackingEvent.objects.filter(carrier=OuterRef("pk")).order_by("-id")
    rows = Carrier.objects.values("pk").annotate(last=Subquery(last.values("received_at")[:1]))
    unmatched = _counts(TrackingEvent.objects.filter(shipment=None))
    backlog = _counts(WebhookCall.objects.filter(processed_at=None))
    return {
        row["pk"]: {
            "last": row["last"],
            "unmatched": unmatched.get(row["pk"], 0),
            "backlog": backlog.get(row["pk"], 0),
        }
        for row in rows
    }


def _counts(rows: Any) -> dict[int, int]:
    return dict(rows.values_list("carrier_id").annotate(count=Count("id")))


def _health(
    account: CarrierAccount,
    failures: Mapping[int, int],
    labels: Mapping[str, Any],
    carrier: Mapping[str, Any],
) -> CarrierHealth:
    return CarrierHealth(
        account_ref=account.public_id,
        account_name=account.name,
        carrier_code=account.carrier.code,
        is_sandbox=account.is_sandbox,
        label_failures=failures.get(account.pk, 0),
        labels_in_doubt=labels.get("in_doubt", 0),
        labels_waiting=labels.get("waiting", 0),
        oldest_label_s=_age_s(labels.get("oldest")),
        last_scan_s=_age_s(carrier["last"]),
        unmatched_scans=carrier["unmatched"],
        webhook_backlog=carrier["backlog"],
    )


def _age_s(at: datetime | None) -> float | None:
    return None if at is None else max(0.0, (clock.real_now() - at).total_seconds())
