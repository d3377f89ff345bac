"""Makes the demo world: organizations, network, range, stock, carrier, channels. Idempotent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING

from carriers.services import accounts as carrier_accounts
from inventory.catalog import selectors as catalog_selectors
from inventory.catalog import services as catalog
from inventory.catalog.types import VariantDraft
from inventory.nodes import services as nodes
from inventory.nodes.types import NodeDraft
from inventory.services import stock
from inventory.types import StockChange
from oms.cockpit.simulation.services import stock_life
from oms.cockpit.simulation.world.places import SANDBOX_SITE, SITES, Site, city
from oms.cockpit.simulation.world.range import Item, build
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations, staff
from orders.channels import services as channels

if TYPE_CHECKING:
    from oms.infra.accounts.models import Organization

SIZES = {"small": 108, "medium": 1_080, "large": 10_800}
OPENING_UNITS = 400
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the world holds."""

    organization_id: int
    nodes: int
    variants: int
    positions: int


def seed(*, size: str, seed: int = 7) -> Seeded:
    """This function will create what is missing of the demo world; called again it adds nothing."""
    staff.ensure_roles()
    operator, sandbox = organizations.ensure_operator(), organizations.ensure_sandbox()
    carrier_accounts.ensure_sandbox_carrier()
    items = build(SIZES[size], seed)
    node_ids = _sites(operator, SITES)
    positions = _stocked(operator, items, SITES, node_ids, seed)
    stocked = {site.code: node_ids[site.code] for site in SITES if site.range_share > 0}
    stock_life.begin(
        organization_id=operator.pk, node_ids=stocked, skus=[item.sku for item in items]
    )
    sandbox_ids = _sites(sandbox, [SANDBOX_SITE])
    _stocked(sandbox, build(SIZES["small"], seed), [SANDBOX_SITE], sandbox_ids, seed)
    _channels(operator, sandbox)
    return Seeded(operator.pk, len(node_ids), len(items), positions)


def _sites(organization: Organization, sites: Sequence[Site]) -> dict[str, int]:
    with unit():
        ids = nodes.upsert_nodes(drafts=[_node(site) for site in sites])
        nodes.allow(organization_id=organization.pk, node_ids=sorted(ids.values()))
    return ids


def _node(site: Site) -> NodeDraft:
    place = city(site.city)
    return NodeDraft(
        code=site.code,
        name=site.name,
        kind=site.kind,
        country="US",
        region=place.state,
        city=place.name,
        postcode=place.postcode,
        street=site.street,
        latitude=place.latitude,
        longitude=place.longitude,
        timezone=site.timezone,
        cutoff_time=time(17),
        processing_minutes=60,
        daily_capacity=site.daily_capacity,
        can_ship=site.range_share > 0,
        can_pick_up=site.kind in ("store", "locker", "pickup_hub"),
    )


def _stocked(
    organization: Organization,
    items: Sequence[Item],
    sites: Sequence[Site],
    node_ids: dict[str, int],
    seed: int,
) -> int:
    for start in range(0, len(items), _BATCH):
        with unit():
            catalog.upsert_variants(
                organization_id=organization.pk,
                drafts=[_variant(item) for item in items[start : start + _BATCH]],
            )
    facts = catalog_selectors.facts_by_sku(
        organization_id=organization.pk, skus=[item.sku for item in items]
    )
    chance = random.Random(seed)
    changes = [
        StockChange(
            node_id=node_ids[site.code],
            variant_id=facts[item.sku].id,
            quantity=chance.randint(OPENING_UNITS // 2, OPENING_UNITS),
            reason="opening stock",
            document_kind="opening",
            document_ref=f"{site.code}:{item.sku}",
        )
        for site in sites
        for item in items
        if chance.random() < site.range_share
    ]
    for start in range(0, len(changes), _BATCH):
        with unit():
            stock.receive_once(changes=changes[start : start + _BATCH])
    return len(changes)


def _variant(item: Item) -> VariantDraft:
    return VariantDraft(
        sku=item.sku,
        name=item.name,
        product_code=item.product_code,
        product_name=item.product_name,
        category=item.category,
        weight_g=item.weight_g,
        length_mm=item.length_mm,
        width_mm=item.width_mm,
        height_mm=item.height_mm,
        price_amount=item.price,
        price_currency="USD",
    )


def _channels(operator: Organization, sandbox: Organization) -> None:
    brand = operator.name
    for code, name, kind in (
        ("shop", "Web shop", "storefront"),
        ("marketplace", "Marketplace", "marketplace"),
        ("api", "Partner API", "api"),
        ("file", "File import", "file"),
    ):
        channels.ensure(organization_id=operator.pk, code=code, name=name, kind=kind, brand=brand)
    channels.ensure(
        organization_id=sandbox.pk, code="api", name="Sandbox API", kind="api", brand="Sandbox"
    )
