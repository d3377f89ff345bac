"""Cancelling what a node has begun: the question goes to the floor, its answer comes back as a
fact, and only then are units cancelled or told to go on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from carriers.services import withdrawing
from inventory.nodes import selectors as nodes
from inventory.warehouse.services import questions as floor
from oms.core import bulk, clock, transitions
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from orders.events import CancellationAsked, CancellationRefused
from orders.models import (
    Cancellation,
    CancellationPart,
    FulfillmentOrder,
    Order,
)
from orders.services import cancel_planning, settling
from orders.services.cancel_applying import Removal, remove
from orders.services.cancel_planning import Standing, Take

Part = CancellationPart.State
Request = FulfillmentOrder.Request


@dataclass(frozen=True, slots=True)
class Question:
    """Units of one order that somebody has in his hands."""

    cancellation: Cancellation
    standing: Standing
    takes: Sequence[Take]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the floor said of one piece of node work."""

    is_accepted: bool
    reason: str
    at: datetime


@needs_transaction
def ask(*, questions: Sequence[Question], at: datetime) -> None:
    """This function will ask the floor, and show at the node work that somebody waits."""
    questions = [question for question in questions if question.takes]
    if not questions:
        return
    works: dict[int, FulfillmentOrder] = {}
    by_reason: dict[str, dict[str, dict[tuple[str, int], int]]] = defaultdict(dict)
    for question in questions:
        why = question.cancellation.text or question.cancellation.get_reason_display()
        for node_work, units in _units(question).items():
            works[node_work.pk] = node_work
            by_reason[why][node_work.public_id] = units
    for why, asked in by_reason.items():
        floor.ask(units=asked, reason=why, at=at)
    _set_request(list(works.values()), Request.CANCEL_REQUESTED, "ask_cancel", "", at)
    codes = nodes.facts_by_id(node_ids=sorted({work.node_id for work in works.values()}))
    emitting.emit_many(
        [
            CancellationAsked(
                organization_id=question.standing.order.organization_id,
                order_ref=question.standing.order.public_id,
                number=str(question.standing.order.number),
                occurred_at=at,
                cancellation_ref=question.cancellation.public_id,
                units=sum(take.units for take in question.takes),
                node_codes=sorted({codes[work.node_id].code for work in _units(question)}),
            )
            for question in questions
        ]
    )


def _units(question: Question) -> dict[FulfillmentOrder, dict[tuple[str, int], int]]:
    found: dict[FulfillmentOrder, dict[tuple[str, int], int]] = defaultdict(dict)
    standing = question.standing
    for take in question.takes:
        assert take.source is not None
        mine = found[standing.work_of(take.source)]
        for variant_id, units in standing.variants_of(take.line, take.units).items():
            mine[standing.line_ref(take.source), variant_id] = units
    return found


def _set_request(
    works: Sequence[FulfillmentOrder], request: str, trigger: str, reason: str, at: datetime
) -> None:
    """The work's status stays; its story tells of the question and of the answer."""
    bulk.update_rows(
        FulfillmentOrder,
        [{"id": work.pk, "request": request, "version": work.version + 1} for work in works],
    )
    transitions.note(works, trigger, reason=reason, at=at)


@needs_transaction
def settle(*, answers: Mapping[str, Answer]) -> None:
    """This function will finish what the floor has answered, by the reference of its work.

    Accepted: the units are cancelled and their label given back. Refused: they go on, and whoever
    asked is told. An answer that comes again finds nothing to do.

    :raises LabelUnderway: a label is being bought in this moment; the fact will be brought again.
    """
    orders = list(
        Order.objects.select_for_update()
        .filter(fulfillment_orders__public_id__in=list(answers), pk__in=_asked(answers))
        .order_by("pk")
    )
    if not orders:
        return
    now = clock.now()
    standing = cancel_planning.load(orders=orders)
    parts = list(
        CancellationPart.objects.filter(
            state=Part.PENDING, fulfillment_order__public_id__in=list(answers)
        )
        .select_related("cancellation")
        .order_by("pk")
    )
    refs = {work.pk: work.public_id for item in standing.values() for work in item.works}
    said = {part.pk: answers[refs[part.fulfillment_order_id or 0]] for part in parts}
    accepted = [part for part in parts if said[part.pk].is_accepted]
    refused = [part for part in parts if not said[part.pk].is_accepted]
    withdrawing.withdraw(
        demand_kind="fulfillment_order",
        demand_refs=_ended(standing, accepted),
        reason="order cancelled",
    )
    removals = _removals(standing, accepted)
    remove(removals=removals, at=now)
    _refuse(standing, refused, said, now)
    _note(parts, said)
    _store([removal.cancellation for removal in removals], parts)
    settling.settle(orders=orders, at=now)


