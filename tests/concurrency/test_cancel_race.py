"""Cancelling against every step of the floor at the same instant, a thousand times: a unit is
cancelled with its stock back, or it is shipped; never both, never neither."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from django.db import connection

from carriers.adapters.base import LabelResult
from carriers.models import LabelIntent, Shipment
from carriers.services import label_claims, label_records
from carriers.services.label_calls import Fate, Outcome
from inventory.models import Reservation, StockPosition
from inventory.services import ledger
from inventory.warehouse.models import WorkOrder
from inventory.warehouse.services import floor, questions
from oms.core.errors import OmsError
from oms.infra.outbox.selectors import list_dead_letters
from oms.infra.outbox.services import relaying
from orders.models import Cancellation, CancellationPart, Order, OrderLine
from orders.services import cancellation
from orders.tests.factories import World, a_draft, a_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RUNS, CONTROL_RUNS, BATCH = 1_000, 80, 250
#: What the floor does while somebody cancels, by the status that the work has by then.
RIVALS = ("open", "picked", "packed", "labeled")


@dataclass
class Race:
    """Orders of one unit each, brought to where each race begins."""

    world: World
    orders: list[Order]
    refused: Counter[str] = field(default_factory=Counter)
    odd: list[BaseException] = field(default_factory=list)

    def work(self, index: int) -> str:
        return WorkOrder.objects.get(correlation_id=self.orders[index].public_id).public_id

    def run(self) -> None:
        barrier = threading.Barrier(2)
        sides = [
            threading.Thread(target=self._side, args=(barrier, step))
            for step in (self._cancel, self._go_on)
        ]
        for side in sides:
            side.start()
        for side in sides:
            side.join()

    def _side(self, barrier: threading.Barrier, step: Callable[[int], None]) -> None:
        dice = random.Random(step.__name__)
        pause = threading.Event()
        try:
            for index in range(len(self.orders)):
                barrier.wait(timeout=60)
                pause.wait(dice.uniform(0, 0.012))
                try:
                    step(index)
                except OmsError as error:
                    # Who loses is told why, in words and with a status to act on.
                    assert error.status in (409, 503) and error.detail
                    self.refused[f"{step.__name__} {error.code}"] += 1
        except BaseException as error:
            self.odd.append(error)
            barrier.abort()
        finally:
            connection.close()

    def _cancel(self, index: int) -> None:
        order = self.orders[index]
        done = cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
        if done.state == Cancellation.State.PENDING:
            questions.answer(work_ref=self.work(index), is_accepted=index % 3 > 0)

    def _go_on(self, index: int) -> None:
        rival, work = RIVALS[index % len(RIVALS)], self.work(index)
        if rival == "open":
            floor.pick(work_refs=[work], picker="rosa")
        elif rival == "picked":
            floor.pack(work_refs=[work], packer="rosa")
        elif rival == "packed":
            ref = Shipment.objects.get(correlation_id=self.orders[index].public_id).public_id
            buy_labels([ref])
        else:
            floor.hand_over(work_refs=[work])

    def finish(self) -> None:
        """Whatever goes on goes on to its end."""
        relaying.drain()
        asked = WorkOrder.objects.filter(cancel_asked_at__isnull=False)
        for ref in list(asked.values_list("public_id", flat=True)):
            with suppress(OmsError):
                questions.answer(work_ref=ref, is_accepted=True)
        relaying.drain()
        bring_along("labeled")
        floor.hand_over(work_refs=works_in("labeled"))
        relaying.drain()

    def violations(self) -> list[str]:
        """Orders of which the one unit is both or neither, or whose parts disagree."""
        found = []
        lines = {line.order_id: line for line in OrderLine.objects.all()}
        works = {w.correlation_id: w.status for w in WorkOrder.objects.all()}
        stock = dict(Reservation.objects.values_list("demand_ref", "status"))
        parcels = dict(Shipment.objects.values_list("correlation_id", "status"))
        paid_back = dict(Cancellation.objects.filter(units=1).values_list("order_id", "amount"))
        for order in Order.objects.all():
            ref, line = order.public_id, lines[order.pk]
            cancelled = (
                order.status == "cancelled", line.cancelled == 1, works[ref] == "cancelled",
                stock[ref] == "released", order.pk in paid_back,
                parcels.get(ref, "voided") in ("voided", "label_failed"),
            )  # fmt: skip
            shipped = (
                order.status == "released", line.shipped == 1, works[ref] == "handed_over",
                stock[ref] == "consumed", order.pk not in paid_back,
                parcels.get(ref) == "handed_over",
            )  # fmt: skip
            if all(cancelled) == all(shipped):
                found.append(f"{order}: cancelled {cancelled}, shipped {shipped}")
        return found


def works_in(status: str) -> list[str]:
    works = WorkOrder.objects.filter(status=status, cancel_asked_at=None).order_by("pk")
    return list(works.values_list("public_id", flat=True))


def buy_labels(refs: list[str] | None = None) -> None:
    """What a worker does around the call of the carrier; the carrier sells at once."""
    while claimed := label_claims.claim_due(limit=BATCH, shipment_refs=refs):
        label_records.record(outcomes=[_sold(intent) for intent in claimed], files={})


def _sold(intent: LabelIntent) -> Outcome:
    number = f"TRK{intent.pk:09d}"
    label = LabelResult(number, Decimal("5.00"), "USD", b"%PDF", b"^XA", "x")
    return Outcome(intent.pk, intent.tries, Fate.BOUGHT, label)


def bring_along(status: str, order_refs: set[str] | None = None) -> None:
    """Moves work to where it has the status; all of it, or that of some orders."""

    def take(wanted: str) -> list[str]:
        works = WorkOrder.objects.filter(status=wanted, cancel_asked_at=None)
        if order_refs is not None:
            works = works.filter(correlation_id__in=order_refs)
        return list(works.values_list("public_id", flat=True))

    stage = RIVALS.index(status)
    if stage >= 1 and (refs := take("open")):
        floor.pick(work_refs=refs, picker="rosa")
    if stage >= 2 and (refs := take("picked")):
        floor.pack(work_refs=refs, packer="rosa")
    relaying.drain()
    if stage >= 3:
        mine = Shipment.objects.all()
        if order_refs is not None:
            mine = mine.filter(correlation_id__in=order_refs)
        buy_labels(list(mine.values_list("public_id", flat=True)))
        relaying.drain()


def a_race(runs: int) -> Race:
    world = a_world(stock_at={"reno": {"A": runs}})
    for start in range(0, runs, BATCH):
        world.place(*[a_draft(f"R-{n}") for n in range(start, min(start + BATCH, runs))])
    relaying.drain()
    race = Race(world, list(Order.objects.order_by("pk")))
    for index, status in enumerate(RIVALS):
        refs = {order.public_id for order in race.orders[index :: len(RIVALS)]}
        bring_along(status, refs)
    return race


def test_every_unit_is_cancelled_or_shipped() -> None:
    race = a_race(RUNS)

    race.run()
    race.finish()

    assert race.odd == []
    assert race.violations() == []
    shipped = OrderLine.objects.filter(shipped=1).count()
    cancelled = OrderLine.objects.filter(cancelled=1).count()
    # Both sides won often enough for the race to have been one.
    assert shipped + cancelled == RUNS and min(shipped, cancelled) > RUNS // 20
    assert sum(race.refused.values()) > RUNS // 20
    position = StockPosition.objects.get()
    assert (position.on_hand, position.allocated) == (RUNS - shipped, 0)
    assert not CancellationPart.objects.filter(state="pending").exists()
    assert list(list_dead_letters()) == []
    assert ledger.verify().count == 0


def test_without_asking_the_floor_units_are_both(monkeypatch: pytest.MonkeyPatch) -> None:
    race = a_race(CONTROL_RUNS)
    monkeypatch.setattr(questions, "look", lambda *, demand_refs: {})

    race.run()
    monkeypatch.undo()
    race.finish()

    assert race.violations() != []
