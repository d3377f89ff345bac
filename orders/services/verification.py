"""Runs the rules over new orders: results stored per rule, holds opened, the content confirmed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from oms.core import bulk, transitions
from oms.core.transactions import needs_transaction
from orders.models import Hold, Order, RuleResult
from orders.rules import DUPLICATE_WINDOW, HOLD, Answer, Facts, Rule, judge
from orders.services import holding
from orders.services.recording import Recorded


@needs_transaction
def verify(*, orders: Sequence[Recorded]) -> None:
    """This function will judge the orders and leave each confirmed, or verifying with open holds.

    Adds the opened types to `holds` of each. The number of statements is constant.
    """
    if not orders:
        return
    answers = _judge_all(orders)
    _store(answers)
    _open_holds(answers)
    held = [item.order for item in orders if item.holds]
    content = [item.order for item in orders if not item.holds]
    transitions.apply_path(held, ["verify"], at_for=_placed_at)
    transitions.apply_path(content, ["verify", "confirm"], at_for=_placed_at)


def _placed_at(order: Order) -> datetime:
    return order.placed_at


@needs_transaction
def confirm(*, orders: Sequence[Order], at: Mapping[int, datetime]) -> None:
    """This function will confirm orders whose rules are content, each at its own time."""
    transitions.apply_many(orders, "confirm", at_for=lambda order: at[order.pk])


def open_hold_types(*, order_ids: Sequence[int]) -> dict[int, list[str]]:
    """This function will return the types of open holds by order."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Hold.objects.filter(order_id__in=order_ids, released_at=None)
    for order_id, kind in rows.values_list("order_id", "type"):
        found[order_id].append(kind)
    return dict(found)


_Answers = list[tuple[Recorded, list[tuple[Rule, Answer]]]]


def _judge_all(orders: Sequence[Recorded]) -> _Answers:
    lookalikes = _lookalikes([item.order for item in orders])
    return [(item, judge(_facts(item, lookalikes))) for item in orders]


def _facts(item: Recorded, lookalikes: Mapping[int, list[_Earlier]]) -> Facts:
    return Facts(
        address=item.draft.address,
        quantities=tuple(line.ordered for line in item.lines),
        placed_at=item.order.placed_at,
        lookalikes=tuple((number, at) for at, _, number in lookalikes[item.order.pk]),
    )


#: When another order was placed, its key and its number.
_Earlier = tuple[datetime, int, int]


def _lookalikes(orders: Sequence[Order]) -> dict[int, list[_Earlier]]:
    """Earlier orders (also of this batch) with the same customer and content, by order."""
    hashes = {order.content_hash for order in orders}
    customers = {order.customer_id for order in orders}
    earliest = min(order.placed_at for order in orders) - DUPLICATE_WINDOW
    rows = Order.objects.filter(
        ~Q(status__in=["draft", "cancelled", "rejected", "expired"]),
        customer_id__in=customers,
        content_hash__in=hashes,
        placed_at__gte=earliest,
    ).values_list("customer_id", "content_hash", "placed_at", "id", "number")
    groups: dict[tuple[int, str], list[_Earlier]] = defaultdict(list)
    for customer_id, content_hash, placed_at, key, number in rows:
        groups[customer_id, content_hash].append((placed_at, key, number))
    return {
        order.pk: [
            other
            for other in groups[order.customer_id, order.content_hash]
            if other[:2] < (order.placed_at, order.pk)
        ]
        for order in orders
    }


def _store(answers: _Answers) -> None:
    bulk.insert_rows(
        RuleResult,
        [
            {
                "order_id": item.order.pk,
                "rule": rule.code,
                "rule_version": rule.version,
                "run": 1,
                "verdict": answer.verdict,
                "reasons": list(answer.reasons),
                "created_at": item.order.placed_at,
            }
            for item, judged in answers
            for rule, answer in judged
        ],
    )


def _open_holds(answers: _Answers) -> None:
    wanted = []
    for item, judged in answers:
        for rule, answer in judged:
            if answer.verdict == HOLD:
                item.holds.add(rule.hold_type)
                wanted.append(
                    holding.HoldDraft(
                        order=item.order,
                        type=rule.hold_type,
                        reason=answer.reasons[0]["detail"],
                        at=item.order.placed_at,
                    )
                )
    holding.open_many(drafts=wanted)
