"""Whatever happens in whatever order, the queue does what a page of plain Python says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from inventory.models import Backorder, InboundSupply, Reservation, StockPosition
from inventory.services import backlog, ledger, supply
from inventory.tests.factories import make_world
from inventory.tests.test_backlog import MAY, allow, enqueue, line
from inventory.types import Loss, Receipt, SupplyDraft, SupplyRef
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db

_UNITS = st.integers(1, 6)
_DAYS = st.integers(0, 20).map(lambda days: MAY + timedelta(days=days))


@dataclass(slots=True)
class Waiter:
    ref: str
    priority: int
    number: int
    left: int
    filled: int = 0

    @property
    def place(self) -> tuple[int, int]:
        return -self.priority, self.number


@dataclass(slots=True)
class Arrival:
    ref: SupplyRef
    number: int
    day: date
    left: int


@dataclass(slots=True)
class Book:
    """The model: who waits, what comes, what is free."""

    waiters: list[Waiter] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    free: int = 0

    def queue(self) -> list[Waiter]:
        return sorted((w for w in self.waiters if w.left), key=lambda w: w.place)

    def arrive(self, units: int) -> None:
        self.free += units
        for waiter in self.queue():
            taken = min(waiter.left, self.free)
            waiter.left -= taken
            waiter.filled += taken
            self.free -= taken

    def days(self) -> dict[str, date | None]:
        """Unit by unit: each takes the next unit that comes."""
        units = self._units()
        found: dict[str, date | None] = {}
        for waiter in self.queue():
            for _ in range(waiter.left):
                found[waiter.ref] = next(units, None)
        return found

    def _units(self) -> Iterator[date]:
        for arrival in sorted(self.arrivals, key=lambda a: (a.day, a.number)):
            yield from [arrival.day] * arrival.left


_RUNS = count()


class Backlog(RuleBasedStateMachine):
    """Each run has a variant of its own, so that none has to be tidied."""

    def __init__(self) -> None:
        super().__init__()
        self.sku = f"S{next(_RUNS)}"
        self.world = make_world(skus=(self.sku,))
        self.variant = self.world.variants[self.sku]
        self.book = Book()
        self.numbers = count()

    @rule(units=_UNITS, priority=st.integers(0, 2))
    def wait(self, units: int, priority: int) -> None:
        number = next(self.numbers)
        ref = f"{self.sku}-{number}"
        answer = enqueue(line(self.world, ref, units, self.sku, priority=priority))
        self.book.waiters.append(Waiter(ref, priority, number, units))
        assert answer.waiting[ref][0].promised_on == self.book.days()[ref]

    @rule(units=_UNITS)
    def stock_comes(self, units: int) -> None:
        self.world.receive("reno", self.sku, units)
        self.book.arrive(units)

    @rule(units=_UNITS, day=_DAYS)
    def announce(self, units: int, day: date) -> None:
        number = next(self.numbers)
        document = f"{self.sku}-{number}"
        ref = SupplyRef(self.world.organization_id, "purchase_order", document)
        item = SupplyDraft(ref, self.world.nodes["reno"], self.variant, units, day)
        with unit():
            supply.announce(lines=[item])
        self.book.arrivals.append(Arrival(ref, number, day, units))

    @precondition(lambda self: self._coming())
    @rule(data=st.data(), day=_DAYS)
    def re_date(self, data: st.DataObject, day: date) -> None:
        arrival = data.draw(st.sampled_from(self._coming()))
        with unit():
            supply.reschedule(
                organization_id=arrival.ref.organization_id,
                kind=arrival.ref.kind,
                document_ref=arrival.ref.document_ref,
                expected_on=day,
            )
        arrival.day = day

    @precondition(lambda self: self._coming())
    @rule(data=st.data())
    def announced_stock_comes(self, data: st.DataObject) -> None:
        arrival = data.draw(st.sampled_from(self._coming()))
        units = data.draw(st.integers(1, arrival.left))
        with unit():
            supply.receive(receipts=[Receipt(arrival.ref, units, f"{next(self.numbers)}")])
        arrival.left -= units
        self.book.arrive(units)

    @precondition(lambda self: self._coming())
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        arrival = data.draw(st.sampled_from(self._coming()))
        units = data.draw(st.integers(1, arrival.left))
        with unit():
            supply.lose(losses=[Loss(arrival.ref, units)])
        arrival.left -= units

    @precondition(lambda self: self.book.queue())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        waiter = data.draw(st.sampled_from(self.book.queue()))
        with unit():
            assert backlog.cancel(demands=[("order", waiter.ref)]) == waiter.left
        waiter.left = 0

    @invariant()
    def the_queue_is_as_the_book_says(self) -> None:
        rows = list(Backorder.objects.filter(variant_id=self.variant).order_by("pk"))
        assert {row.demand_ref: row.filled for row in rows} == {
            waiter.ref: waiter.filled for waiter in self.book.waiters
        }
        waiting = [row for row in rows if row.quantity > row.filled + row.cancelled]
        assert {row.demand_ref: row.promised_on for row in waiting} == self.book.days()

    @invariant()
    def what_is_promised_of_arrivals_is_what_waits(self) -> None:
        promised = sum(
            row.promised for row in InboundSupply.objects.filter(variant_id=self.variant)
        )
        waiting = sum(waiter.left for waiter in self.book.waiters)
        assert promised == min(waiting, sum(arrival.left for arrival in self.book.arrivals))

    @invariant()
    def the_shelf_holds_what_was_filled(self) -> None:
        mine = Reservation.objects.filter(variant_id=self.variant)
        held = sum(mine.values_list("quantity", flat=True))
        position = StockPosition.objects.filter(variant_id=self.variant).first()
        assert held == sum(waiter.filled for waiter in self.book.waiters)
        if position is not None:
            assert (position.held, position.on_hand - position.held) == (held, self.book.free)

    def _coming(self) -> list[Arrival]:
        return [arrival for arrival in self.book.arrivals if arrival.left]

    def teardown(self) -> None:
        assert ledger.verify().count == 0


def test_the_queue_does_what_the_book_says() -> None:
    allow(make_world(), backorder_limit=None)
    run_state_machine_as_test(
        Backlog,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
