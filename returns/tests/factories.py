"""Orders that were delivered, by the services that deliver them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from inventory.nodes import selectors as nodes
from inventory.selectors import stock
from oms.core.transactions import unit
from orders.selectors import orders
from orders.services import fulfillment, release
from orders.tests.factories import NOW, World, a_draft, a_world

DELIVERED_AT = NOW + timedelta(days=2)


@dataclass(frozen=True, slots=True)
class DeliveredOrder:
    """An order of 3 A (line 1) and 1 B (line 2) that came from `reno`."""

    world: World
    public_id: str

    @property
    def organization_id(self) -> int:
        return self.world.organization_id

    def counts(self) -> dict[int, tuple[int, int]]:
        """This function will return (delivered, returned) by position."""
        order = orders.get_for(organization_id=self.organization_id, public_id=self.public_id)
        return {line.position: (line.delivered, line.returned) for line in order.lines.all()}

    def stock(self, node: str, sku: str) -> tuple[int, int]:
        """This function will return (on hand, quarantined) of a variant at a node."""
        position = stock.list_positions(
            node_ids=[self.world.node_ids[node]], variant_ids=[self.world.variant_ids[sku]]
        ).get()
        return position.on_hand, position.quarantined

    def stop_returns(self, node: str) -> None:
        """This function will make a node take no more returns."""
        found = nodes.list_nodes(codes=[node]).get()
        found.takes_returns = False
        found.save(update_fields=["takes_returns"])


def a_delivered_order(
    world: World | None = None, *, reference: str = "R-1", at: datetime = DELIVERED_AT
) -> DeliveredOrder:
    """An order placed at NOW and delivered completely at `at`."""
    ordered = an_order(world, reference=reference)
    refs = _work(ordered)
    with unit():
        fulfillment.deliver(at={ref: at for ref in refs})
    return ordered


def an_order(world: World | None = None, *, reference: str = "R-1") -> DeliveredOrder:
    """The same order, shipped and not delivered."""
    world = world or a_world()
    [placed] = world.place(a_draft(reference, lines={"A": 3, "B": 1}))
    release.release_orders(at={placed.public_id: NOW})
    ordered = DeliveredOrder(world, placed.public_id)
    refs = _work(ordered)
    with unit():
        fulfillment.start(at={ref: NOW for ref in refs})
        fulfillment.pack(
            cartons={ref: fulfillment.Carton(f"pcl_{ref}", 500, 200, 150, 80, NOW) for ref in refs}
        )
        fulfillment.ship(at={ref: NOW for ref in refs})
    return ordered


def _work(ordered: DeliveredOrder) -> list[str]:
    order = orders.get_for(organization_id=ordered.organization_id, public_id=ordered.public_id)
    return [work.public_id for work in order.fulfillment_orders.all()]
