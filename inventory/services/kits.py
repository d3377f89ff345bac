"""Kits are sold as one and stocked as parts: who asks for a kit asks for its parts.

A kit never has a position (the database holds that), so a variant that has one is no kit and never
becomes one. This process remembers those, and asks the database only about variants that it has
not seen stocked: for goods that sell, kits cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from django.db import connection, transaction

from inventory.types import Demand, Leg, StockChange
from oms.core.quantities import InvalidQuantity, require_quantity

#: (component, units of it in one kit)
Part = tuple[int, int]

#: The parts of kits, and (as NULLs) which variants are stocked. Parameters: variants.
_LOOK = """
SELECT d.variant_id, k.component_id, k.quantity
FROM unnest(%s::bigint[]) AS d(variant_id)
LEFT JOIN catalog_kitcomponent k ON k.kit_id = d.variant_id
WHERE k.id IS NOT NULL
   OR EXISTS (SELECT 1 FROM inventory_stockposition p WHERE p.variant_id = d.variant_id)
ORDER BY d.variant_id, k.component_id
"""

#: Room for this many; a process that sees more starts afresh.
_MOST_REMEMBERED = 500_000

_stocked: set[int] = set()


def explode(*, demands: Sequence[Demand]) -> list[Demand]:
    """This function will return the demands with the parts of kits in their stead: same line and
    node, units added up per part of a line. What is no kit stays as it is. A demand with kits is
    served whole or not at all: parts without their kit are of no use.

    One statement for the whole batch, none where all variants are known to be stocked.

    :raises InvalidQuantity: less than one kit, or more parts than a line may have.
    """
    kits = _kits_among({leg.variant_id for demand in demands for leg in demand.legs})
    if not kits:
        return list(demands)
    return [_exploded(demand, kits) for demand in demands]


def in_parts(*, changes: Sequence[StockChange]) -> list[StockChange]:
    """This function will return the changes with those of a kit's parts in the kit's stead."""
    kits = _kits_among({change.variant_id for change in changes})
    return [
        change if part == change.variant_id else replace(change, variant_id=part, quantity=units)
        for change in changes
        for part, units in _times(change, kits)
    ]


def _times(change: StockChange, kits: Mapping[int, Sequence[Part]]) -> list[Part]:
    parts = kits.get(change.variant_id, [(change.variant_id, 1)])
    return [(part, each * change.quantity) for part, each in parts]


def available(
    *, parts: Iterable[Part], at_nodes: Mapping[int, Mapping[int, int]]
) -> dict[int, int]:
    """This function will return how many kits each node can make up.

    `at_nodes` says, by node and component, how many units are available there; what is not named
    is not there. The fewest whole kits that any of the parts allows, never below zero.
    """
    needed = list(parts)
    if not needed:
        return dict.fromkeys(at_nodes, 0)
    return {
        node_id: min(max(0, units.get(component, 0)) // quantity for component, quantity in needed)
        for node_id, units in at_nodes.items()
    }


def _kits_among(variant_ids: set[int]) -> dict[int, list[Part]]:
    unknown = variant_ids - _stocked
    if not unknown:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [sorted(unknown)])
        rows = cursor.fetchall()
    kits: dict[int, list[Part]] = {}
    stocked = []
    for variant_id, component_id, quantity in rows:
        if component_id is None:
            stocked.append(variant_id)
        else:
            kits.setdefault(variant_id, []).append((component_id, quantity))
    if stocked:
        # Not before the commit: a position of this transaction's own may not come to be.
        transaction.on_commit(lambda: _remember(stocked))
    return kits


def _remember(variant_ids: Sequence[int]) -> None:
    if len(_stocked) + len(variant_ids) > _MOST_REMEMBERED:
        _stocked.clear()
    _stocked.update(variant_ids)


def _exploded(demand: Demand, kits: Mapping[int, Sequence[Part]]) -> Demand:
    if not any(leg.variant_id in kits for leg in demand.legs):
        return demand
    sums: dict[tuple[str, int, int], int] = {}
    for leg in demand.legs:
        for variant_id, quantity in _parts_of(leg, kits):
            key = (leg.line_ref, leg.node_id, variant_id)
            sums[key] = sums.get(key, 0) + quantity
    legs = (Leg(line, variant, node, units) for (line, node, variant), units in sums.items())
    return replace(demand, legs=tuple(legs), is_partial=False)


def _parts_of(leg: Leg, kits: Mapping[int, Sequence[Part]]) -> list[Part]:
    # Before it is multiplied: a text or a truth value would go through as a number.
    quantity = require_quantity(leg.quantity)
    parts = kits.get(leg.variant_id)
    if parts is None:
        return [(leg.variant_id, quantity)]
    exploded = [(component_id, quantity * each) for component_id, each in parts]
    for _, units in exploded:
        try:
            require_quantity(units)
        except InvalidQuantity as error:
            raise InvalidQuantity(
                f"{quantity} kits need {units} units of one part; order fewer.",
                data={"line_ref": leg.line_ref, "variant_id": leg.variant_id},
            ) from error
    return exploded
