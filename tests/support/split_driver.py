"""Splits, merges and moves orders at random, many at a time, and reads what they are afterwards."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum

from inventory.models import Backorder, Reservation
from inventory.services import filling
from inventory.warehouse.models import WorkLine, WorkOrder
from oms.core.errors import OmsError
from oms.core.transactions import consumer
from oms.infra.outbox.models import OutboxEvent
from orders import line_refs
from orders.models import FulfillmentLine, FulfillmentOrder, Order, OrderLine
from orders.services import (
    after_split,
    backlog,
    cancellation,
    merging,
    moving,
    order_splitting,
    release,
    splitting,
)
from orders.tests.factories import NOW, World, a_draft

STATES = ("cancelled", "unallocated", "backordered", "allocated", "shipped", "delivered")
LIVE = ("proposed", "open", "in_progress", "packed")

#: Units by (order, position, state).
Units = Counter[tuple[int, int, str]]


@dataclass
class Story:
    """A handful of orders and what becomes of them."""

    world: World
    chance: random.Random
    name: str
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    worth: dict[int, Decimal] = field(default_factory=dict)

    def begin(self, count: int) -> None:
        drafts = [
            a_draft(
                f"{self.name}-{n}", lines=self._wish(n), placed_at=NOW + timedelta(minutes=n % 9)
            )
            for n in range(count)
        ]
        placed = self.world.place(*drafts)
        assert all(answer.is_placed for answer in placed)
        release.release_orders(at={answer.public_id: NOW for answer in placed})
        self.worth = self._worth()

    def _wish(self, n: int) -> dict[str, int]:
        wish = {"A": self.chance.randint(4, 9), "B": self.chance.randint(2, 6)}
        return wish | ({"C": self.chance.randint(3, 8)} if n % 3 == 0 else {})

    @property
    def orders(self) -> Any:
        return Order.objects.filter(external_ref__startswith=f"{self.name}-")

    def open_works(self) -> list[FulfillmentOrder]:
        rows = FulfillmentOrder.objects.filter(order__in=self.orders, status="open")
        found = list(rows.prefetch_related("lines__order_line").select_related("order", "node"))
        self.chance.shuffle(found)
        return found

    def attempt(self, name: str, count: int, act: Callable[[], object]) -> None:
        """All of a batch is done, or none of it with a typed refusal."""
        if not count:
            return
        try:
            act()
        except OmsError as error:
            self.refused[type(error).__name__] += 1
        else:
            self.done[name] += count

    def some(self, line: Any) -> int:
        return self.chance.randint(1, max(1, line.quantity // 2))

    # What may happen, each in one call for as many as there are.

    def split(self) -> None:
        parts = []
        for work in self.alone():
            lines = list(work.lines.all())
            if sum(line.quantity for line in lines) > 1:
                line = self.chance.choice(lines)
                units = min(self.some(line), sum(x.quantity for x in lines) - 1)
                parts.append(splitting.WorkPart(work.public_id, {line.order_line.position: units}))
        self.attempt("split", len(parts), lambda: splitting.split_work(parts=parts))

    def move(self) -> None:
        moves, seen = [], set()
        lines = OrderLine.objects.filter(order__in=self.orders)
        waiting = lines.filter(Q(unallocated__gt=0) | Q(backordered__gt=0))
        waits = set(waiting.values_list("order_id", flat=True))
        for work in self.alone():
            if work.order_id in seen or work.order_id in waits:
                continue
            seen.add(work.order_id)
            line = self.chance.choice(list(work.lines.all()))
            moves.append(
                moving.WorkMove(work.public_id, {line.order_line.position: self.some(line)})
            )
        self.attempt("move", len(moves), lambda: moving.move_units(moves=moves))

    def split_orders(self) -> None:
        parts = []
        for order in self.orders.filter(closed_at=None).prefetch_related("lines"):
            lines = [x for x in order.lines.all() if x.ordered > x.cancelled]
            units = sum(line.ordered - line.cancelled for line in lines)
            if units < 2 or self.chance.random() < 0.5:
                continue
            line = self.chance.choice(lines)
            there = line.ordered - line.cancelled
            parts.append(
                order_splitting.OrderUnits(
                    order.pk, {line.position: self.chance.randint(1, min(there, units - 1))}
                )
            )
        shared = self.shared_orders()
        parts = [part for part in parts if part.order_id not in shared]
        self.attempt("split order", len(parts), lambda: order_splitting.split_orders(parts=parts))
        self.go_on()

    def merge(self) -> None:
        alike: dict[tuple[int, str], list[FulfillmentOrder]] = defaultdict(list)
        for work in self.alone():
            alike[work.node_id, work.service_code].append(work)
        parcels = [
            merging.Shared([work.public_id for work in group[n : n + 3]])
            for group in alike.values()
            for n in range(0, len(group) - 2, 4)
        ]
        works = sum(len(parcel.work_refs) for parcel in parcels)
        self.attempt("merge", works, lambda: merging.merge(parcels=parcels))

    def unmerge(self) -> None:
        shared = [w for w in self.open_works() if w.merged_into_id is not None]
        refs = [work.public_id for work in shared if self.chance.random() < 0.7]
        self.attempt("un-merge", len(refs), lambda: merging.unmerge(work_refs=refs))

    def receive(self) -> None:
        self.world.receive(self.chance.choice(["reno", "dallas"]), "C", self.chance.randint(3, 25))
        with consumer():
            filling.fill_free(variant_ids={self.world.variant_ids["C"]})
        self.hear_of_arrivals()
        self.done["receive"] += 1
        self.go_on()

    def cancel(self) -> None:
        free = self.orders.filter(closed_at=None)
        for key in self.chance.sample(list(free.values_list("pk", flat=True)), k=2):
            self.attempt("cancel", 1, lambda key=key: cancellation.cancel(order_id=key, reason="x"))

    def wrong(self) -> None:
        """What must be refused and change nothing."""
        [work, *_] = self.open_works()
        for act in (
            lambda: splitting.split_work(parts=[splitting.WorkPart(work.public_id, {1: 10_000})]),
            lambda: merging.merge(parcels=[merging.Shared([work.public_id] * 2)]),
            lambda: order_splitting.split_orders(
                parts=[order_splitting.OrderUnits(work.order_id, {99: 1})]
            ),
        ):
            before = sum(self.done.values())
            self.attempt("wrong", 1, act)
            assert sum(self.done.values()) == before

    def alone(self) -> list[FulfillmentOrder]:
        works = self.open_works()
        leads = {work.merged_into_id for work in works}
        return [w for w in works if w.merged_into_id is None and w.pk not in leads]

    def shared_orders(self) -> set[int]:
        works = self.open_works()
        leads = {work.merged_into_id for work in works} - {None}
        return {w.order_id for w in works if w.merged_into_id is not None or w.pk in leads}

    def go_on(self) -> None:
        refs = list(self.orders.filter(closed_at=None).values_list("public_id", flat=True))
        after_split.go_on(order_refs=refs)

    def hear_of_arrivals(self) -> None:
        units = {
            (order.public_id, line.position): line.backordered - queued
            for order, line, queued in self._queued()
            if line.backordered > queued
        }
        backlog.take_filled(units=units)

    def _queued(self) -> Iterator[tuple[Order, OrderLine, int]]:
        rows = Backorder.objects.values_list("demand_ref", "line_ref").annotate(
            n=Sum(F("quantity") - F("filled") - F("cancelled"))
        )
        queued = {(ref, line): n for ref, line, n in rows}
        for line in OrderLine.objects.filter(order__in=self.orders).select_related("order"):
            yield line.order, line, queued.get((line.order.public_id, str(line.position)), 0)

    # What it looks like.

    def units(self) -> Units:
        """By the order that they were placed with."""
        found: Units = Counter()
        rows = OrderLine.objects.filter(order__in=self.orders).values_list(
            "order_id", "order__split_from_id", "position", *STATES
        )
        for order, original, position, *counted in rows:
            for state, units in zip(STATES, counted, strict=True):
                found[original or order, position, state] += units
        return +found

    def faults(self) -> list[str]:
        """Where counters, work, reservations, queue and floor do not agree."""
        return [*self._served(), *self._held(), *self._waiting(), *self._floor(), *self._money()]

    def _live(self) -> Any:
        return FulfillmentLine.objects.filter(
            fulfillment_order__order__in=self.orders, fulfillment_order__status__in=LIVE
        )

    def _served(self) -> list[str]:
        rows = self._live().values_list("order_line_id").annotate(n=Sum("quantity"))
        served = dict(rows.order_by())
        lines = OrderLine.objects.filter(order__in=self.orders)
        return [
            f"line {key}: {allocated} set aside, work for {served.get(key, 0)}"
            for key, allocated in lines.values_list("pk", "allocated")
            if allocated != served.get(key, 0)
        ]

    def _names(self) -> Iterator[tuple[tuple[str, int, str], str, int]]:
        rows = self._live().values_list(
            "fulfillment_order__order__public_id", "fulfillment_order__node_id",
            "order_line__position", "fulfillment_order__attempt", "fulfillment_order__part",
            "fulfillment_order__public_id", "quantity",
        )  # fmt: skip
        for ref, node, position, attempt, part, work, quantity in rows:
            yield (ref, node, line_refs.of(position, attempt, part)), work, quantity

    def _held(self) -> list[str]:
        refs = list(self.orders.values_list("public_id", flat=True))
        rows = Reservation.objects.filter(demand_ref__in=refs, status__in=["allocated", "picked"])
        held = {
            (ref, node, line): units
            for ref, node, line, units in rows.values_list(
                "demand_ref", "position__node_id", "line_ref"
            ).annotate(n=Sum("quantity")).order_by()
        }  # fmt: skip
        wanted = {name: quantity for name, _, quantity in self._names()}
        return [
            f"{name}: {held.get(name, 0)} held, {wanted.get(name, 0)} to pick"
            for name in held.keys() | wanted.keys()
            if held.get(name, 0) != wanted.get(name, 0)
        ]

    def _waiting(self) -> list[str]:
        refs = list(self.orders.values_list("public_id", flat=True))
        rows = Reservation.objects.filter(demand_ref__in=refs, status__in=["held", "confirmed"])
        soft = {
            (ref, line_refs.position_of(line)): units
            for ref, line, units in rows.values_list("demand_ref", "line_ref")
            .annotate(n=Sum("quantity")).order_by()
        }  # fmt: skip
        return [
            f"{order} line {line.position}: {line.backordered} wait, {queued} in the queue, "
            f"{soft.get((order.public_id, line.position), 0)} kept for {line.unallocated}"
            for order, line, queued in self._queued()
            if line.backordered != queued
            or soft.get((order.public_id, line.position), 0) != line.unallocated
        ]

    def _floor(self) -> list[str]:
        rows = WorkLine.objects.filter(
            work_order__correlation_id__in=self.orders.values("public_id")
        ).exclude(work_order__status="cancelled")
        floor = {
            (work, line): units
            for work, line, units in rows.values_list(
                "work_order__demand_ref", "line_ref", "quantity"
            )
        }
        wanted = {(work, name[2]): quantity for name, work, quantity in self._names()}
        works = FulfillmentOrder.objects.filter(order__in=self.orders, status="open")
        orders = dict(works.values_list("public_id", "merged_into__public_id"))
        of_floor = dict(
            WorkOrder.objects.filter(demand_ref__in=list(orders)).values_list(
                "demand_ref", "merged_into__demand_ref"
            )
        )
        return [
            *(["the floor has other units to pick"] if floor != wanted else []),
            *(["the floor has other parcels"] if orders != of_floor else []),
        ]

    def _money(self) -> list[str]:
        rows = self.orders.values_list("split_from_id", "pk", "total_amount", "unit_count")
        units: Counter[int] = Counter()
        for original, key, _, count in rows:
            units[original or key] += count
        lines = OrderLine.objects.filter(order__in=self.orders)
        ordered: Counter[int] = Counter()
        for original, key, number in lines.values_list(
            "order__split_from_id", "order_id", "ordered"
        ):
            ordered[original or key] += number
        return [
            *(["units were lost on the orders"] if units != ordered else []),
            *(["money was lost"] if self._worth() != self.worth else []),
        ]

    def _worth(self) -> dict[int, Decimal]:
        """What the orders cost, by the one they were placed with."""
        found: dict[int, Decimal] = defaultdict(Decimal)
        for original, key, amount in self.orders.values_list("split_from", "pk", "total_amount"):
            found[original or key] += amount
        return dict(found)


def forget_events() -> None:
    """What is told is not what these stories are about; delivering it would take their time."""
    OutboxEvent.objects.all().delete()
