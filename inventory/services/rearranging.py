"""Changes of what is promised without losing or winning a unit: longer, firmer, elsewhere, in two.

Each step locks its positions by (node, variant) before it reads the rows, and may be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from inventory.models import Reservation
from inventory.models.stock import StockMovement
from inventory.services import balances, giving_back, serials, splitting, taking
from inventory.services.balances import Entry, Taken
from inventory.services.reserved import NothingReserved, require, rows_of
from inventory.services.splitting import Part, PartNumbers
from inventory.services.taking import ALLOCATE, Manner, OutOfStock
from inventory.types import Demand, DemandAtNode, Leg, Shortage
from oms.core import clock, transitions
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid, NotFound
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

Kind = StockMovement.Kind
Status = Reservation.Status

_SOFT = frozenset({Status.HELD, Status.CONFIRMED})
_UNPICKED = frozenset({Status.HELD, Status.CONFIRMED, Status.ALLOCATED})

#: A cart that is touched again and again must end some time, or nobody else can buy.
MAX_EXTENSIONS = 3
#: Quotes live for days, never for weeks.
MAX_HOLD = timedelta(days=7)


class HoldExpired(Conflict):
    """The hold ran out; its stock may be somebody else's by now. Reserve again."""

    code = "inventory.hold_expired"


class HoldTooLong(Conflict):
    """A hold cannot be extended again, or not so far."""

    code = "inventory.hold_too_long"


class UnknownReservation(NotFound):
    code = "inventory.unknown_reservation"


class NotDivisible(Invalid):
    """A part has at least one unit and leaves at least one."""

    code = "inventory.not_divisible"


class AlreadyPicked(Conflict):
    """Picked units are off the shelf; they can only be shipped or given back."""

    code = "inventory.already_picked"


@needs_transaction
def extend(*, items: Sequence[DemandAtNode], expires_at: datetime) -> None:
    """This function will let holds stand until `expires_at`; longer ones stay as they are.

    :raises NothingReserved: a demand holds nothing there.
    :raises HoldExpired: one ran out before.
    :raises HoldTooLong: extended `MAX_EXTENSIONS` times, or beyond `MAX_HOLD` from its beginning.
    """
    now = clock.now()
    balances.lock_for_demands(items=items)
    rows = rows_of(items, statuses=frozenset({Status.HELD}))
    require(items, rows)
    _require_standing(rows, now)
    shorter = [row for row in rows if row.expires_at is not None and row.expires_at < expires_at]
    for row in shorter:
        if row.extensions >= MAX_EXTENSIONS or expires_at > row.created_at + MAX_HOLD:
            raise HoldTooLong(
                f"The hold of {row.demand_ref} can be extended {MAX_EXTENSIONS} times and to "
                f"{MAX_HOLD.days} days from its beginning.",
                data={"demand_ref": row.demand_ref, "extensions": row.extensions},
            )
    transitions.apply_many(shorter, "extend", now=now, kwargs={"expires_at": expires_at})


@needs_transaction
def confirm(*, items: Sequence[DemandAtNode]) -> None:
    """This function will make holds firm: they do not expire any more. Firm ones stay.

    :raises NothingReserved: a demand holds nothing there.
    :raises HoldExpired: one ran out before.
    """
    now = clock.now()
    balances.lock_for_demands(items=items)
    rows = rows_of(items, statuses=frozenset(Reservation.LIVE))
    require(items, rows)
    held = [row for row in rows if row.status == Status.HELD]
    _require_standing(held, now)
    transitions.apply_many(held, "confirm", now=now)


