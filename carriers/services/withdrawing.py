"""Takes parcels back before they leave: a bought label is given back, one that nobody asked the
carrier for yet is never bought, and one that is on its way is waited for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from carriers.models import LabelIntent, Shipment
from oms.core import clock, transitions
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction

Status = Shipment.Status

_NO_LABEL = (Status.PLANNED, Status.LABEL_FAILED, Status.VOIDED)


class LabelUnderway(Conflict):
    """The carrier is being asked for the label in this moment; it can be given back afterwards."""

    code = "carriers.label_underway"
    is_retryable = True


class ParcelGone(Conflict):
    """The parcel is on a manifest, or the carrier has it."""

    code = "carriers.parcel_gone"


@needs_transaction
def withdraw(*, demand_refs: Collection[str], reason: str, demand_kind: str) -> int:
    """This function will make sure that no parcel of the demands can leave: all of them, or none.

    Ours first: the carrier is told of labels given back afterwards. What is withdrawn already
    stays so.

    :returns: how many parcels it took back.
    :raises LabelUnderway: a label is being bought, or nobody knows yet whether it was.
    :raises ParcelGone: one is tendered or on its way.
    """
    shipments = list(
        Shipment.objects.select_for_update()
        .filter(demand_kind=demand_kind, demand_ref__in=set(demand_refs))
        .exclude(status__in=_NO_LABEL)
        .order_by("pk")
    )
    _require_here(shipments)
    asked = [s for s in shipments if s.status == Status.LABEL_REQUESTED]
    bought = [s for s in shipments if s.status == Status.LABELED]
    _withdraw_intents(asked)
    transitions.apply_many(asked, "fail_label", reason=reason)
    transitions.apply_many(bought, "void", reason=reason)
    Shipment.objects.filter(pk__in=[s.pk for s in bought]).update(notice_due_at=clock.real_now())
    return len(shipments)


def _require_here(shipments: Sequence[Shipment]) -> None:
    for shipment in shipments:
        if shipment.status == Status.LABEL_IN_DOUBT:
            raise LabelUnderway("Nobody knows yet whether its label was bought; try again soon.")
        if shipment.status not in (Status.LABEL_REQUESTED, Status.LABELED):
            raise ParcelGone(
                f"The parcel is {shipment.get_status_display()}.", data={"state": shipment.status}
            )


def _withdraw_intents(shipments: Sequence[Shipment]) -> None:
    """Who calls the carrier has claimed the intent before: its row says so."""
    rows = LabelIntent.objects.select_for_update().filter(
        shipment__in=shipments, state__in=["due", "calling", "in_doubt"]
    )
    intents = list(rows.order_by("pk"))
    if any(intent.state != LabelIntent.State.DUE for intent in intents):
        raise LabelUnderway("Its label is being bought in this moment; try again soon.")
    LabelIntent.objects.filter(pk__in=[intent.pk for intent in intents]).update(
        state=LabelIntent.State.REFUSED, error_code="carriers.withdrawn"
    )
