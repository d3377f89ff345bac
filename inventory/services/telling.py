"""Says what a booking did to sellable stock: where it grew, where it fell, who got it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from inventory.events import StockAdjusted, StockReceived, StockReserved
from inventory.services.balances import Entry, Position
from inventory.types import Demand, Leg
from oms.core.events import Event

#: Variants in one event; opening stock may name tens of thousands.
_EVENT_VARIANTS = 1_000


@dataclass(slots=True)
class _Group:
    """Positions of one owner at one node that all grew, or all fell."""

    units: dict[int, int] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)


def of(*, positions: Iterable[Position], entries: Sequence[Entry], at: datetime) -> list[Event]:
    """This function will return one event per node, owner and direction, for entries that change
    what is on hand; split where the list of variants grows long."""
    change: dict[int, int] = defaultdict(int)
    reasons: dict[int, set[str]] = defaultdict(set)
    for entry in entries:
        change[entry.position_id] += entry.on_hand
        reasons[entry.position_id].add(entry.reason)
    groups: dict[tuple[bool, int, int], _Group] = defaultdict(_Group)
    for position in sorted(positions, key=lambda position: position.place):
        units = change[position.id]
        if units:
            group = groups[units > 0, position.node_id, position.organization_id]
            group.units[position.variant_id] = units
            group.reasons |= reasons[position.id]
    return [event for key, group in groups.items() for event in _events(*key, group, at)]


def _events(
    has_grown: bool, node_id: int, organization_id: int, group: _Group, at: datetime
) -> Iterator[Event]:
    variants = list(group.units)
    for start in range(0, len(variants), _EVENT_VARIANTS):
        part = variants[start : start + _EVENT_VARIANTS]
        if has_grown:
            yield StockReceived(
                organization_id=organization_id,
                node_id=node_id,
                variant_ids=part,
                units=sum(group.units[variant] for variant in part),
                occurred_at=at,
            )
        else:
            yield StockAdjusted(
                organization_id=organization_id,
                node_id=node_id,
                variant_ids=part,
                reason=next(iter(group.reasons)) if len(group.reasons) == 1 else "",
                occurred_at=at,
            )


def reserved(demand: Demand, given: Sequence[tuple[Leg, int]], *, at: datetime) -> StockReserved:
    """This function will return what is told of a demand that was given so many units for legs."""
    return StockReserved(
        organization_id=demand.organization_id,
        demand_kind=demand.demand_kind,
        demand_ref=demand.demand_ref,
        units=sum([units for _, units in given]),
        node_ids=sorted({leg.node_id for leg, _ in given}),
        variant_ids=sorted({leg.variant_id for leg, _ in given}),
        occurred_at=at,
    )
