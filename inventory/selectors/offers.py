"""What a partner may sell, by SKU: in total and at each of its nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from inventory.nodes import selectors as nodes
from inventory.selectors import availability
from inventory.types import NodeOffer, Offer
from oms.core.errors import FieldError, Invalid


class UnknownSku(Invalid):
    """Not in the catalog of the organization that asks."""

    code = "inventory.unknown_sku"
    title = "Unknown SKU"


def list_for(*, organization_id: int, skus: Sequence[str]) -> list[Offer]:
    """This function will return one offer per SKU, as ordered, in three statements.

    Inactive variants offer nothing; nodes without a position are left out.

    :raises UnknownSku: names each SKU that the organization's catalog does not have.
    """
    variants = catalog.facts_by_sku(organization_id=organization_id, skus=skus)
    unknown = [sku for sku in skus if sku not in variants]
    if unknown:
        raise UnknownSku(
            "Some SKUs are not in the catalog.",
            errors=[FieldError("?sku", "unknown_sku", f"There is no SKU {s!r}.") for s in unknown],
        )
    active = {v.id for v in variants.values() if v.is_active}
    at_nodes = _at_nodes(organization_id, sorted(active))
    return [_offer(variants[sku], at_nodes[variants[sku].id]) for sku in skus]


def _at_nodes(organization_id: int, variant_ids: Sequence[int]) -> dict[int, list[NodeOffer]]:
    codes = {node.id: node.code for node in nodes.list_for(organization_id=organization_id)}
    found: dict[int, list[NodeOffer]] = defaultdict(list)
    for row in availability.list_for(organization_id=organization_id, variant_ids=variant_ids):
        if row.node_id in codes:  # a node may open between the two statements
            found[row.variant_id].append(NodeOffer(codes[row.node_id], row.available))
    return found


def _offer(variant: VariantFacts, at_nodes: Sequence[NodeOffer]) -> Offer:
    ordered = tuple(sorted(at_nodes, key=lambda offer: offer.node))
    total = sum(offer.available for offer in ordered)
    return Offer(variant.sku, variant.is_active, total, ordered)