def _asked(answers: Mapping[str, Answer]) -> list[int]:
    rows = CancellationPart.objects.filter(
        state=Part.PENDING, fulfillment_order__public_id__in=list(answers)
    )
    return list(rows.values_list("cancellation__order_id", flat=True))


def _ended(standing: Mapping[int, Standing], accepted: Sequence[CancellationPart]) -> list[str]:
    """References of work of which nothing will be left."""
    units = {(part.fulfillment_order_id, part.order_line_id): part.quantity for part in accepted}
    return [
        work.public_id
        for item in standing.values()
        for work in item.works
        if all(
            units.get((work.pk, part.order_line_id), 0) >= part.quantity
            for part in item.parts[work.pk]
        )
    ]


def _removals(
    standing: Mapping[int, Standing], accepted: Sequence[CancellationPart]
) -> list[Removal]:
    """One per cancellation; of one order there is only one at a time for each piece of work."""
    takes: dict[int, list[Take]] = defaultdict(list)
    rows: dict[int, Cancellation] = {}
    for part in accepted:
        item = standing[part.cancellation.order_id]
        assert part.fulfillment_order_id is not None
        source = next(
            p
            for p in item.parts[part.fulfillment_order_id]
            if p.order_line_id == part.order_line_id
        )
        rows.setdefault(part.cancellation_id, part.cancellation)
        takes[part.cancellation_id].append(
            Take(item.line_of(source), min(part.quantity, source.quantity), source)
        )
    return [Removal(row, standing[row.order_id], takes[key]) for key, row in rows.items()]


def _refuse(
    standing: Mapping[int, Standing],
    refused: Sequence[CancellationPart],
    said: Mapping[int, Answer],
    now: datetime,
) -> None:
    if not refused:
        return
    keys = {part.fulfillment_order_id for part in refused}
    works = [w for item in standing.values() for w in item.works if w.pk in keys]
    _set_request(works, Request.CANCEL_REJECTED, "refuse_cancel", said[refused[0].pk].reason, now)
    units: dict[int, int] = defaultdict(int)
    first: dict[int, CancellationPart] = {}
    for part in refused:
        units[part.cancellation_id] += part.quantity
        first.setdefault(part.cancellation_id, part)
    emitting.emit_many(
        [
            CancellationRefused(
                organization_id=standing[part.cancellation.order_id].order.organization_id,
                order_ref=standing[part.cancellation.order_id].order.public_id,
                number=str(standing[part.cancellation.order_id].order.number),
                occurred_at=now,
                cancellation_ref=part.cancellation.public_id,
                units=units[key],
                reason=said[part.pk].reason,
            )
            for key, part in first.items()
        ]
    )


def _note(parts: Sequence[CancellationPart], said: Mapping[int, Answer]) -> None:
    for part in parts:
        answer = said[part.pk]
        part.state = Part.DONE if answer.is_accepted else Part.REFUSED
        part.answer, part.answered_at = answer.reason[:200], answer.at
    names = ("id", "state", "answer", "answered_at")
    bulk.update_rows(
        CancellationPart, [{name: getattr(part, name) for name in names} for part in parts]
    )


def _store(changed: Sequence[Cancellation], parts: Sequence[CancellationPart]) -> None:
    rows = {part.cancellation_id: part.cancellation for part in parts}
    rows |= {row.pk: row for row in changed}
    states: dict[int, set[str]] = defaultdict(set)
    found = CancellationPart.objects.filter(cancellation__in=list(rows))
    for key, state in found.values_list("cancellation_id", "state"):
        states[key].add(state)
    bulk.update_rows(
        Cancellation,
        [
            {
                "id": row.pk,
                "state": _state(states[row.pk]),
                "units": row.units,
                "amount": row.amount,
            }
            for row in rows.values()
        ],
    )


def _state(states: set[str]) -> str:
    if Part.PENDING in states:
        return Cancellation.State.PENDING.value
    if states == {Part.DONE}:
        return Cancellation.State.DONE.value
    return (Cancellation.State.PARTLY if Part.DONE in states else Cancellation.State.REFUSED).value
