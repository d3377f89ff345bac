"""Decides in arrival order which demands fit: all of a demand's legs, or none. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inventory.types import Demand, Shortage

#: (organization_id, node_id, variant_id): another seller's variant is not found, hence not free.
OwnedPlace = tuple[int, int, int]


@dataclass(slots=True)
class Decision:
    """Demands that take all they ask for, and why each of the others takes nothing."""

    taken: list[Demand] = field(default_factory=list)
    short: dict[str, tuple[Shortage, ...]] = field(default_factory=dict)


def decide(
    *,
    demands: Sequence[Demand],
    free: Mapping[OwnedPlace, int],
    own: Mapping[tuple[str, str], Mapping[OwnedPlace, int]],
) -> Decision:
    """This function will give each demand, in order, all its legs when they fit, else nothing.

    `own` is what a demand holds already, by (kind, ref): it counts as free for that demand, and
    for the ones after it once the demand was served.
    """
    left = Counter(free)
    decision = Decision()
    for demand in demands:
        held = own.get((demand.demand_kind, demand.demand_ref), {})
        usable = Counter({place: left[place] + held.get(place, 0) for place in _places(demand)})
        shortages = _shortages(demand, usable)
        if shortages:
            decision.short[demand.demand_ref] = shortages
            continue
        decision.taken.append(demand)
        for place, quantity in held.items():
            left[place] += quantity
        for leg in demand.legs:
            left[demand.organization_id, leg.node_id, leg.variant_id] -= leg.quantity
    return decision


def _places(demand: Demand) -> set[OwnedPlace]:
    return {(demand.organization_id, leg.node_id, leg.variant_id) for leg in demand.legs}


def _shortages(demand: Demand, usable: Counter[OwnedPlace]) -> tuple[Shortage, ...]:
    """The legs that do not fit after those before them took theirs: lines of one SKU add up."""
    found = []
    for leg in demand.legs:
        place = (demand.organization_id, leg.node_id, leg.variant_id)
        if usable[place] >= leg.quantity:
            usable[place] -= leg.quantity
            continue
        found.append(
            Shortage(
                demand_ref=demand.demand_ref,
                line_ref=leg.line_ref,
                variant_id=leg.variant_id,
                node_id=leg.node_id,
                wanted=leg.quantity,
                available=max(0, usable[place]),
            )
        )
    return tuple(found)
