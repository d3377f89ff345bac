"""What the boards do when something happened: fold it into the cards, then tell who watches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from carriers.events import ShipmentScanned
from oms.cockpit import hints
from oms.cockpit.dashboards import folding
from oms.cockpit.dashboards.services import cards
from oms.infra.outbox.subscriptions import Delivered, subscribe
from orders import tracking_links
from orders.selectors import orders


@subscribe(*folding.EVENTS, consumer="dashboards.cards", batch_size=500)
def on_facts(facts: Sequence[Delivered[Any]]) -> None:
    references = cards.take(facts=facts)
    watched = {_track(reference) for reference in references}
    hints.publish_on_commit({hints.BOARD, *watched})


@subscribe(ShipmentScanned, consumer="dashboards.tracking", batch_size=500)
def on_scans(facts: Sequence[Delivered[ShipmentScanned]]) -> None:
    shared = orders.sharing_order_refs(work_refs={fact.event.demand_ref for fact in facts})
    watched = {fact.event.order_ref for fact in facts} | shared
    hints.publish_on_commit({_track(reference) for reference in watched})


def _track(order_ref: str) -> str:
    return hints.track(tracking_links.hash_of(tracking_links.token_for(order_ref)))
