"""Takes stock for many demands at once, oversells never, and costs the same number of statements
for one demand as for a thousand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory.events import StockReleased, StockReserved
from inventory.models import Reservation, ReservationStatusChange
from inventory.models.stock import StockMovement
from inventory.services import balances
from inventory.services.balances import DemandKey, Entry, Position
from inventory.services.deciding import Decision, OwnedPlace, decide
from inventory.types import Demand, ReserveResult
from oms.core import bulk, clock, ids, transitions
from oms.core.context import current
from oms.core.errors import Invalid
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

Kind = StockMovement.Kind
Status = Reservation.Status


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


@dataclass(slots=True)
class _Found:
    """What stood there under the locks."""

    positions: dict[OwnedPlace, Position]
    served: set[DemandKey]
    own: dict[DemandKey, list[Reservation]]
    expired: list[Reservation]


@needs_transaction
def take(*, demands: Sequence[Demand], manner: Manner) -> ReserveResult:
    """This function will take the demands' legs in arrival order: all of a demand's, or none."""
    asked = _once(demands)
    _check(asked)
    now = clock.now()
    found = _look(asked, manner, now)
    fresh = [d for d in asked if (d.demand_kind, d.demand_ref) not in found.served]
    decision = decide(demands=fresh, free=_free(found), own=_own_quantities(found))
    _write(found, decision, manner, now)
    return ReserveResult(
        taken=tuple(d.demand_ref for d in asked if d.demand_ref not in decision.short),
        short=decision.short,
    )


def _once(demands: Sequence[Demand]) -> list[Demand]:
    first: dict[DemandKey, Demand] = {}
    for demand in demands:
        first.setdefault((demand.demand_kind, demand.demand_ref), demand)
    return list(first.values())


def _check(demands: Sequence[Demand]) -> None:
    for demand in demands:
        if not demand.legs:
            raise NothingDemanded(f"{demand.demand_ref} asks for nothing.")
        for leg in demand.legs:
            require_quantity(leg.quantity)


def _look(demands: Sequence[Demand], manner: Manner, now: datetime) -> _Found:
    keys = [(d.demand_kind, d.demand_ref) for d in demands]
    locked = balances.lock_for_taking(
        places={(leg.node_id, leg.variant_id) for d in demands for leg in d.legs}, demands=keys
    )
    by_id = {position.id: position for position in locked}
    # Read after the lock: what a rival committed while we waited is seen.
    live = _live(keys)
    expired = list(
        Reservation.objects.filter(
            status=Status.HELD, expires_at__lte=now, position_id__in=list(by_id)
        ).order_by("pk")
    )
    gone = {reservation.pk for reservation in expired}
    found = _Found(
        positions={(p.organization_id, p.node_id, p.variant_id): p for p in locked},
        served=set(),
        own=defaultdict(list),
        expired=expired,
    )
    for reservation in live:
        key = (reservation.demand_kind, reservation.demand_ref)
        if reservation.pk in gone:
            continue
        if reservation.status in manner.served:
            found.served.add(key)
        elif reservation.position_id is None or reservation.position_id in by_id:
            found.own[key].append(reservation)
    return found


def _live(keys: Sequence[DemandKey]) -> list[Reservation]:
    wanted = set(keys)
    rows = Reservation.objects.filter(
        demand_kind__in={kind for kind, _ in wanted},
        demand_ref__in={ref for _, ref in wanted},
        status__in=Reservation.LIVE,
    ).order_by("pk")
    return [row for row in rows if (row.demand_kind, row.demand_ref) in wanted]


def _free(found: _Found) -> dict[OwnedPlace, int]:
    by_position = Counter[int]()
    for reservation in found.expired:
        assert reservation.position_id is not None
        by_position[reservation.position_id] += reservation.quantity
    return {place: p.free + by_position[p.id] for place, p in found.positions.items()}


def _own_quantities(found: _Found) -> dict[DemandKey, dict[OwnedPlace, int]]:
    place_of = {position.id: place for place, position in found.positions.items()}
    own: dict[DemandKey, dict[OwnedPlace, int]] = {}
    for key, rows in found.own.items():
        sums = own.setdefault(key, defaultdict(int))
        for row in rows:
            if row.position_id is not None:
                sums[place_of[row.position_id]] += row.quantity
    return own


def _write(found: _Found, decision: Decision, manner: Manner, now: datetime) -> None:
    replaced = [
        row for d in decision.taken for row in found.own.get((d.demand_kind, d.demand_ref), ())
    ]
    rows = _rows(found, decision.taken, manner, now)
    balances.book(
        entries=[
            *give_back(found.expired, Kind.EXPIRED, at=now),
            *give_back(replaced, Kind.RELEASED, at=now, reason="taken for good"),
            *_taken_entries(rows, manner),
        ]
    )
    transitions.apply_many(found.expired, "expire", now=now)
    transitions.apply_many(replaced, "release", now=now, reason="taken for good")
    _insert(rows, manner)
    emitting.emit_many(
        [*released_events(found.expired, at=now), *_reserved_events(decision.taken, now)]
    )


def _rows(
    found: _Found, demands: Iterable[Demand], manner: Manner, now: datetime
) -> list[dict[str, Any]]:
    """One row per demand, line and position; legs of one line at one place are one row."""
    sums: dict[tuple[str, str, str, int], dict[str, Any]] = {}
    for demand in demands:
        for leg in demand.legs:
            place = (demand.organization_id, leg.node_id, leg.variant_id)
            position = found.positions[place]
            key = (demand.demand_kind, demand.demand_ref, leg.line_ref, position.id)
            if key in sums:
                sums[key]["quantity"] += leg.quantity
                continue
            sums[key] = {
                "public_id": ids.public_id("rsv", at=demand.at),
                "organization_id": demand.organization_id,
                "demand_kind": demand.demand_kind,
                "demand_ref": demand.demand_ref,
                "line_ref": leg.line_ref,
                "variant_id": leg.variant_id,
                "position_id": position.id,
                "quantity": leg.quantity,
                "status": manner.status,
                "expires_at": manner.expires_at,
                "version": 0,
                "created_at": demand.at or now,
            }
    return list(sums.values())


def _insert(rows: Sequence[Mapping[str, Any]], manner: Manner) -> None:
    stored = dict(bulk.insert_rows(Reservation, rows, returning="public_id, id"))
    actor = current().actor
    bulk.insert_rows(
        ReservationStatusChange,
        [
            {
                "subject_id": stored[row["public_id"]],
                "trigger": manner.trigger,
                "from_status": "",
                "to_status": manner.status,
                "actor": actor,
                "reason": "",
                "at": row["created_at"],
            }
            for row in rows
        ],
    )


def _taken_entries(rows: Sequence[Mapping[str, Any]], manner: Manner) -> list[Entry]:
    actor = current().actor
    return [
        Entry(
            position_id=row["position_id"],
            kind=manner.kind,
            document_kind=row["demand_kind"],
            document_ref=row["demand_ref"],
            at=row["created_at"],
            actor=actor,
            held=row["quantity"] if manner.status == Status.HELD else 0,
            allocated=row["quantity"] if manner.status == Status.ALLOCATED else 0,
        )
        for row in rows
    ]


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
            held=0 if _is_allocated(row) else -row.quantity,
            allocated=-row.quantity if _is_allocated(row) else 0,
        )
        for row in rows
        if row.position_id is not None
    ]


def _is_allocated(row: Reservation) -> bool:
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
            occurred_at=at if isinstance(at, datetime) else at[group[0].pk],
        )
        for (kind, ref), group in demands.items()
    ]


def _reserved_events(demands: Sequence[Demand], now: datetime) -> list[StockReserved]:
    return [
        StockReserved(
            organization_id=demand.organization_id,
            demand_kind=demand.demand_kind,
            demand_ref=demand.demand_ref,
            units=sum(leg.quantity for leg in demand.legs),
            node_ids=sorted({leg.node_id for leg in demand.legs}),
            occurred_at=demand.at or now,
        )
        for demand in demands
    ]
