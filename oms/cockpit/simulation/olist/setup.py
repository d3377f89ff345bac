"""Makes the world Olist's orders need: channel, nodes, catalog, opening stock, carrier."""

from __future__ import annotations

from collections import Counter
from datetime import time
from decimal import Decimal

from carriers.services import accounts as carrier_accounts
from inventory.catalog import selectors as catalog_selectors
from inventory.catalog import services as catalog
from inventory.catalog.types import VariantDraft
from inventory.nodes import services as nodes
from inventory.nodes.types import NodeDraft
from inventory.services import stock
from inventory.types import StockChange
from oms.cockpit.simulation.olist.network import Cluster, cluster
from oms.cockpit.simulation.olist.tables import Row, Tables, purchased_at
from oms.core import clock
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations
from orders.channels import selectors as channel_selectors
from orders.channels import services as channels
from orders.channels.types import ChannelFacts

#: Opening stock above what the orders take, so that no order waits for a late neighbor.
SPARE_UNITS = 2
#: Where the source gives no measure.
DEFAULT_WEIGHT_G, DEFAULT_SIDE_MM = 500, 150
STOCK_BATCH = 2_000
CUTOFF = time(17)


def prepare(tables: Tables) -> ChannelFacts:
    """This function will create what is missing; called again it changes nothing."""
    organization = organizations.ensure_operator()
    with clock.virtual(purchased_at(tables.orders[0][1])):
        clusters, code_of_seller = cluster(tables)
        node_ids = _nodes(organization.pk, clusters)
        _catalog(organization.pk, tables)
        _stock(organization.pk, tables, node_ids, code_of_seller)
    carrier_accounts.ensure_sandbox_carrier(currency="BRL")
    channels.ensure(
        organization_id=organization.pk,
        code="olist",
        name="Olist marketplace",
        kind="marketplace",
        brand="Olist",
        needs_street=False,
    )
    return channel_selectors.get_facts(organization_id=organization.pk, code="olist")


def _nodes(organization_id: int, clusters: list[Cluster]) -> dict[str, int]:
    drafts = [
        NodeDraft(
            code=c.code,
            name=f"{c.city} {c.state}",
            kind="warehouse",
            country="BR",
            region=c.state,
            city=c.city,
            postcode=f"{c.zip_prefix}-000",
            street="",
            latitude=c.latitude,
            longitude=c.longitude,
            timezone=c.timezone,
            cutoff_time=CUTOFF,
            daily_capacity=2_000,
        )
        for c in clusters
    ]
    with unit():
        ids = nodes.upsert_nodes(drafts=drafts)
        nodes.allow(organization_id=organization_id, node_ids=sorted(ids.values()))
    return ids


def _catalog(organization_id: int, tables: Tables) -> None:
    ordered = {item["product_id"]: item for items in tables.items.values() for item in items}
    drafts = [_variant(tables, sku, item) for sku, item in sorted(ordered.items())]
    for start in range(0, len(drafts), STOCK_BATCH):
        with unit():
            catalog.upsert_variants(
                organization_id=organization_id, drafts=drafts[start : start + STOCK_BATCH]
            )


def _variant(tables: Tables, sku: str, item: Row) -> VariantDraft:
    row = tables.products.get(sku, {})
    category = row.get("product_category_name", "")
    english = tables.categories.get(category, category) or "other"
    name = english.replace("_", " ").capitalize()
    return VariantDraft(
        sku=sku,
        name=f"{name} {sku[:6]}",
        product_code=sku,
        product_name=f"{name} {sku[:6]}",
        category=name[:80],
        weight_g=_measure(row, "product_weight_g", 1, DEFAULT_WEIGHT_G),
        length_mm=_measure(row, "product_length_cm", 10, DEFAULT_SIDE_MM),
        width_mm=_measure(row, "product_width_cm", 10, DEFAULT_SIDE_MM),
        height_mm=_measure(row, "product_height_cm", 10, DEFAULT_SIDE_MM),
        price_amount=Decimal(item["price"]),
        price_currency="BRL",
    )


def _measure(row: Row, name: str, factor: int, default: int) -> int:
    try:
        return max(1, round(float(row[name]) * factor))
    except (KeyError, ValueError):
        return default


def _stock(
    organization_id: int, tables: Tables, node_ids: dict[str, int], code_of_seller: dict[str, str]
) -> None:
    demand: Counter[tuple[str, str]] = Counter()
    for items in tables.items.values():
        for item in items:
            demand[code_of_seller[item["seller_id"]], item["product_id"]] += 1
    facts = catalog_selectors.facts_by_sku(
        organization_id=organization_id, skus=sorted({sku for _, sku in demand})
    )
    changes = [
        StockChange(
            node_id=node_ids[code],
            variant_id=facts[sku].id,
            quantity=units + SPARE_UNITS,
            reason="opening stock",
            document_kind="opening",
            document_ref=f"olist:{code}:{sku}",
        )
        for (code, sku), units in sorted(demand.items())
    ]
    for start in range(0, len(changes), STOCK_BATCH):
        with unit():
            stock.receive_once(changes=changes[start : start + STOCK_BATCH])
