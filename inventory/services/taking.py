"""Takes stock for many demands at once, oversells never, and costs the same number of statements
for one demand as for a thousand.

Two statements decide and write a batch: `look` locks and reads, `book` changes balances, makes
reservations with their history, and writes movements. More follow only where a demand holds
something already, or where holds that ran out must be tidied to make room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import connection

from inventory.events import StockReleased, StockReserved
from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.selectors import serials
from inventory.services import _sql, balances, limits
from inventory.services.balances import DemandKey, Entry, Position, Taken
from inventory.services.deciding import Decision, LotUnits, Own, OwnedPlace, Stand, decide
from inventory.types import Demand, Leg, ReserveResult, Shortage
from oms.core import clock, ids, transitions
from oms.core.context import current
from oms.core.errors import Conflict, Invalid
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

Kind = StockMovement.Kind
Status = Reservation.Status

#: (demand_kind, demand_ref, line_ref)
LineKey = tuple[str, str, str]


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


@dataclass(slots=True)
class _Held:
    """One live reservation of a demand of this batch."""

    id: int
    line_ref: str
    variant_id: int
    position_id: int | None
    quantity: int
    earmarked: int
    status: str
    expires_at: float | None


@dataclass(slots=True)
class _Found:
    """What stood there under the locks."""

    positions: dict[OwnedPlace, Position] = field(default_factory=dict)
    stands: dict[OwnedPlace, Stand] = field(default_factory=dict)
    live: dict[DemandKey, list[_Held]] = field(default_factory=dict)
    #: Units that lines hold already, for good: nothing more is taken for these.
    served: dict[LineKey, int] = field(default_factory=dict)


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
    asked = _once(demands)
    if not asked:
        return {}
    _check(asked)
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
) -> tuple[_Found, list[Demand], Decision]:
    """Decides until no hold that ran out is in the way: one more demand that is served may leave
    the next one short, so the second look need not be the last."""
    while True:
        found = _look(asked, manner, now, with_own=with_own)
        fresh = _unserved(asked, found)
        decision = _decide(found, fresh, manner, now)
        expired = _expired(found, decision, now)
        if not expired:
            return found, fresh, decision
        _tidy(expired, now)


def key_of(demand: Demand) -> DemandKey:
    return demand.demand_kind, demand.demand_ref


def _once(demands: Sequence[Demand]) -> list[Demand]:
    first: dict[DemandKey, Demand] = {}
    for demand in demands:
        first.setdefault(key_of(demand), demand)
    return list(first.values())


def _check(demands: Sequence[Demand]) -> None:
    for demand in demands:
        if not demand.legs:
            raise NothingDemanded(f"{demand.demand_ref} asks for nothing.")
        for leg in demand.legs:
            require_quantity(leg.quantity)


def _unserved(demands: Sequence[Demand], found: _Found) -> list[Demand]:
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
    asked: Sequence[Demand], fresh: Sequence[Demand], found: _Found, decision: Decision
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


def _still_short(demand: Demand, found: _Found) -> list[Shortage]:
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


def _look(demands: Sequence[Demand], manner: Manner, now: datetime, *, with_own: bool) -> _Found:
    told = balances.look(
        places={(leg.node_id, leg.variant_id) for d in demands for leg in d.legs},
        demands=[key_of(d) for d in demands] if with_own else [],
    )
    found = _Found()
    by_id: dict[int, Stand] = {}
    for row in told["places"] or ():
        position = Position._make(row)
        place = (position.organization_id, position.node_id, position.variant_id)
        stand = Stand(position.id, position.free)
        found.positions[place] = position
        found.stands[place] = by_id[position.id] = stand
    if told["own"]:
        _remember(found, told["own"], manner, now)
    _add_kept(by_id, told["allotments"] or ())
    _add_limits(found, told["rules"] or ())
    _add_lots(found, by_id, told["lots"] or ())
    return found


def _remember(found: _Found, rows: Iterable[Sequence[Any]], manner: Manner, now: datetime) -> None:
    """A hold that ran out serves nobody, but its units are still its demand's until tidied."""
    for pk, kind, ref, line, variant, position, quantity, earmarked, _, status, expires in rows:
        held = _Held(pk, line, variant, position, quantity, earmarked, status, expires)
        found.live.setdefault((kind, ref), []).append(held)
        is_over = status == Status.HELD and expires is not None and expires <= now.timestamp()
        if status in manner.served and not is_over:
            key = (kind, ref, line)
            found.served[key] = found.served.get(key, 0) + quantity


def _add_kept(by_id: Mapping[int, Stand], rows: Iterable[Sequence[Any]]) -> None:
    for position_id, channel, remaining in rows:
        by_id[position_id].kept[channel] = remaining


def _add_limits(found: _Found, rows: Sequence[Sequence[Any]]) -> None:
    """What a channel may oversell less than the position may, it is barred from."""
    if not rows:
        return
    rules = limits.by_variant(rows)
    for (organization_id, _, variant_id), position in found.positions.items():
        if position.oversell_limit:
            channels = rules.limits_for(organization_id, variant_id)
            stand = found.stands[organization_id, position.node_id, variant_id]
            stand.barred = {
                channel: max(0, position.oversell_limit - limit)
                for channel, limit in channels.items()
            }