@needs_transaction
def allocate(*, items: Sequence[DemandAtNode]) -> None:
    """This function will turn what demands hold at the nodes into allocations there.

    Goods with lots get the lots that expire first. What is allocated stays.

    :raises NothingReserved: a demand holds nothing there.
    :raises HoldExpired: a hold ran out before.
    :raises OutOfStock: no lot is good long enough any more.
    """
    now = clock.now()
    tracked = {p.id for p in balances.lock_for_demands(items=items) if p.tracking == "lot"}
    rows = rows_of(items, statuses=frozenset(Reservation.LIVE))
    require(items, rows)
    soft = [row for row in rows if row.status in _SOFT]
    _require_standing(soft, now)
    plain = [row for row in soft if row.position_id not in tracked]
    balances.book(entries=[_shift(row, Kind.ALLOCATED, now, 1) for row in plain])
    transitions.apply_many(plain, "allocate", now=now)
    _take_lots([row for row in soft if row.position_id in tracked])


def _take_lots(rows: Sequence[Reservation]) -> None:
    if rows:
        result = taking.take(demands=[_same_demand(row) for row in rows], manner=ALLOCATE)
        if result.short:
            raise out_of_stock(next(iter(result.short.values())))


def _same_demand(row: Reservation, *, node_id: int | None = None, quantity: int = 0) -> Demand:
    """The demand of one row, for the same line and place or another."""
    assert row.position is not None
    leg = Leg(row.line_ref, row.variant_id, node_id or row.position.node_id,
              quantity or row.quantity)  # fmt: skip
    return Demand(
        organization_id=row.organization_id,
        demand_kind=row.demand_kind,
        demand_ref=row.demand_ref,
        legs=(leg,),
        channel=row.channel,
        needed_on=row.needed_on,
    )


@needs_transaction
def unroute(*, items: Sequence[DemandAtNode], reason: str) -> None:
    """This function will take unpicked allocations off the work of their nodes; the units stay
    promised to their demands.

    :raises NothingReserved: a demand has no unpicked allocation there.
    """
    now = clock.now()
    positions = balances.lock_for_demands(items=items)
    rows = rows_of(items, statuses=frozenset({Status.ALLOCATED}))
    require(items, rows)
    serials.on_released(rows=rows, positions=positions)
    balances.book(entries=[_shift(row, Kind.UNROUTED, now, -1, reason) for row in rows])
    transitions.apply_many(rows, "unroute", now=now, reason=reason)


def _shift(row: Reservation, kind: str, at: datetime, sign: int, reason: str = "") -> Entry:
    """From held to allocated, or back (`sign` -1); lots count what is allocated."""
    assert row.position_id is not None
    return Entry(
        position_id=row.position_id,
        kind=kind,
        document_kind=row.demand_kind,
        document_ref=row.demand_ref,
        at=at,
        actor=current().actor,
        reason=reason,
        lot_id=row.lot_id,
        held=-sign * row.quantity,
        allocated=sign * row.quantity,
    )


@needs_transaction
def split(*, public_id: str, quantity: int) -> str:
    """This function will part `quantity` units from an unpicked reservation.

    Both parts keep status, place and demand; their sum is what it was.

    :returns: the public id of the new part.
    :raises UnknownReservation: no such reservation.
    :raises AlreadyPicked: it is picked, or over.
    :raises NotDivisible: no unit, or none would be left.
    """
    return _split(_lock_one(public_id), quantity).public_id


def _split(row: Reservation, quantity: int) -> Reservation:
    require_quantity(quantity)
    if quantity >= row.quantity:
        detail = f"Part from 1 to {row.quantity - 1} of the {row.quantity} units."
        raise NotDivisible(detail, errors=[FieldError("/quantity", "too_large", detail)])
    kept = min(row.earmarked, row.quantity - quantity)
    part = Part(row, quantity, row.earmarked - kept)
    [new] = splitting.split(parts=[part], at=clock.now())
    return new


