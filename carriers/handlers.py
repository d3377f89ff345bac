"""Wakes the workers as soon as there is something to do; what is lost on the way a sweep finds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.db import transaction

from carriers import tasks
from carriers.events import LabelRequested, ShipmentHandedOver
from oms.core.waking import wake
from oms.infra.outbox.subscriptions import Delivered, subscribe


@subscribe(LabelRequested, consumer="carriers.labels")
def on_label_requested(facts: Sequence[Delivered[LabelRequested]]) -> None:
    transaction.on_commit(partial(wake, tasks.buy_labels))


@subscribe(ShipmentHandedOver, consumer="carriers.hand_over")
def on_handed_over(facts: Sequence[Delivered[ShipmentHandedOver]]) -> None:
    transaction.on_commit(partial(wake, tasks.announce_hand_over))