def _add_lots(found: _Found, by_id: Mapping[int, Stand], rows: Iterable[Sequence[Any]]) -> None:
    numbered = [p.id for p in found.positions.values() if p.tracking == "serial"]
    for position in found.positions.values():
        if position.tracking == "lot":
            by_id[position.id].lots = []
    for position_id, lot_id, units, last_day, block in rows:
        lots = by_id[position_id].lots
        if lots is not None:
            day = date.fromisoformat(last_day) if last_day else None
            lots.append(LotUnits(lot_id, units, day, bool(block)))
    for position_id, units, day, is_blocked in serials.list_free(position_ids=numbered):
        stand = by_id[position_id]
        stand.numbered = (*stand.numbered, LotUnits(None, units, day, is_blocked))


def _decide(found: _Found, demands: Sequence[Demand], manner: Manner, now: datetime) -> Decision:
    return decide(
        demands=demands,
        stands=found.stands,
        own=_own(found, demands) if found.live else {},
        today=now.date(),
        by_lot=manner.status == Status.ALLOCATED,
    )


def _own(found: _Found, demands: Sequence[Demand]) -> dict[DemandKey, dict[OwnedPlace, Own]]:
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


def _softly_held(found: _Found, demand: Demand) -> list[_Held]:
    """What the demand holds for the lines it asks for, and gives back when it is served."""
    lines = {leg.line_ref for leg in demand.legs}
    return [
        row
        for row in found.live.get(key_of(demand), ())
        if row.status in (Status.HELD, Status.CONFIRMED) and row.line_ref in lines
    ]


def _expired(found: _Found, decision: Decision, now: datetime) -> list[int]:
    """Holds that ran out where something was missing: no more of them than make room for it."""
    missing: dict[int, int] = defaultdict(int)
    for shortages in decision.short.values():
        for short in shortages:
            for place, position in found.positions.items():
                if place[1:] == (short.node_id, short.variant_id) and position.held:
                    missing[position.id] += short.wanted
    if not missing:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_sql.EXPIRED, [list(missing), list(missing.values()), now])
        return [row[0] for row in cursor.fetchall()]


def _tidy(keys: Sequence[int], now: datetime) -> None:
    rows = list(Reservation.objects.filter(pk__in=keys, status=Status.HELD).order_by("pk"))
    balances.book(entries=give_back(rows, Kind.EXPIRED, at=now))
    transitions.apply_many(rows, "expire", now=now)
    emitting.emit_many(released_events(rows, at=now))


def _write(found: _Found, decision: Decision, manner: Manner, now: datetime) -> None:
    _release(_replaced(found, decision.taken), now)
    rows = rows_for(decision, manner, now)
    balances.book(entries=(), taken=[Taken(row, manner.trigger, manner.kind) for row in rows])
    emitting.emit_many(reserved_events(decision, now))


def _release(replaced: Sequence[Reservation], now: datetime) -> None:
    if replaced:
        reason = "taken for good"
        balances.book(entries=give_back(replaced, Kind.RELEASED, at=now, reason=reason))
        transitions.apply_many(replaced, "release", now=now, reason=reason)


def _replaced(found: _Found, demands: Sequence[Demand]) -> list[Reservation]:
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


def give_back(
    rows: Sequence[Reservation],
    kind: str,
    *,
    at: datetime | Mapping[int, datetime],
    reason: str = "",
) -> list[Entry]:
    """This function will return the movements that free what the rows hold; node-less ones none.

    `at` is one time, or each row's own by primary key.
    """
    actor = current().actor
    return [
        Entry(
            position_id=row.position_id,
            kind=kind,
            document_kind=row.demand_kind,
            document_ref=row.demand_ref,
            at=at if isinstance(at, datetime) else at[row.pk],
            actor=actor,
            reason=reason,
            channel=row.channel,
            lot_id=row.lot_id,
            earmarked=row.earmarked,
            held=0 if is_allocated(row) else -row.quantity,
            allocated=-row.quantity if is_allocated(row) else 0,
        )
        for row in rows
        if row.position_id is not None
    ]


def is_allocated(row: Reservation) -> bool:
    return row.status in (Status.ALLOCATED, Status.PICKED)


def released_events(
    rows: Sequence[Reservation], *, at: datetime | Mapping[int, datetime]
) -> list[StockReleased]:
    """This function will return one event per demand, with the units it gave back."""
    demands: dict[DemandKey, list[Reservation]] = defaultdict(list)
    for row in rows:
        demands[row.demand_kind, row.demand_ref].append(row)
    return [
        StockReleased(
            organization_id=group[0].organization_id,
            demand_kind=kind,
            demand_ref=ref,
            units=sum(row.quantity for row in group),
            variant_ids=sorted({row.variant_id for row in group}),
            occurred_at=at if isinstance(at, datetime) else at[group[0].pk],
        )
        for (kind, ref), group in demands.items()
    ]


def reserved_events(decision: Decision, now: datetime) -> list[StockReserved]:
    units: dict[int, int] = defaultdict(int)
    nodes: dict[int, set[int]] = defaultdict(set)
    variants: dict[int, set[int]] = defaultdict(set)
    for take in decision.takes:
        key = id(take.demand)
        units[key] += take.quantity
        nodes[key].add(take.leg.node_id)
        variants[key].add(take.leg.variant_id)
    return [
        StockReserved(
            organization_id=demand.organization_id,
            demand_kind=demand.demand_kind,
            demand_ref=demand.demand_ref,
            units=units[id(demand)],
            node_ids=sorted(nodes[id(demand)]),
            variant_ids=sorted(variants[id(demand)]),
            occurred_at=demand.at or now,
        )
        for demand in decision.taken
    ]
