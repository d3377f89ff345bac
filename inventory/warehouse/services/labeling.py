"""Puts bought labels on their parcels; the same label twice is one label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inventory.warehouse.events import WorkLabeled
from inventory.warehouse.models import Parcel, WorkOrder
from inventory.warehouse.types import LabelForParcel
from oms.core import bulk, transitions
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting


@needs_transaction
def attach(*, labels: Sequence[LabelForParcel]) -> int:
    """This function will give packed parcels their tracking numbers and mark their work labeled.

    Parcels that are unknown, cancelled or gone are passed over: their label is the carrier group's
    affair. A new label on a labeled parcel replaces the old number.

    :returns: how many work orders became labeled.
    """
    by_ref = {label.parcel_ref: label for label in labels}
    parcels = list(
        Parcel.objects.select_for_update(of=("self", "work_order"))
        .select_related("work_order")
        .filter(
            public_id__in=set(by_ref),
            work_order__status__in=[WorkOrder.Status.PACKED, WorkOrder.Status.LABELED],
        )
        .order_by("work_order_id")
    )
    bulk.update_rows(
        Parcel,
        [
            {"id": parcel.pk, "tracking_number": by_ref[parcel.public_id].tracking_number}
            for parcel in parcels
        ],
    )
    of_work = {parcel.work_order_id: by_ref[parcel.public_id] for parcel in parcels}
    works = [parcel.work_order for parcel in parcels]
    for follower in _followers(works):
        of_work[follower.pk] = of_work[follower.merged_into_id]
        works.append(follower)
    packed = [work for work in works if work.status == WorkOrder.Status.PACKED]
    transitions.apply_many(packed, "attach_label", at_for=lambda work: of_work[work.pk].at)
    emitting.emit_many([_labeled(work, of_work[work.pk]) for work in packed])
    return len(packed)


def _followers(works: Sequence[WorkOrder]) -> list[Any]:
    """What lies in the same cartons; no statement where nothing is merged."""
    leads = [work.pk for work in works if work.merged_count]
    if not leads:
        return []
    rows = WorkOrder.objects.select_for_update().filter(merged_into__in=leads)
    return list(rows.order_by("pk"))


def _labeled(work: WorkOrder, label: LabelForParcel) -> WorkLabeled:
    return WorkLabeled(
        organization_id=work.organization_id,
        work_ref=work.public_id,
        demand_kind=work.demand_kind,
        demand_ref=work.demand_ref,
        order_ref=work.correlation_id,
        node_id=work.node_id,
        occurred_at=label.at,
        tracking_number=label.tracking_number,
    )
