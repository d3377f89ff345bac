"""Books a finished count in one go: what a list says of a node, a bin or some SKUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from inventory.events import StockMissing
from inventory.models import Lot
from inventory.nodes import selectors as nodes
from inventory.nodes.services import UnknownNode
from inventory.selectors.offers import UnknownSku
from inventory.services import counts
from inventory.types import CountedLine, FoundLine
from oms.core.errors import FieldError, Invalid
from oms.core.transactions import needs_transaction


class UnknownLot(Invalid):
    """The variant has no such lot."""

    code = "inventory.unknown_lot"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The count's identifier, the difference of each found line in their order, and who lost."""

    count_ref: str
    differences: Sequence[int]
    missing: Sequence[StockMissing]


@needs_transaction
def count_at_once(
    *,
    organization_id: int,
    node_code: str,
    found: Sequence[FoundLine],
    bin_code: str = "",
    skus: Sequence[str] = (),
    reason: str = "",
) -> Outcome:
    """This function will count and book what was found, as of now.

    Expected is all of the bin, or the SKUs; without either, what was found.

    :raises UnknownNode: no node has the code.
    :raises UnknownSku: not in the catalog of the organization; `errors` name the lines.
    :raises UnknownLot: a variant has no such lot; `errors` name the lines.
    All that `counts.start`, `enter`, `submit` and `book` raise; then nothing is booked.
    """
    node = nodes.facts_by_code(codes=[node_code]).get(node_code)
    if node is None:
        raise UnknownNode(f"There is no node {node_code}.")
    expected = [] if bin_code else list(dict.fromkeys(skus or [line.sku for line in found]))
    variants = _variants(organization_id, found, expected)
    lots = _lots(found, variants)
    lines = [
        CountedLine(variants[line.sku].id, line.counted, lots.get((line.sku, line.lot)))
        for line in found
    ]
    count = counts.start(
        node_id=node.id,
        variant_ids=[variants[sku].id for sku in expected],
        bin_code=bin_code,
        reason=reason,
    )
    counts.enter(count_id=count.pk, lines=lines)
    counts.submit(count_id=count.pk)
    booked = counts.book(count_id=count.pk)
    return Outcome(
        count_ref=count.public_id,
        differences=[booked.differences[line.variant_id, line.lot_id] for line in lines],
        missing=booked.missing,
    )


def _variants(
    organization_id: int, found: Sequence[FoundLine], expected: Sequence[str]
) -> Mapping[str, VariantFacts]:
    wanted = {line.sku for line in found} | set(expected)
    variants = catalog.facts_by_sku(organization_id=organization_id, skus=wanted)
    unknown = sorted(wanted - variants.keys())
    if unknown:
        raise UnknownSku(
            f"Not in the catalog: {', '.join(unknown[:5])}.",
            errors=[
                FieldError(f"/lines/{i}/sku", "unknown_sku", f"{line.sku} is not in the catalog.")
                for i, line in enumerate(found)
                if line.sku not in variants
            ],
        )
    return variants


def _lots(
    found: Sequence[FoundLine], variants: Mapping[str, VariantFacts]
) -> dict[tuple[str, str], int]:
    rows = Lot.objects.filter(
        variant_id__in=[variant.id for variant in variants.values()],
        code__in={line.lot for line in found if line.lot},
    )
    sku_of = {variant.id: sku for sku, variant in variants.items()}
    lots = {(sku_of[row.variant_id], row.code): row.pk for row in rows}
    errors = [
        FieldError(f"/lines/{i}/lot", "unknown_lot", f"{line.sku} has no lot {line.lot}.")
        for i, line in enumerate(found)
        if line.lot and (line.sku, line.lot) not in lots
    ]
    if errors:
        raise UnknownLot(errors[0].detail, errors=errors)
    return lots
