"""Decides in arrival order which demands fit: all of a demand's legs, none, or what there is.

Pure. Lines of one SKU add up; a channel may take what is kept for it and oversell up to its own
limit; of goods with lots only those count that are good until the day the demand is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from inventory.types import Demand, Leg, Shortage

#: (organization_id, node_id, variant_id): another seller's variant is not found, hence not free.
OwnedPlace = tuple[int, int, int]


@dataclass(slots=True)
class LotUnits:
    """Units of one lot (or None: of no lot) not allocated yet; first to expire first."""

    lot_id: int | None
    units: int
    last_day: date | None = None
    is_blocked: bool = False

    def is_good(self, day: date) -> bool:
        return not self.is_blocked and (self.last_day is None or self.last_day > day)


@dataclass(slots=True)
class Stand:
    """What one place can give while a batch is decided."""

    position_id: int
    free: int
    #: Units left of what is kept for each channel.
    kept: dict[str, int] = field(default_factory=dict)
    #: How far each channel may not go of what the position may oversell; "" is any other channel.
    barred: dict[str, int] = field(default_factory=dict)
    #: None: not tracked. Else in the order of expiry.
    lots: list[LotUnits] | None = None
    #: Tracked by serial number: units that no reservation names yet, whichever will be taken.
    numbered: Sequence[LotUnits] = ()

    def common(self, channel: str, day: date) -> int:
        """Units that this channel may take beside what is kept for it."""
        units = self.free
        if self.barred:
            units -= self.barred.get(channel, self.barred.get("", 0))
        tracked = self.numbered if self.lots is None else self.lots
        if tracked:
            units -= sum(lot.units for lot in tracked if not lot.is_good(day))
        return units

    def usable(self, channel: str, day: date) -> int:
        units = self.common(channel, day) + self.kept.get(channel, 0)
        if self.lots is None:
            return units
        # What may be oversold is of no lot yet.
        return min(units, sum(lot.units for lot in self.lots if lot.is_good(day)))


@dataclass(frozen=True, slots=True)
class Take:
    """`quantity` for one leg; `earmarked` of it from what is kept for the channel."""

    demand: Demand
    leg: Leg
    position_id: int
    lot_id: int | None
    quantity: int
    earmarked: int


@dataclass(slots=True)
class Decision:
    """Demands that take something, what they take, and why others take less than they ask."""

    taken: list[Demand] = field(default_factory=list)
    takes: list[Take] = field(default_factory=list)
    #: By (demand_kind, demand_ref).
    short: dict[tuple[str, str], tuple[Shortage, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Own:
    """What a demand holds at a place already; it is given back when the demand is served."""

    quantity: int
    earmarked: int = 0


def decide(
    *,
    demands: Sequence[Demand],
    stands: Mapping[OwnedPlace, Stand],
    own: Mapping[tuple[str, str], Mapping[OwnedPlace, Own]],
    today: date,
    by_lot: bool = True,
) -> Decision:
    """This function will give each demand, in order, its legs as far as they fit.

    `own` is what a demand holds already, by (kind, ref): it counts as free for that demand, and
    for the ones after it once the demand was served. `by_lot`: takes name their lots.
    """
    decision = Decision()
    for demand in demands:
        _serve(demand, stands, own.get((demand.demand_kind, demand.demand_ref)), today, by_lot,
               decision)  # fmt: skip
    return decision


def _serve(
    demand: Demand,
    stands: Mapping[OwnedPlace, Stand],
    held: Mapping[OwnedPlace, Own] | None,
    today: date,
    by_lot: bool,
    decision: Decision,
) -> None:
    if held:
        _give_back(stands, held, demand.channel, 1)
    day = demand.needed_on or today
    granted, shortages = _grant(demand, stands, day)
    if shortages:
        decision.short[demand.demand_kind, demand.demand_ref] = tuple(shortages)
    if not granted or (shortages and not demand.is_partial):
        if held:
            _give_back(stands, held, demand.channel, -1)
        return
    decision.taken.append(demand)
    for leg, stand, quantity in granted:
        decision.takes += _take(demand, leg, stand, quantity, day, by_lot)


def _give_back(
    stands: Mapping[OwnedPlace, Stand], held: Mapping[OwnedPlace, Own], channel: str, sign: int
) -> None:
    for place, units in held.items():
        stand = stands[place]
        stand.free += sign * (units.quantity - units.earmarked)
        if units.earmarked:
            stand.kept[channel] = stand.kept.get(channel, 0) + sign * units.earmarked


def _grant(
    demand: Demand, stands: Mapping[OwnedPlace, Stand], day: date
) -> tuple[list[tuple[Leg, Stand, int]], list[Shortage]]:
    granted: list[tuple[Leg, Stand, int]] = []
    shortages: list[Shortage] = []
    given: dict[OwnedPlace, int] = {}
    for leg in demand.legs:
        place = (demand.organization_id, leg.node_id, leg.variant_id)
        stand = stands.get(place)
        left = 0
        if stand is not None:
            left = max(0, stand.usable(demand.channel, day) - given.get(place, 0))
        quantity = leg.quantity if left >= leg.quantity else 0
        if not quantity:
            shortages.append(
                Shortage(
                    demand_ref=demand.demand_ref,
                    line_ref=leg.line_ref,
                    variant_id=leg.variant_id,
                    node_id=leg.node_id,
                    wanted=leg.quantity,
                    available=left,
                )
            )
            quantity = left if demand.is_partial else 0
        if quantity and stand is not None:
            given[place] = given.get(place, 0) + quantity
            granted.append((leg, stand, quantity))
    return granted, shortages


def _take(
    demand: Demand, leg: Leg, stand: Stand, quantity: int, day: date, by_lot: bool
) -> list[Take]:
    """Takes the units off the stand: kept ones first, lots in the order of expiry."""
    earmarked = 0
    if stand.kept:
        earmarked = min(quantity, stand.kept.get(demand.channel, 0))
        if earmarked:
            stand.kept[demand.channel] -= earmarked
    stand.free -= quantity - earmarked
    if stand.lots is None or not by_lot:
        return [Take(demand, leg, stand.position_id, None, quantity, earmarked)]
    takes = []
    for lot in stand.lots:
        if not quantity:
            break
        units = min(quantity, lot.units) if lot.is_good(day) else 0
        if units:
            lot.units -= units
            quantity -= units
            from_kept = min(units, earmarked)
            earmarked -= from_kept
            takes.append(Take(demand, leg, stand.position_id, lot.lot_id, units, from_kept))
    return takes
