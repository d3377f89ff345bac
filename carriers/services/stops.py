"""Stops the purchase of labels and lets it go on; an intent that is stopped keeps its place."""

from __future__ import annotations

from collections.abc import Mapping

from carriers.models import Shipment
from oms.core import bulk
from oms.core.transactions import needs_transaction

#: In these a label may still be bought; a stop says nothing of a label that is there.
_UNBOUGHT = (
    Shipment.Status.PLANNED,
    Shipment.Status.LABEL_REQUESTED,
    Shipment.Status.LABEL_IN_DOUBT,
    Shipment.Status.LABEL_FAILED,
)


@needs_transaction
def stop_labels(*, codes: Mapping[str, str], demand_kind: str = "fulfillment_order") -> int:
    """This function will stop the labels of the demands, each with the code of what stops it; an
    empty code lets the purchase go on.

    No purchase begins after this commits; one that was under way ends as the carrier answers. What
    was to be bought stays to be bought.

    :returns: how many shipments changed.
    """
    rows = (
        Shipment.objects.select_for_update()
        .filter(demand_kind=demand_kind, demand_ref__in=list(codes), status__in=_UNBOUGHT)
        .order_by("pk")
        .values_list("pk", "demand_ref", "label_blocked_by", "version")
    )
    return bulk.update_rows(
        Shipment,
        [
            {"id": pk, "label_blocked_by": codes[ref], "version": version + 1}
            for pk, ref, before, version in rows
            if before != codes[ref]
        ],
    )
