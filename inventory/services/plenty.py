"""Takes a batch in one call where there is enough of everything for everybody: nobody has to
decide who comes first. Where a demand holds something already, or a place is short, kept for a
channel or tracked, somebody must; then nothing was changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from inventory.events import StockReserved
from inventory.services import _sql, balances, telling
from inventory.services.balances import Place, StockChanged
from inventory.services.looking import key_of
from inventory.types import Demand
from oms.core import arrays, clock, ids
from oms.core.context import current
from oms.core.transactions import statement
from oms.infra.outbox.services import emitting


@dataclass(slots=True)
class _Places:
    """What a batch asks of each place; numbered from 1 in the order of the locks."""

    units: dict[Place, int] = field(default_factory=dict)
    owners: dict[Place, int] = field(default_factory=dict)
    is_shared: bool = False

    def add(self, demand: Demand) -> None:
        for leg in demand.legs:
            place = (leg.node_id, leg.variant_id)
            self.units[place] = self.units.get(place, 0) + leg.quantity
            if self.owners.setdefault(place, demand.organization_id) != demand.organization_id:
                self.is_shared = True

    def numbered(self) -> dict[Place, int]:
        return {place: number for number, place in enumerate(sorted(self.units), 1)}


def allocate(*, demands: Sequence[Demand]) -> bool:
    """This function will allocate all legs of all demands in one statement that is its own
    transaction, or nothing.

    The demands are `taking.distinct`.

    :returns: False: somebody must decide.
    :raises NestedUseCase: a transaction is open.
    """
    places = _Places()
    for demand in demands:
        places.add(demand)
    if places.is_shared or not demands:
        return False
    now = clock.now()
    numbers = places.numbered()
    parameters = [
        *_of_places(places, numbers),
        balances.keys_as_json(map(key_of, demands)),
        *_of_legs(demands, numbers, now),
        current().causation_id,
        emitting.facts_of([_told(demand, now) for demand in demands]),
    ]
    try:
        with statement(), balances.telling_of_changes(), connection.cursor() as cursor:
            cursor.execute(_sql.TAKE_PLENTY, parameters)
            return bool(cursor.fetchone()[0])
    except StockChanged:
        # Between the look and the locks; the statement was undone.
        return False


def _of_places(places: _Places, numbers: Mapping[Place, int]) -> list[str]:
    return [
        arrays.bare([places.owners[place] for place in numbers]),
        arrays.bare([node for node, _ in numbers]),
        arrays.bare([variant for _, variant in numbers]),
        arrays.bare([places.units[place] for place in numbers]),
    ]


def _of_legs(demands: Sequence[Demand], numbers: Mapping[Place, int], now: datetime) -> list[str]:
    """Legs of one line at one place are one row."""
    rows: dict[tuple[int, str, int], int] = {}
    for index, demand in enumerate(demands):
        for leg in demand.legs:
            key = (index, leg.line_ref, numbers[leg.node_id, leg.variant_id])
            rows[key] = rows.get(key, 0) + leg.quantity
    owners = [demands[index] for index, _, _ in rows]
    times = [demand.at or now for demand in owners]
    actor = current().actor
    return [
        arrays.bare([place for _, _, place in rows]),
        arrays.bare(rows.values()),
        arrays.bare([ids.public_id("rsv", at=at) for at in times]),
        arrays.texts([demand.demand_kind for demand in owners]),
        arrays.texts([demand.demand_ref for demand in owners]),
        arrays.texts([line for _, line, _ in rows]),
        arrays.texts([demand.channel for demand in owners]),
        arrays.bare([demand.needed_on for demand in owners]),
        arrays.texts([demand.actor or actor for demand in owners]),
        arrays.bare(times),
    ]


def _told(demand: Demand, now: datetime) -> StockReserved:
    return telling.reserved(
        demand, [(leg, leg.quantity) for leg in demand.legs], at=demand.at or now
    )
