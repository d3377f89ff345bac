"""A tiny world for tests of orders: one seller, nodes with stock, a carrier, a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from carriers.services import accounts as carrier_accounts
from inventory.catalog import services as catalog
from inventory.catalog.types import VariantDraft
from inventory.nodes import services as nodes
from inventory.nodes.types import NodeDraft
from inventory.services import stock
from inventory.types import StockChange
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations
from orders.channels import selectors as channel_selectors
from orders.channels import services as channels
from orders.channels.types import ChannelFacts
from orders.services import placement
from orders.types import LineDraft, OrderDraft, Placed, RecipientDraft

#: A Tuesday morning in Reno.
NOW = datetime(2026, 11, 17, 16, 0, tzinfo=UTC)

ADA = RecipientDraft(
    name="Ada Example",
    email="ada@example.com",
    phone="+1 202 555 0101",
    lines=("1 Main Street",),
    city="Reno",
    region="NV",
    postcode="89501",
    country="US",
    latitude=39.53,
    longitude=-119.81,
)


@dataclass(slots=True)
class World:
    organization_id: int
    channel: ChannelFacts
    node_ids: dict[str, int]
    variant_ids: dict[str, int]

    def place(self, *drafts: OrderDraft) -> list[Placed]:
        return placement.place(channel=self.channel, drafts=drafts)

    def receive(self, node: str, sku: str, quantity: int) -> None:
        with unit():
            stock.receive(
                changes=[
                    StockChange(
                        node_id=self.node_ids[node],
                        variant_id=self.variant_ids[sku],
                        quantity=quantity,
                        document_ref="test",
                    )
                ]
            )


def a_world(
    *, stock_at: dict[str, dict[str, int]] | None = None, skus: Sequence[str] = ("A", "B")
) -> World:
    """Nodes `reno` and `dallas`, variants A and B; stock as given, else 10 of each in Reno."""
    organization = organizations.ensure_operator()
    carrier_accounts.ensure_sandbox_carrier()
    with unit():
        node_ids = nodes.upsert_nodes(
            drafts=[
                _node("reno", "Reno", "NV", "89501", 39.53, -119.81, "America/Los_Angeles"),
                _node("dallas", "Dallas", "TX", "75201", 32.78, -96.80, "America/Chicago"),
            ]
        )
        nodes.allow(organization_id=organization.pk, node_ids=list(node_ids.values()))
        variant_ids = catalog.upsert_variants(
            organization_id=organization.pk, drafts=[_variant(sku) for sku in skus]
        )
    channels.ensure(organization_id=organization.pk, code="shop", name="Shop", kind="storefront")
    channel = channel_selectors.get_facts(organization_id=organization.pk, code="shop")
    world = World(organization.pk, channel, node_ids, variant_ids)
    for node, quantities in (stock_at or {"reno": {"A": 10, "B": 10}}).items():
        for sku, quantity in quantities.items():
            world.receive(node, sku, quantity)
    return world


def a_draft(reference: str = "R-1", **changes: Any) -> OrderDraft:
    """One unit of A for Ada in Reno; change what the test is about."""
    lines = changes.pop("lines", {"A": 1})
    draft = OrderDraft(
        external_ref=reference,
        currency="USD",
        customer_ref=f"customer-of-{reference}",
        placed_at=NOW,
        recipient=ADA,
        lines=tuple(LineDraft(sku, quantity) for sku, quantity in lines.items())
        if isinstance(lines, dict)
        else lines,
    )
    return replace(draft, **changes)


def _node(
    code: str, city: str, region: str, postcode: str, latitude: float, longitude: float, zone: str
) -> NodeDraft:
    return NodeDraft(
        code=code,
        name=city,
        kind="warehouse",
        country="US",
        region=region,
        city=city,
        postcode=postcode,
        latitude=latitude,
        longitude=longitude,
        timezone=zone,
        cutoff_time=time(17),
    )


def _variant(sku: str) -> VariantDraft:
    return VariantDraft(
        sku=sku,
        name=f"Thing {sku}",
        weight_g=400,
        length_mm=200,
        width_mm=150,
        height_mm=80,
        price_amount=Decimal("20.00"),
        price_currency="USD",
    )
