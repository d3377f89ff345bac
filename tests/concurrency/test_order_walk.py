"""Long random lives of orders: cancelled, short, split, received, shipped. After every step the
counters of every line say what stock, queue and node work say; a weakened service is found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from django.db.models import F, Sum

from inventory.models import Backorder, Reservation, SellingRule, StockMovement, StockPosition
from inventory.services import ledger
from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import floor, questions, short_picks
from oms.core.errors import OmsError
from oms.infra.outbox.selectors import list_dead_letters
from oms.infra.outbox.services import relaying
from orders import line_refs
from orders.models import FulfillmentLine, FulfillmentOrder, Order, OrderLine
from orders.services import cancel_applying, cancellation, reassigning
from orders.tests.factories import World, a_draft, a_world
from orders.types import LineDraft
from tests.concurrency.test_cancel_race import buy_labels

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

STEPS = 40
#: Discount and tax that no number of units divides evenly.
ODD_CENTS = (Decimal("0.50"), Decimal("1.31"))
LIVE = ("proposed", "open", "scheduled", "in_progress", "packed")


class Walk:
    """One seeded story over two nodes and two variants."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world: World = a_world(stock_at={"reno": {"A": 6, "B": 3}, "dallas": {"A": 4}})
        SellingRule.objects.create(
            organization_id=self.world.organization_id,
            variant_id=self.world.variant_ids["A"],
            backorder_limit=None,
        )
        self.placed = 0
        self.done: Counter[str] = Counter()
        for _ in range(3):
            self.place()

    def go(self, steps: int) -> None:
        acts: list[Callable[[], None]] = [
            self.place, self.place, self.cancel, self.cancel, self.receive, self.pick, self.pick,
            self.fall_short, self.pack, self.label, self.hand_over, self.answer, self.turn_down,
        ]  # fmt: skip
        for _ in range(steps):
            act = self.dice.choice(acts)
            with suppress(OmsError):
                act()
                self.done[act.__name__] += 1
            if self.dice.random() < 0.7:
                relaying.drain()
            self.require_counters_hold()
        relaying.drain()

    def place(self) -> None:
        self.placed += 1
        lines = (
            LineDraft("A", self.dice.randint(1, 5), Decimal("19.99"), *ODD_CENTS),
            LineDraft("B", self.dice.randint(1, 2), Decimal("20.00")),
        )
        self.world.place(
            a_draft(
                f"R-{self.placed}",
                lines=lines,
                is_partial_allowed=self.dice.random() < 0.5,
                shipping_amount=Decimal("4.90"),
            )
        )

    def cancel(self) -> None:
        order = self.dice.choice(list(Order.objects.order_by("pk")))
        if self.dice.random() < 0.2:
            cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
            return
        lines = list(order.lines.order_by("position"))
        chosen = self.dice.sample(lines, self.dice.randint(1, len(lines)))
        cancellation.cancel_lines(
            order_id=order.pk,
            quantities={x.position: self.dice.randint(1, x.ordered) for x in chosen},
            reason="customer",
        )

    def receive(self) -> None:
        node, sku = self.dice.choice([("reno", "A"), ("reno", "B"), ("dallas", "A")])
        self.world.receive(node, sku, self.dice.randint(1, 4))

    def work(self, *statuses: str) -> WorkOrder:
        found = list(WorkOrder.objects.filter(status__in=statuses).order_by("pk"))
        if not found:
            raise floor.UnknownWork()
        return self.dice.choice(found)

    def pick(self) -> None:
        floor.pick(work_refs=[self.work("open").public_id], picker="rosa")

    def fall_short(self) -> None:
        work = self.work("open")
        line = self.dice.choice(list(work.lines.order_by("pk")))
        units = self.dice.randint(1, line.quantity)
        short_picks.report(
            work_ref=work.public_id,
            missing={(line.line_ref, line.variant_id): units},
            picker="rosa",
        )

    def pack(self) -> None:
        floor.pack(work_refs=[self.work("picked").public_id], packer="rosa")

    def label(self) -> None:
        relaying.drain()
        buy_labels()

    def hand_over(self) -> None:
        floor.hand_over(work_refs=[self.work("labeled").public_id])

    def answer(self) -> None:
        works = WorkOrder.objects.filter(cancel_asked_at__isnull=False).order_by("pk")
        work = self.dice.choice(list(works) or [self.work("picked")])
        questions.answer(work_ref=work.public_id, is_accepted=self.dice.random() < 0.6)

    def turn_down(self) -> None:
        works = list(FulfillmentOrder.objects.filter(status="open").order_by("pk"))
        if works and self.dice.random() < 0.4:
            reassigning.turn_down(work_ref=self.dice.choice(works).public_id, reason="Flooded.")

    # What must hold

    def require_counters_hold(self) -> None:
        """At any moment, whatever has not been told yet."""
        assert ledger.verify().count == 0
        for order in Order.objects.all():
            lines = list(order.lines.all())
            parts = [_worth(line) for line in lines]
            if all(line.cancelled == line.ordered for line in lines):
                parts.append(Decimal("4.90"))
            assert order.cancelled_amount == sum(parts), order

    def require_all_agree(self) -> None:
        """When everything was told."""
        for order in Order.objects.all():
            for line in order.lines.all():
                where = f"{order} line {line.position}"
                assert line.allocated == _in_work(line), where
                assert line.allocated + line.shipped == _held(order, line, FIRM), where
                assert line.backordered == _queued(order, line), where
                if line.backordered:
                    assert line.unallocated == _held(order, line, SOFT), where
        for work in FulfillmentOrder.objects.filter(status__in=LIVE):
            units = WorkLine.objects.filter(work_order__demand_ref=work.public_id)
            expected = work.lines.aggregate(n=Sum("quantity"))["n"]
            if WorkOrder.objects.filter(demand_ref=work.public_id).exists():
                assert units.aggregate(n=Sum("quantity"))["n"] == expected, work

    def require_nothing_lost(self) -> None:
        moved = Counter[str]()
        for kind, units in StockMovement.objects.values_list("kind").annotate(
            n=Sum("on_hand_delta")
        ):
            moved[kind] += units
        shipped = OrderLine.objects.aggregate(n=Sum("shipped"))["n"] or 0
        assert moved["shipped"] == -shipped
        on_hand = StockPosition.objects.aggregate(n=Sum("on_hand"))["n"]
        assert on_hand == moved["received"] + moved["adjusted"] - shipped


