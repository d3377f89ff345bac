"""What stands at the places of a batch, locked and read in one statement, ready to be
decided; one more statement where goods have serial numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from inventory.models import Reservation
from inventory.selectors import serials
from inventory.services import balances, limits
from inventory.services.balances import DemandKey, Position
from inventory.services.deciding import LotUnits, OwnedPlace, Stand
from inventory.types import Demand
from oms.core.transactions import needs_transaction

Status = Reservation.Status

#: (demand_kind, demand_ref, line_ref)
LineKey = tuple[str, str, str]


@dataclass(slots=True)
class Held:
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
class Found:
    """What stood there under the locks."""

    positions: dict[OwnedPlace, Position] = field(default_factory=dict)
    stands: dict[OwnedPlace, Stand] = field(default_factory=dict)
    live: dict[DemandKey, list[Held]] = field(default_factory=dict)
    #: Units that lines hold already, for good: nothing more is taken for these.
    served: dict[LineKey, int] = field(default_factory=dict)


def key_of(demand: Demand) -> DemandKey:
    return demand.demand_kind, demand.demand_ref


@needs_transaction
def look(
    *, demands: Sequence[Demand], served: frozenset[str], now: datetime, with_own: bool = True
) -> Found:
    """This function will lock the demands' places and tell what stands there.

    `served`: lines with reservations in these statuses need nothing more. Without `with_own` the
    demands count as if they held nothing.
    """
    told = balances.look(
        places={(leg.node_id, leg.variant_id) for d in demands for leg in d.legs},
        demands=[key_of(d) for d in demands] if with_own else [],
    )
    found = Found()
    by_id: dict[int, Stand] = {}
    for row in told["places"] or ():
        position = Position._make(row)
        place = (position.organization_id, position.node_id, position.variant_id)
        stand = Stand(position.id, position.free)
        found.positions[place] = position
        found.stands[place] = by_id[position.id] = stand
    if told["own"]:
        _remember(found, told["own"], served, now)
    _add_kept(by_id, told["allotments"] or ())
    _add_limits(found, told["rules"] or ())
    _add_lots(found, by_id, told["lots"] or ())
    return found


def _remember(
    found: Found, rows: Iterable[Sequence[Any]], served: frozenset[str], now: datetime
) -> None:
    """A hold that ran out serves nobody, but its units are still its demand's until tidied."""
    for pk, kind, ref, line, variant, position, quantity, earmarked, _, status, expires in rows:
        held = Held(pk, line, variant, position, quantity, earmarked, status, expires)
        found.live.setdefault((kind, ref), []).append(held)
        is_over = status == Status.HELD and expires is not None and expires <= now.timestamp()
        if status in served and not is_over:
            key = (kind, ref, line)
            found.served[key] = found.served.get(key, 0) + quantity


def _add_kept(by_id: Mapping[int, Stand], rows: Iterable[Sequence[Any]]) -> None:
    for position_id, channel, remaining in rows:
        by_id[position_id].kept[channel] = remaining


def _add_limits(found: Found, rows: Sequence[Sequence[Any]]) -> None:
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


def _add_lots(found: Found, by_id: Mapping[int, Stand], rows: Iterable[Sequence[Any]]) -> None:
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
