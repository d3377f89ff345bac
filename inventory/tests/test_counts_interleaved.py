"""Whatever happens between snapshot and booking: on hand is what was found plus what moved since,
and only as many promises end as units are missing, the youngest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count as numbers

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.models import Reservation, StockCount
from inventory.services import counts, ledger, reservations
from inventory.services.displacing import PickedIsMissing
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import CountedLine
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db

#: A fresh variant for each example: the rows of the one before stay where they are.
_skus = numbers()

_steps = st.lists(
    st.tuples(
        st.sampled_from(["receive", "reserve", "reserve", "pick", "consume", "cancel"]),
        st.integers(1, 6),
    ),
    max_size=12,
)


@dataclass
class _Shelf:
    """The model: one place, its promises in the order they were made."""

    world: World
    sku: str
    on_hand: int = 0
    allocated: dict[str, int] = field(default_factory=dict)
    picked: dict[str, int] = field(default_factory=dict)
    made: int = 0

    def walk(self, steps: list[tuple[str, int]]) -> None:
        for step, units in steps:
            getattr(self, step)(units)

    def receive(self, units: int) -> None:
        self.world.receive("reno", self.sku, units)
        self.on_hand += units

    def reserve(self, units: int) -> None:
        self.made += 1
        ref = f"{self.sku}-{self.made}"
        at = NOON + timedelta(minutes=self.made)
        with unit():
            taken = reservations.reserve(
                demands=[self.world.demand(ref, self.world.leg("reno", self.sku, units), at=at)]
            ).taken
        assert bool(taken) == (units <= self.on_hand - self.promised)
        if taken:
            self.allocated[ref] = units

    def pick(self, which: int) -> None:
        ref = self._one(self.allocated, which)
        if ref:
            with unit():
                reservations.pick(items=[at_node(ref)])
            self.picked[ref] = self.allocated.pop(ref)

    def consume(self, which: int) -> None:
        ref = self._one(self.picked, which)
        if ref:
            with unit():
                reservations.consume(items=[at_node(ref)])
            self.on_hand -= self.picked.pop(ref)

    def cancel(self, which: int) -> None:
        ref = self._one(self.allocated, which)
        if ref:
            with unit():
                reservations.release(items=[at_node(ref)], reason="cancelled")
            del self.allocated[ref]

    @property
    def promised(self) -> int:
        return sum(self.allocated.values()) + sum(self.picked.values())

    @property
    def lying(self) -> int:
        """What is on the shelf: not yet shipped, and in nobody's hands."""
        return self.on_hand - sum(self.picked.values())

    def lose(self, units: int) -> dict[str, int]:
        """Takes units from the youngest allocations; who lost how many."""
        lost = {}
        for ref in reversed(list(self.allocated)):
            taken = min(max(0, units), self.allocated[ref])
            if taken:
                units -= taken
                lost[ref] = taken
        return lost

    def _one(self, refs: dict[str, int], which: int) -> str:
        return list(refs)[which % len(refs)] if refs else ""


def _start(shelf: _Shelf) -> StockCount:
    with unit():
        return counts.start(
            node_id=shelf.world.nodes["reno"], variant_ids=[shelf.world.variants[shelf.sku]]
        )


def _finish(shelf: _Shelf, count: StockCount, found: int) -> counts.Booked:
    with unit():
        counts.enter(count_id=count.pk, lines=[CountedLine(shelf.world.variants[shelf.sku], found)])
        counts.submit(count_id=count.pk)
        return counts.book(count_id=count.pk)


def _live(shelf: _Shelf, status: str) -> dict[str, int]:
    rows = Reservation.objects.filter(demand_ref__startswith=f"{shelf.sku}-", status=status)
    return dict(rows.values_list("demand_ref", "quantity"))


@settings(max_examples=50, deadline=None)
@given(opening=st.integers(0, 12), before=_steps, after=_steps, found=st.integers(-8, 8))
def test_what_was_found_plus_what_moved_since_is_on_hand(
    opening: int, before: list[tuple[str, int]], after: list[tuple[str, int]], found: int
) -> None:
    sku = f"S{next(_skus)}"
    shelf = _Shelf(make_world(skus=(sku,)), sku)
    shelf.walk([("receive", opening)] if opening else [])
    shelf.walk(before)
    count = _start(shelf)
    counted = max(0, shelf.lying + found)
    difference = counted - shelf.lying
    shelf.walk(after)
    left = shelf.on_hand + difference

    if sum(shelf.picked.values()) > left:
        with pytest.raises(PickedIsMissing):
            _finish(shelf, count, counted)
        lost = {}
        left = shelf.on_hand
    else:
        lost = shelf.lose(shelf.promised - left)
        booked = _finish(shelf, count, counted)
        assert {e.demand_ref: e.lines[0][2] for e in booked.missing} == lost

    position = shelf.world.position("reno", sku)
    kept = {ref: units - lost.get(ref, 0) for ref, units in shelf.allocated.items()}
    assert position.on_hand == left
    assert _live(shelf, "allocated") == {ref: units for ref, units in kept.items() if units}
    assert _live(shelf, "picked") == shelf.picked
    assert ledger.verify().differences == []
