"""Takes stock for many demands at once, oversells never, and costs the same number of statements
for one demand as for a thousand.

Two statements decide and write a batch: `look` locks and reads, `book` changes balances, makes
reservations with their history, and writes movements. More follow only where a demand holds
something already, or where holds that ran out must be tidied to make room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inventory.events import StockReserved
from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.services import balances, expiring, looking, telling
from inventory.services.balances import DemandKey, Taken
from inventory.services.deciding import Decision, Own, OwnedPlace, decide
from inventory.services.giving_back import give_back
from inventory.services.looking import Found, Held, LineKey, key_of
from inventory.types import Demand, Leg, ReserveResult, Shortage
from oms.core import clock, ids, transitions
from oms.core.context import current
from oms.core.errors import Conflict, Invalid
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction

Kind = StockMovement.Kind
Status = Reservation.Status


class OutOfStock(Conflict):
    """Not all of it is there; what is missing is named."""

    code = "inventory.out_of_stock"


class NothingDemanded(Invalid):
    """A demand without legs asks for nothing; that is a mistake of the caller."""

    code = "inventory.nothing_demanded"


@dataclass(frozen=True, slots=True)
class Manner:
    """How stock is taken: the status of the new rows, and until when they stand."""

    trigger: str
    status: str
    kind: str
    expires_at: datetime | None
    #: Demands with rows in these statuses are served already.
    served: frozenset[str]


#: Set aside at a node, for good.
ALLOCATE = Manner(
    trigger="allocate",
    status=Status.ALLOCATED,
    kind=Kind.ALLOCATED,
    expires_at=None,
    served=frozenset({Status.ALLOCATED, Status.PICKED}),
)


@needs_transaction
def take(*, demands: Sequence[Demand], manner: Manner) -> ReserveResult:
    """This function will take the demands' legs in arrival order, as far as each allows."""
    taken: list[str] = []
    short: dict[str, tuple[Shortage, ...]] = {}
    for answer in take_each(demands=demands, manner=manner).values():
        taken += answer.taken
        short.update(answer.short)
    return ReserveResult(taken=tuple(taken), short=short)


@needs_transaction
def take_each(*, demands: Sequence[Demand], manner: Manner) -> dict[DemandKey, ReserveResult]:
    """This function will do the same and answer each demand by itself, in order."""
    asked = distinct(demands)
    if not asked:
        return {}
    now = clock.now()
    found, fresh, decision = _settle(asked, manner, now)
    _write(found, decision, manner, now)
    return _answer(asked, fresh, found, decision)


@needs_transaction
def decide_alone(demand: Demand, manner: Manner, now: datetime) -> Decision:
    """This function will lock the demand's places and decide it as if it held nothing yet."""
    _, _, decision = _settle([demand], manner, now, with_own=False)
    return decision


def _settle(
    asked: Sequence[Demand], manner: Manner, now: datetime, *, with_own: bool = True
) -> tuple[Found, list[Demand], Decision]:
    """Decides until no hold that ran out is in the way: one more demand that is served may leave
    the next one short, so the second look need not be the last."""
    while True:
        found = looking.look(demands=asked, served=manner.served, now=now, with_own=with_own)
        fresh = _unserved(asked, found)
        decision = _decide(found, fresh, manner, now)
        if not expiring.end_expired(needs=_missing(found, decision)):
            return found, fresh, decision


def distinct(demands: Sequence[Demand]) -> list[Demand]:
    """This function will return each demand once, the first of its name, all of them well formed.

    :raises NothingDemanded: a demand without legs.
    :raises InvalidQuantity: a leg of less than one unit.
    """
    first: dict[DemandKey, Demand] = {}
    for demand in demands:
        if not demand.legs:
            raise NothingDemanded(f"{demand.demand_ref} asks for nothing.")
        for leg in demand.legs:
            require_quantity(leg.quantity)
        first.setdefault(key_of(demand), demand)
    return list(first.values())


def _unserved(demands: Sequence[Demand], found: Found) -> list[Demand]:
    """Demands without the lines that hold their stock already."""
    if not found.served:
        return list(demands)
    fresh = []
    for demand in demands:
        legs = tuple(leg for leg in demand.legs if _line(demand, leg) not in found.served)
        if legs:
            fresh.append(demand if len(legs) == len(demand.legs) else replace(demand, legs=legs))
    return fresh


def _line(demand: Demand, leg: Leg) -> LineKey:
    return demand.demand_kind, demand.demand_ref, leg.line_ref


def _answer(
    asked: Sequence[Demand], fresh: Sequence[Demand], found: Found, decision: Decision
) -> dict[DemandKey, ReserveResult]:
    wanting = {key_of(demand) for demand in fresh}
    served = {key_of(demand) for demand in decision.taken}
    answers = {}
    for demand in asked:
        key = key_of(demand)
        is_taken = key in served or key not in wanting
        short = decision.short.get(key, ())
        if is_taken and demand.is_partial and found.served:
            short = (*short, *_still_short(demand, found))
        answers[key] = ReserveResult(
            taken=(demand.demand_ref,) if is_taken else (),
            short={demand.demand_ref: short} if short else {},
        )
    return answers


