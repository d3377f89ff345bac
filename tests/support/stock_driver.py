"""Does to the real stock what a test does to the model, and reads back what the database holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from inventory.models import StockPosition
from inventory.selectors import carts
from inventory.services import reservations, stock
from inventory.tests.factories import World
from inventory.types import Demand, DemandAtNode, ReserveResult, StockChange
from inventory.types import Leg as RealLeg
from oms.core import clock
from oms.core.errors import OmsError
from oms.core.transactions import unit
from tests.support.crashing import Crash
from tests.support.stock_model import Answer, Item, Leg, Place, Promise, Wish

_SHELVES = """
SELECT p.node_id, p.variant_id, p.on_hand, p.held, p.allocated, p.quarantined
FROM inventory_stockposition p WHERE p.variant_id = ANY(%s)
"""
_PROMISES = """
SELECT r.demand_ref, r.line_ref, p.node_id, r.variant_id, r.quantity, r.status, r.created_at,
       r.expires_at, r.extensions
FROM inventory_reservation r JOIN inventory_stockposition p ON p.id = r.position_id
WHERE r.variant_id = ANY(%s) AND r.status IN ('held', 'confirmed', 'allocated', 'picked')
"""
#: Everything a step may write.
_TRACES = """
SELECT (SELECT json_agg(p ORDER BY p.id) FROM inventory_stockposition p
        WHERE p.variant_id = ANY(%(v)s))::text,
       (SELECT json_agg(s ORDER BY s.variant_id) FROM inventory_stocksummary s
        WHERE s.variant_id = ANY(%(v)s))::text,
       (SELECT json_agg(r ORDER BY r.id) FROM inventory_reservation r
        WHERE r.variant_id = ANY(%(v)s))::text,
       (SELECT count(*) FROM inventory_stockmovement),
       (SELECT count(*) FROM inventory_reservationstatuschange),
       (SELECT count(*) FROM outbox_outboxevent)
"""
_PUBLIC_ID = """
SELECT r.public_id FROM inventory_reservation r JOIN inventory_stockposition p
  ON p.id = r.position_id
WHERE r.demand_ref = %s AND r.line_ref = %s AND p.node_id = %s AND p.variant_id = %s
  AND r.quantity = %s AND r.status = %s AND r.created_at = %s
  AND r.expires_at IS NOT DISTINCT FROM %s AND r.extensions = %s
ORDER BY r.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Balances:
    on_hand: int
    held: int
    allocated: int
    quarantined: int


