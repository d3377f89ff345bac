"""A market where nearly everything is the last one of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal

from inventory.catalog import services as catalog
from inventory.catalog.types import VariantDraft
from inventory.nodes import services as nodes
from inventory.nodes.types import NodeDraft
from inventory.services import stock
from inventory.types import StockChange
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

#: (node_id, variant_id)
Place = tuple[int, int]

_NODES = ("north", "south")
_HOT_VARIANTS = 5


@dataclass(frozen=True, slots=True)
class Market:
    """Where there is one unit (`singles`), and where everybody goes (`hot`)."""

    organization_id: int
    singles: Sequence[Place]
    hot: Sequence[Place]
    units: int


def open_market(*, units: int) -> Market:
    """This function will lay out `units` units, two thirds of them the only one of their kind."""
    places = len(_NODES) * _HOT_VARIANTS
    singles = max(1, units * 2 // 3)
    each = max(1, (units - singles) // places)
    organization = organizations.ensure_operator()
    with unit():
        node_ids = list(nodes.upsert_nodes(drafts=[_node(code) for code in _NODES]).values())
        nodes.allow(organization_id=organization.pk, node_ids=node_ids)
        variants = catalog.upsert_variants(
            organization_id=organization.pk,
            drafts=[_variant(f"P{n}") for n in range(singles + _HOT_VARIANTS)],
        )
    chosen = list(variants.values())
    single = [(node_ids[n % 2], variant) for n, variant in enumerate(chosen[_HOT_VARIANTS:])]
    hot = [(node, variant) for variant in chosen[:_HOT_VARIANTS] for node in node_ids]
    counts = {**dict.fromkeys(single, 1), **dict.fromkeys(hot, each)}
    with unit():
        stock.receive(changes=[StockChange(*place, units) for place, units in counts.items()])
    return Market(organization.pk, single, hot, sum(counts.values()))


def _node(code: str) -> NodeDraft:
    return NodeDraft(
        code=code,
        name=code.title(),
        kind="warehouse",
        country="US",
        region="NV",
        city="Reno",
        latitude=39.53,
        longitude=-119.81,
        timezone="America/Los_Angeles",
        cutoff_time=time(15),
    )


def _variant(sku: str) -> VariantDraft:
    return VariantDraft(
        sku=sku,
        name=sku,
        weight_g=100,
        length_mm=100,
        width_mm=100,
        height_mm=100,
        price_amount=Decimal("1.00"),
        price_currency="USD",
    )
