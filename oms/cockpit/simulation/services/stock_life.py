"""What makes the demo's stock live: arrivals, units kept back, a kit, orders that may wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from inventory.catalog import selectors as catalog_selectors
from inventory.catalog import services as catalog
from inventory.catalog.types import VariantDraft
from inventory.selectors import supply as supply_selectors
from inventory.services import policies, supply
from inventory.types import SafetyLimit, SellingLimit, SupplyDraft, SupplyRef
from oms.core import clock
from oms.core.transactions import unit

ARRIVALS, ARRIVING_UNITS, KEPT_BACK, MAY_WAIT = 24, 120, 2, 50
KIT = "SET-CAMP"


def begin(*, organization_id: int, node_ids: Mapping[str, int], skus: Sequence[str]) -> None:
    """This function will add all of it once; a world that has arrivals is left as it is."""
    if supply_selectors.list_supply(organization_id=organization_id).exists():
        return
    facts = catalog_selectors.facts_by_sku(organization_id=organization_id, skus=skus)
    variants = [facts[sku].id for sku in skus if sku in facts]
    with unit():
        supply.announce(lines=_arrivals(organization_id, list(node_ids.values()), variants))
        policies.set_safety_rules(
            rules=[SafetyLimit(node_id, KEPT_BACK) for node_id in node_ids.values()]
        )
        policies.set_selling_rules(
            rules=[
                SellingLimit(
                    organization_id=organization_id,
                    channel="marketplace",
                    backorder_limit=MAY_WAIT,
                )
            ]
        )
        _make_kit(organization_id, variants)


def _arrivals(
    organization_id: int, nodes: Sequence[int], variants: Sequence[int]
) -> list[SupplyDraft]:
    today = clock.now().date()
    return [
        SupplyDraft(
            ref=SupplyRef(organization_id, "purchase_order", f"PO-{2001 + number}"),
            node_id=nodes[number % len(nodes)],
            variant_id=variant_id,
            quantity=ARRIVING_UNITS,
            expected_on=today + timedelta(days=2 + number % 12),
        )
        for number, variant_id in enumerate(variants[:ARRIVALS])
    ]


def _make_kit(organization_id: int, variants: Sequence[int]) -> None:
    parts = catalog_selectors.facts_by_id(variant_ids=variants[:3])
    draft = VariantDraft(
        sku=KIT,
        name="Camping set",
        category="Camping",
        weight_g=sum(part.weight_g for part in parts.values()),
        length_mm=max(part.length_mm for part in parts.values()),
        width_mm=max(part.width_mm for part in parts.values()),
        height_mm=sum(part.height_mm for part in parts.values()),
        price_amount=sum((part.price_amount for part in parts.values()), Decimal(0)),
        price_currency="USD",
    )
    made = catalog.upsert_variants(organization_id=organization_id, drafts=[draft])
    catalog.set_components(kit_id=made[KIT], components=dict.fromkeys(parts, 1))
