"""A small world for tests of inventory, made by the same services as the real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from inventory.catalog import services as catalog
from inventory.catalog.models import Variant
from inventory.catalog.types import VariantDraft
from inventory.models import StockPosition
from inventory.nodes import services as nodes
from inventory.nodes.types import NodeDraft
from inventory.services import lots, serials, stock
from inventory.types import Demand, DemandAtNode, Leg, LotDraft, SerialUnit, StockChange
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

VARIANT = VariantDraft(
    sku="TENT",
    name="Tent",
    weight_g=2_000,
    length_mm=500,
    width_mm=150,
    height_mm=150,
    price_amount=Decimal("199.00"),
    price_currency="USD",
)

NODE = NodeDraft(
    code="reno",
    name="Reno",
    kind="warehouse",
    country="US",
    region="NV",
    city="Reno",
    latitude=39.53,
    longitude=-119.81,
    timezone="America/Los_Angeles",
    cutoff_time=time(15),
)


@dataclass(frozen=True, slots=True)
class World:
    """One seller, its nodes by code and its variants by SKU."""

    organization_id: int
    nodes: Mapping[str, int]
    variants: Mapping[str, int]

    def leg(self, node: str, sku: str, quantity: int, line_ref: str = "1") -> Leg:
        return Leg(line_ref, self.variants[sku], self.nodes[node], quantity)

    def demand(self, ref: str, *legs: Leg, at: datetime | None = None) -> Demand:
        return Demand(self.organization_id, "order", ref, legs, at)

    def position(self, node: str, sku: str) -> StockPosition:
        return StockPosition.objects.get(node_id=self.nodes[node], variant_id=self.variants[sku])

    def receive(self, node: str, sku: str, quantity: int) -> None:
        with unit():
            stock.receive(changes=[self.change(node, sku, quantity)], at=NOON)

    def track(self, sku: str, how: str) -> None:
        """This method will make a variant tracked by "lot" or "serial"."""
        Variant.objects.filter(pk=self.variants[sku]).update(tracking=how)

    def lot(self, sku: str, code: str, expires_on: date | None = None, **dates: date) -> int:
        """This method will make a lot and return its key."""
        draft = LotDraft(self.variants[sku], code, expires_on=expires_on, **dates)
        with unit():
            return lots.register(drafts=[draft])[draft.variant_id, code]

    def receive_lot(self, node: str, sku: str, lot_id: int, quantity: int) -> None:
        with unit():
            change = replace(self.change(node, sku, quantity), lot_id=lot_id)
            stock.receive(changes=[change], at=NOON)

    def units(self, node: str, sku: str, *codes: str, **values: str) -> list[SerialUnit]:
        return [
            SerialUnit(
                self.nodes[node],
                self.variants[sku],
                code,
                document_kind="delivery",
                document_ref="asn_1",
                **values,
            )
            for code in codes
        ]

    def receive_units(self, node: str, sku: str, *codes: str) -> dict[str, int]:
        with unit():
            return serials.receive(serials=self.units(node, sku, *codes), at=NOON)

    def change(self, node: str, sku: str, quantity: int) -> StockChange:
        return StockChange(
            self.nodes[node], self.variants[sku], quantity, "test", "delivery", "asn_1"
        )


def make_world(*, nodes_: tuple[str, ...] = ("reno",), skus: tuple[str, ...] = ("TENT",)) -> World:
    """This function will make the operator with nodes that may serve it and variants, no stock."""
    organization = organizations.ensure_operator()
    with unit():
        node_ids = nodes.upsert_nodes(
            drafts=[replace(NODE, code=code, name=code.title()) for code in nodes_]
        )
        nodes.allow(organization_id=organization.pk, node_ids=list(node_ids.values()))
        variant_ids = catalog.upsert_variants(
            organization_id=organization.pk,
            drafts=[replace(VARIANT, sku=sku, name=sku.title()) for sku in skus],
        )
    return World(organization.pk, node_ids, variant_ids)


def at_node(ref: str, node_id: int | None = None, at: datetime | None = None) -> DemandAtNode:
    return DemandAtNode("order", ref, node_id, at)