@needs_transaction
def move(*, public_id: str, node_id: int, reason: str, quantity: int | None = None) -> list[str]:
    """This function will give back units at one node and take as many at another, or neither.

    :returns: public ids of what is promised there now (one per lot).
    :raises UnknownReservation: no such reservation.
    :raises AlreadyPicked: it is picked, or over.
    :raises NotDivisible: fewer than one unit or more than it has.
    :raises OutOfStock: the other node has not enough; nothing changes.
    """
    row = _lock_one(public_id, other_node=node_id)
    assert row.position is not None
    if row.position.node_id == node_id:
        return [row.public_id]
    units = row.quantity if quantity is None else require_quantity(quantity)
    if units > row.quantity:
        detail = f"It has {row.quantity} units."
        raise NotDivisible(detail, errors=[FieldError("/quantity", "too_large", detail)])
    return _move(row, node_id, units, reason)


def _move(row: Reservation, node_id: int, units: int, reason: str) -> list[str]:
    now = clock.now()
    demand = _same_demand(row, node_id=node_id, quantity=units)
    manner = Manner("move", row.status, Kind.MOVED, row.expires_at, frozenset())
    decision = taking.decide_alone(demand, manner, now)
    if decision.short:
        raise out_of_stock(next(iter(decision.short.values())))
    leaving = row if units == row.quantity else _split(row, units)
    arriving = taking.rows_for(decision, manner, now)
    numbers = PartNumbers([row])
    for new in arriving:
        new["part"] = numbers.take(row, new["position_id"])
    balances.book(
        entries=giving_back.give_back([leaving], Kind.MOVED, at=now, reason=reason),
        taken=[Taken(new, manner.trigger, manner.kind) for new in arriving],
    )
    moved = [new["public_id"] for new in arriving]
    # Elsewhere it is as old, and as often extended, as it was here.
    Reservation.objects.filter(public_id__in=moved).update(
        created_at=row.created_at, extensions=row.extensions
    )
    transitions.apply(leaving, "release", now=now, reason=reason)
    emitting.emit_many(
        [*giving_back.released_events([leaving], at=now), *taking.reserved_events(decision, now)]
    )
    return moved


def _lock_one(public_id: str, *, other_node: int | None = None) -> Reservation:
    """The row with its position, and its place at another node, locked in the order of all."""
    found = Reservation.objects.filter(public_id=public_id).select_related("position").first()
    if found is None:
        raise UnknownReservation(f"There is no reservation {public_id}.")
    if found.position is None:
        raise NothingReserved(f"{public_id} is at no node.")
    places = {(found.position.node_id, found.variant_id)}
    if other_node is not None:
        places.add((other_node, found.variant_id))
    positions = balances.lock_places(places=places)
    row = (
        Reservation.objects.select_for_update(of=("self",))
        .select_related("position")
        .get(pk=found.pk)
    )
    if row.status not in _UNPICKED:
        raise AlreadyPicked(f"{public_id} is {row.status}.", data={"state": row.status})
    if row.status == Status.HELD:
        _require_standing([row], clock.now())
    # Numbers were chosen for what it was; they are chosen anew for what it becomes.
    serials.on_released(rows=[row], positions=positions)
    return row


def _require_standing(rows: Sequence[Reservation], now: datetime) -> None:
    for row in rows:
        if row.status == Status.HELD and row.expires_at is not None and row.expires_at <= now:
            raise HoldExpired(
                f"The hold of {row.demand_ref} ran out at {row.expires_at.isoformat()}.",
                data={"demand_ref": row.demand_ref, "expired_at": row.expires_at.isoformat()},
            )


def out_of_stock(shortages: Sequence[Shortage]) -> OutOfStock:
    """This function will say what is missing for one demand."""
    first = shortages[0]
    return OutOfStock(
        f"{first.demand_ref}: {first.wanted} wanted, {first.available} there.",
        data={
            "demand_ref": first.demand_ref,
            "lines": [
                {
                    "line_ref": short.line_ref,
                    "variant_id": short.variant_id,
                    "node_id": short.node_id,
                    "wanted": short.wanted,
                    "available": short.available,
                }
                for short in shortages
            ],
        },
    )