def _still_short(demand: Demand, found: Found) -> list[Shortage]:
    """What a partial demand asked for before and did not get: the same demand, the same answer."""
    left = {_line(demand, leg): found.served.get(_line(demand, leg)) for leg in demand.legs}
    shortages = []
    for leg in demand.legs:
        held = left[_line(demand, leg)]
        if held is None:
            continue
        left[_line(demand, leg)] = max(0, held - leg.quantity)
        if held < leg.quantity:
            shortages.append(
                Shortage(demand.demand_ref, leg.line_ref, leg.variant_id, leg.node_id,
                         leg.quantity, held)
            )  # fmt: skip
    return shortages


def _decide(found: Found, demands: Sequence[Demand], manner: Manner, now: datetime) -> Decision:
    return decide(
        demands=demands,
        stands=found.stands,
        own=_own(found, demands) if found.live else {},
        today=now.date(),
        by_lot=manner.status == Status.ALLOCATED,
    )


def _own(found: Found, demands: Sequence[Demand]) -> dict[DemandKey, dict[OwnedPlace, Own]]:
    place_of = {position.id: place for place, position in found.positions.items()}
    own: dict[DemandKey, dict[OwnedPlace, Own]] = {}
    for demand in demands:
        sums: dict[OwnedPlace, Own] = {}
        for row in _softly_held(found, demand):
            if row.position_id in place_of:
                place = place_of[row.position_id]
                before = sums.get(place, Own(0))
                sums[place] = Own(before.quantity + row.quantity, before.earmarked + row.earmarked)
        if sums:
            own[key_of(demand)] = sums
    return own


def _softly_held(found: Found, demand: Demand) -> list[Held]:
    """What the demand holds for the lines it asks for, and gives back when it is served."""
    lines = {leg.line_ref for leg in demand.legs}
    return [
        row
        for row in found.live.get(key_of(demand), ())
        if row.status in (Status.HELD, Status.CONFIRMED) and row.line_ref in lines
    ]


def _missing(found: Found, decision: Decision) -> dict[int, int]:
    """Units that are missing, by position, where a hold that ran out may stand in the way."""
    missing: dict[int, int] = defaultdict(int)
    at = {place[1:]: position for place, position in found.positions.items() if position.held}
    for shortages in decision.short.values():
        for short in shortages:
            position = at.get((short.node_id, short.variant_id))
            if position is not None:
                missing[position.id] += short.wanted
    return missing


def _write(found: Found, decision: Decision, manner: Manner, now: datetime) -> None:
    _release(_replaced(found, decision.taken), now)
    rows = rows_for(decision, manner, now)
    balances.book(
        entries=(),
        taken=[Taken(row, manner.trigger, manner.kind) for row in rows],
        events=reserved_events(decision, now),
    )


def _release(replaced: Sequence[Reservation], now: datetime) -> None:
    if replaced:
        reason = "taken for good"
        balances.book(entries=give_back(replaced, Kind.RELEASED, at=now, reason=reason))
        transitions.apply_many(replaced, "release", now=now, reason=reason)


def _replaced(found: Found, demands: Sequence[Demand]) -> list[Reservation]:
    if not found.live:
        return []
    keys = [row.id for demand in demands for row in _softly_held(found, demand)]
    return list(Reservation.objects.filter(pk__in=keys).order_by("pk")) if keys else []


def rows_for(decision: Decision, manner: Manner, now: datetime) -> list[dict[str, Any]]:
    """One row per demand, line, position and lot; legs of one line at one place are one row."""
    actor = current().actor
    sums: dict[tuple[str, str, str, int, int | None], dict[str, Any]] = {}
    for take in decision.takes:
        demand = take.demand
        key = (demand.demand_kind, demand.demand_ref, take.leg.line_ref, take.position_id,
               take.lot_id)  # fmt: skip
        if key in sums:
            sums[key]["quantity"] += take.quantity
            sums[key]["earmarked"] += take.earmarked
            continue
        at = demand.at or now
        sums[key] = {
            "public_id": ids.public_id("rsv", at=at),
            "organization_id": demand.organization_id,
            "demand_kind": demand.demand_kind,
            "demand_ref": demand.demand_ref,
            "line_ref": take.leg.line_ref,
            "variant_id": take.leg.variant_id,
            "position_id": take.position_id,
            "lot_id": take.lot_id,
            "part": 0,
            "quantity": take.quantity,
            "earmarked": take.earmarked,
            "channel": demand.channel,
            "needed_on": demand.needed_on,
            "status": manner.status,
            "expires_at": manner.expires_at,
            "at": at,
            "actor": demand.actor or actor,
        }
    return list(sums.values())


def reserved_events(decision: Decision, now: datetime) -> list[StockReserved]:
    given: dict[int, list[tuple[Leg, int]]] = defaultdict(list)
    for take in decision.takes:
        given[id(take.demand)].append((take.leg, take.quantity))
    return [
        telling.reserved(demand, given[id(demand)], at=demand.at or now)
        for demand in decision.taken
    ]