class Driver:
    """The services of one world; references of demands get the world's prefix."""

    def __init__(self, world: World, prefix: str) -> None:
        self.world, self.prefix = world, prefix
        self._codes = {pk: code for code, pk in world.nodes.items()}
        self._skus = {pk: sku for sku, pk in world.variants.items()}

    def attempt(
        self, call: Callable[[], Any], *, now: datetime, crash: Crash | None, is_use_case: bool
    ) -> tuple[Any, str]:
        """This function will return what the call answers and "", or None and the error's code."""
        try:
            with clock.virtual(now):
                if is_use_case:
                    return _run(call, crash), ""
                return _run(lambda: _in_transaction(call, crash), crash), ""
        except OmsError as error:
            return None, error.code

    def limit(self, place: Place, **limits: int) -> None:
        """This function will set limits of a position, as rules would."""
        node_id, variant_id = self.world.nodes[place[0]], self.world.variants[place[1]]
        StockPosition.objects.filter(node_id=node_id, variant_id=variant_id).update(**limits)

    # What can be done

    def receive(self, place: Place, units: int) -> None:
        stock.receive(changes=[self._change(place, units)])

    def take_back(self, place: Place, units: int, *, quarantine: bool) -> None:
        stock.take_back(changes=[self._change(place, units)], quarantine=quarantine)

    def adjust(self, place: Place, units: int) -> None:
        stock.adjust(changes=[self._change(place, units)])

    def transfer(self, place: Place, other: Place, units: int) -> None:
        stock.adjust(changes=[self._change(place, -units), self._change(other, units)])

    def reserve(self, wishes: Sequence[Wish]) -> Answer:
        return self._told(reservations.reserve(demands=self._demands(wishes)))

    def hold(self, wishes: Sequence[Wish], expires_at: datetime) -> Answer:
        demands = self._demands(wishes)
        return self._told(reservations.hold(demands=demands, expires_at=expires_at))

    def plan(self, lines: Sequence[tuple[str, int]], now: datetime) -> tuple[Leg, ...] | None:
        """This function will return where a cart's lines can be had; None: not all of them."""
        wanted = [
            carts.Wanted(str(number), self.world.variants[sku], count)
            for number, (sku, count) in enumerate(lines)
        ]
        with clock.virtual(now):
            plan = carts.plan(organization_id=self.world.organization_id, lines=wanted)
        if plan.short:
            return None
        return tuple(
            Leg(leg.line_ref, self._place(leg.node_id, leg.variant_id), leg.quantity)
            for leg in plan.legs
        )

    def step(self, name: str, items: Sequence[Item], **more: Any) -> Any:
        """Any of the services that take demands at nodes."""
        wanted = [
            DemandAtNode("order", self.prefix + ref, self.world.nodes[node] if node else None)
            for ref, node in items
        ]
        if name in ("release", "unroute"):
            more["reason"] = "test"
        return getattr(reservations, name)(items=wanted, **more)

    def split(self, promise: Promise, units: int) -> None:
        reservations.split(public_id=self._public_id(promise), quantity=units)

    def move(self, promise: Promise, node: str, units: int | None) -> None:
        reservations.move(
            public_id=self._public_id(promise),
            node_id=self.world.nodes[node],
            quantity=units,
            reason="test",
        )

    # What there is

    def shelves(self) -> dict[Place, Balances]:
        return {
            self._place(node, variant): Balances(*rest)
            for node, variant, *rest in self._rows(_SHELVES)
        }

    def promises(self) -> Counter[Promise]:
        return Counter(
            Promise(ref.removeprefix(self.prefix), line, self._place(node, variant), *rest)
            for ref, line, node, variant, *rest in self._rows(_PROMISES)
        )

    def traces(self) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(_TRACES, {"v": list(self._skus)})
            return tuple(cursor.fetchone())

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, [list(self._skus)])
            return cursor.fetchall()

    def _place(self, node_id: int, variant_id: int) -> Place:
        return self._codes[node_id], self._skus[variant_id]

    def _change(self, place: Place, units: int) -> StockChange:
        node, sku = place
        return StockChange(self.world.nodes[node], self.world.variants[sku], units)

    def _demands(self, wishes: Sequence[Wish]) -> list[Demand]:
        return [
            Demand(
                self.world.organization_id,
                "order",
                self.prefix + wish.ref,
                tuple(
                    RealLeg(
                        leg.line,
                        self.world.variants[leg.place[1]],
                        self.world.nodes[leg.place[0]],
                        leg.units,
                    )
                    for leg in wish.legs
                ),
                is_partial=wish.is_partial,
            )
            for wish in wishes
        ]

    def _told(self, result: ReserveResult) -> Answer:
        short: Mapping[str, Sequence[Any]] = result.short
        return Answer(
            [ref.removeprefix(self.prefix) for ref in result.taken],
            {
                ref.removeprefix(self.prefix): [
                    (s.line_ref, self._place(s.node_id, s.variant_id), s.wanted, s.available)
                    for s in missing
                ]
                for ref, missing in short.items()
            },
        )

    def _public_id(self, promise: Promise) -> str:
        node, sku = promise.place
        with connection.cursor() as cursor:
            cursor.execute(
                _PUBLIC_ID,
                [
                    self.prefix + promise.ref,
                    promise.line,
                    self.world.nodes[node],
                    self.world.variants[sku],
                    promise.units,
                    promise.status,
                    promise.made_at,
                    promise.expires_at,
                    promise.extensions,
                ],
            )
            return str(cursor.fetchone()[0])


def _run(call: Callable[[], Any], crash: Crash | None) -> Any:
    if crash is None:
        return call()
    with crash.armed():
        return call()


def _in_transaction(call: Callable[[], Any], crash: Crash | None) -> Any:
    answer = None
    with unit():
        answer = call()
        if crash is not None:
            crash.before_commit()
    return answer
