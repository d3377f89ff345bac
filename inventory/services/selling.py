"""The front of `reserve` for callers that come one by one: carts, checkouts, partners.

Callers of one process are group-committed. That stock is gone may be answered from memory, but
only what a locked read said, and only while the variant's version says that nothing changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from inventory.services import balances, reservations
from inventory.services.balances import DemandKey
from inventory.services.looking import key_of
from inventory.types import Demand, Leg, ReserveResult, Shortage
from oms.core import clock
from oms.core.context import current
from oms.core.group_commit import GroupCommit
from oms.core.transactions import unit

#: (organization_id, node_id, variant_id)
_Asked = tuple[int, int, int]

#: Places remembered at most; the oldest are forgotten.
_REMEMBERED = 10_000

#: Versions of the variants, and which of the demands hold something. Parameters: variants, demands.
_PEEK = """
SELECT (SELECT json_object_agg(s.variant_id, s.version) FROM inventory_stocksummary s
        WHERE s.variant_id = ANY(%s::bigint[])),
       (SELECT json_agg(json_build_array(r.demand_kind, r.demand_ref))
        FROM json_to_recordset(%s::json) AS d(k text, r text),
        LATERAL (SELECT * FROM inventory_reservation x
                 WHERE x.demand_kind = d.k AND x.demand_ref = d.r OFFSET 0) r
        WHERE r.status IN ('held', 'confirmed', 'allocated', 'picked'))
"""

#: Under the locks, of places where nothing but the shelf decides: what is left, the version, and
#: when the next hold runs out. Parameters: nodes, variants.
_WITNESS = """
SELECT v.organization_id, d.node_id, d.variant_id,
  GREATEST(0, p.on_hand - p.held - p.allocated - p.safety_stock), s.version,
  (SELECT min(r.expires_at) FROM inventory_reservation r
   WHERE r.variant_id = d.variant_id AND r.status = 'held' AND r.position_id = p.id)
FROM unnest(%s::bigint[], %s::bigint[]) AS d(node_id, variant_id)
JOIN inventory_stocksummary s ON s.variant_id = d.variant_id
JOIN catalog_variant v ON v.id = d.variant_id AND v.tracking = 'none'
JOIN inventory_stockposition p ON p.node_id = d.node_id AND p.variant_id = d.variant_id
  AND p.earmarked = 0 AND p.oversell_limit = 0
"""


@dataclass(frozen=True, slots=True)
class _Gone:
    """A locked read found so many units left; true while the version stands and no hold ends."""

    left: int
    version: int
    until: datetime | None


_memory: dict[_Asked, _Gone] = {}


def reserve_now(*, demand: Demand) -> ReserveResult:
    """This function will take one demand as `reservations.reserve` does, in a transaction that it
    shares with whoever else asks at the same moment, and return after the commit.

    Repeat it freely: the same demand is taken once.

    :raises QueueFull: too many wait; come back later.
    :raises Invalid: as `reservations.reserve`.
    """
    return _writer.submit(replace(demand, actor=demand.actor or current().actor))


def stop() -> None:
    """This function will end the writer of this process and forget what is gone."""
    _writer.stop()
    _memory.clear()


def _serve(demands: Sequence[Demand]) -> list[ReserveResult]:
    gone = _remembered(demands)
    rest = [demand for index, demand in enumerate(demands) if index not in gone]
    answers = _taken(rest) if rest else {}
    return [
        gone[index] if index in gone else answers[key_of(demand)]
        for index, demand in enumerate(demands)
    ]


def _taken(demands: Sequence[Demand]) -> Mapping[DemandKey, ReserveResult]:
    if reservations.reserve_at_once(demands=demands):
        return {key_of(demand): ReserveResult((demand.demand_ref,)) for demand in demands}
    with unit():
        answers = reservations.reserve_each(demands=demands)
        seen = _witness(answers.values())
    # Only now: a version that was rolled back will be somebody else's.
    _remember(seen)
    return answers


def _remembered(demands: Sequence[Demand]) -> dict[int, ReserveResult]:
    """Answers from memory, by position in the batch."""
    hopeless = {
        index: found
        for index, demand in enumerate(demands)
        if (found := _hopeless(demand)) is not None
    }
    if not hopeless:
        return {}
    versions, holders = _peek([demands[index] for index in hopeless], hopeless.values())
    now = clock.now()
    answers = {}
    for index, (leg, gone) in hopeless.items():
        demand = demands[index]
        is_over = gone.until is not None and gone.until <= now
        if is_over or versions.get(leg.variant_id) != gone.version:
            _memory.pop(_asked(demand, leg), None)
        elif key_of(demand) not in holders:
            answers[index] = _sold_out(demand, leg, gone)
    return answers


def _hopeless(demand: Demand) -> tuple[Leg, _Gone] | None:
    """The first leg that asks for more than was left, when last seen."""
    if not demand.is_partial:
        for leg in demand.legs:
            gone = _memory.get(_asked(demand, leg))
            if gone is not None and leg.quantity > gone.left:
                return leg, gone
    return None


def _asked(demand: Demand, leg: Leg) -> _Asked:
    return demand.organization_id, leg.node_id, leg.variant_id


def _peek(
    demands: Iterable[Demand], hopeless: Iterable[tuple[Leg, _Gone]]
) -> tuple[dict[int, int], set[DemandKey]]:
    variants = sorted({leg.variant_id for leg, _ in hopeless})
    keys = balances.keys_as_json(key_of(demand) for demand in demands)
    with connection.cursor() as cursor:
        cursor.execute(_PEEK, [variants, keys])
        versions, holders = cursor.fetchone()
    return (
        {int(key): version for key, version in (versions or {}).items()},
        {(kind, ref) for kind, ref in holders or ()},
    )


def _sold_out(demand: Demand, leg: Leg, gone: _Gone) -> ReserveResult:
    short = Shortage(
        demand_ref=demand.demand_ref,
        line_ref=leg.line_ref,
        variant_id=leg.variant_id,
        node_id=leg.node_id,
        wanted=leg.quantity,
        available=gone.left,
    )
    return ReserveResult(taken=(), short={demand.demand_ref: (short,)})


def _witness(answers: Iterable[ReserveResult]) -> dict[_Asked, _Gone]:
    """What is left where something was short, read under the locks."""
    places = sorted(
        {
            (short.node_id, short.variant_id)
            for answer in answers
            for shortages in answer.short.values()
            for short in shortages
        }
    )
    if not places:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_WITNESS, [[p[0] for p in places], [p[1] for p in places]])
        return {
            (organization, node, variant): _Gone(left, version, until)
            for organization, node, variant, left, version, until in cursor.fetchall()
        }


def _remember(seen: Mapping[_Asked, _Gone]) -> None:
    if len(_memory) > _REMEMBERED:
        _memory.clear()
    _memory.update(seen)


_writer: GroupCommit[Demand, ReserveResult] = GroupCommit(_serve, name="stock-writer")
