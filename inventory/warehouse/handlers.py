"""What the floor learns from the carriers."""

from __future__ import annotations

from collections.abc import Sequence

from carriers.events import LabelBought
from inventory.warehouse.services import labeling
from inventory.warehouse.types import LabelForParcel
from oms.infra.outbox.subscriptions import Delivered, subscribe


@subscribe(LabelBought, consumer="warehouse.labels")
def on_label_bought(facts: Sequence[Delivered[LabelBought]]) -> None:
    labeling.attach(
        labels=[
            LabelForParcel(
                parcel_ref=fact.event.parcel_ref,
                tracking_number=fact.event.tracking_number,
                at=fact.event.occurred_at,
            )
            for fact in facts
        ]
    )