FIRM, SOFT = ("allocated", "picked", "consumed"), ("held", "confirmed")


def _worth(line: OrderLine) -> Decimal:
    """The first cancelled units of a line, to the cent."""

    def share(amount: Decimal) -> Decimal:
        exact = amount * line.cancelled / line.ordered
        return exact.quantize(Decimal("0.01"), "ROUND_HALF_UP")

    discount, tax = share(line.discount_amount), share(line.tax_amount)
    return line.unit_amount * line.cancelled - discount + tax


def _in_work(line: OrderLine) -> int:
    rows = FulfillmentLine.objects.filter(order_line=line, fulfillment_order__status__in=LIVE)
    return rows.aggregate(n=Sum("quantity"))["n"] or 0


def _held(order: Order, line: OrderLine, statuses: tuple[str, ...]) -> int:
    rows = Reservation.objects.filter(demand_ref=order.public_id, status__in=statuses)
    return sum(row.quantity for row in rows if line_refs.position_of(row.line_ref) == line.position)


def _queued(order: Order, line: OrderLine) -> int:
    rows = Backorder.objects.filter(demand_ref=order.public_id, line_ref=str(line.position))
    return rows.aggregate(n=Sum(F("quantity") - F("filled") - F("cancelled")))["n"] or 0


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_lost_or_doubled_on_a_long_way(seed: int) -> None:
    walk = Walk(seed)

    for _ in range(2):
        walk.go(STEPS // 2)
        walk.require_all_agree()
    walk.require_nothing_lost()

    assert walk.done["cancel"] and walk.done["place"]
    assert list(list_dead_letters()) == []


def test_a_service_that_keeps_what_was_cancelled_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel_applying, "_free_stock", lambda *_: None)

    walk = Walk(1)
    relaying.drain()
    walk.require_all_agree()
    line = OrderLine.objects.filter(allocated__gt=0).order_by("pk")[0]

    cancellation.cancel_lines(
        order_id=line.order_id, quantities={line.position: 1}, reason="customer"
    )
    relaying.drain()

    with pytest.raises(AssertionError):
        walk.require_all_agree()
