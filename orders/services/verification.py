"""Runs the rules over orders: answers stored per rule, holds opened, the content confirmed.

Every verification of an order is a run of its own; nothing of an earlier one is changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from django.db import connection

from oms.core import bulk, clock, transitions
from oms.core.transactions import needs_transaction
from orders.channels.types import ChannelFacts
from orders.models import Hold, Order
from orders.rules import HOLD, REJECT, Answer, Facts, Tuned, judge
from orders.selectors import overrides, rulebook
from orders.selectors.rulebook import Rulebook
from orders.services import (
    committing,
    crediting,
    facts,
    holding,
    holds,
    recording,
    rejecting,
    stopping,
)
from orders.services.recording import Recorded

_OBJECTING = (HOLD, REJECT)
_Judged = tuple[Tuned, Answer]
#: Place among the answers, rule, version, verdict, reasons as JSON, mark.
_Alike = tuple[int, str, int, str, bytes, str]

_ANSWER = """
INSERT INTO orders_ruleresult
    (order_id, rule, rule_version, run, verdict, reasons, mark, created_at)
SELECT a.order_id, d.rule, d.version, a.run, d.verdict, d.reasons, d.mark, a.at
FROM json_to_recordset(%s::json) AS d(
    place int, rule text, version int, verdict text, reasons jsonb, mark text, numbers json)
CROSS JOIN LATERAL json_array_elements_text(d.numbers) AS e(n)
JOIN json_to_recordset(%s::json) AS a(n int, order_id bigint, run int, at timestamptz)
    ON a.n = e.n::int
ORDER BY d.place
"""


@dataclass(slots=True)
class _Case:
    """One order before its judges."""

    order: Order
    facts: Facts
    rules: Rulebook
    at: datetime
    run: int = 1
    answers: list[_Judged] = field(default_factory=list)
    #: Those of the answers that object.
    objections: list[_Judged] = field(default_factory=list)
    #: What people took responsibility for, and what was objected to before.
    covered: set[overrides.Mark] = field(default_factory=set)
    known: set[overrides.Mark] = field(default_factory=set)

    def judge(self, asked: Rulebook) -> None:
        answers = judge(self.facts, asked)
        self.answers += answers
        self.objections += [judged for judged in answers if judged[1].verdict in _OBJECTING]

    @property
    def stops(self) -> list[_Judged]:
        """What stops it, the gravest first; a rejection that comes too late stops it too."""
        found = [
            (tuned, answer)
            for tuned, answer in self.objections
            if self.mark(tuned, answer) not in self.covered
        ]
        return sorted(found, key=lambda judged: judged[1].verdict != REJECT)

    @property
    def is_refused(self) -> bool:
        return any(answer.verdict == REJECT for _, answer in self.stops)

    def news(self) -> list[_Judged]:
        return [(t, answer) for t, answer in self.stops if self.mark(t, answer) not in self.known]

    def mark(self, tuned: Tuned, answer: Answer) -> overrides.Mark:
        return overrides.mark(self.order, tuned.rule.code, answer.reasons)


@needs_transaction
def verify(*, orders: Sequence[Recorded], channel: ChannelFacts) -> None:
    """This function will judge new orders of one channel and leave each rejected, verifying with
    open holds, or received as it was: nothing stops these.

    Adds the opened types to `holds` of each. The number of statements is constant.
    """
    if not orders:
        return
    scope = (channel.organization_id, channel.code)
    rules = rulebook.current(scopes=[scope])[scope]
    first = {item.order.id for item in orders if item.is_first}
    past = facts.past_of([item.order for item in orders], [rules], first=first)
    cases = [
        _Case(item.order, facts.of_new(item, channel, past), rules, item.order.placed_at)
        for item in orders
    ]
    _judge(cases)
    _store(cases)
    for item, case in zip(orders, cases, strict=True):
        item.is_rejected = case.is_refused
        if not item.is_rejected:
            item.holds |= {tuned.rule.hold_type for tuned, _ in case.stops}
    stopped = [item for item in orders if item.holds or item.is_rejected]
    recording.save_lines(orders=stopped)
    held = [item.order for item in stopped]
    _open_holds([case for case in cases if not case.is_refused])
    transitions.apply_many(held, "verify", at_for=lambda order: order.placed_at)
    _reject([case for case in cases if case.is_refused])


def _judge(cases: Sequence[_Case]) -> None:
    """What is asked last takes something: it is not asked of orders that are refused already."""
    books = {id(case.rules): case.rules for case in cases}
    first = {key: _asked(rules, last=False) for key, rules in books.items()}
    last = {key: _asked(rules, last=True) for key, rules in books.items()}
    for case in cases:
        case.judge(first[id(case.rules)])
    open_cases = [case for case in cases if not case.is_refused]
    wanting = [case.order for case in open_cases if case.rules["credit"].is_enabled]
    credit = crediting.take(orders=wanting) if wanting else {}
    for case in open_cases:
        case.facts.credit = credit.get(case.order.id)
        case.judge(last[id(case.rules)])


def _asked(rules: Rulebook, *, last: bool) -> Rulebook:
    return {code: tuned for code, tuned in rules.items() if tuned.rule.is_last == last}


def _store(cases: Sequence[_Case]) -> None:
    """Most orders get the same answers: each is sent once, with the orders that got it."""
    alike: dict[_Alike, list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        for place, (tuned, answer) in enumerate(case.answers):
            mark = case.mark(tuned, answer)[1] if answer.verdict in _OBJECTING else ""
            reasons = orjson.dumps(answer.reasons) if answer.reasons else b"[]"
            key = (place, tuned.rule.code, tuned.version, answer.verdict, reasons, mark)
            alike[key].append(number)
    asked = [
        {"order_id": case.order.id, "run": case.run, "at": case.at, "n": number}
        for number, case in enumerate(cases)
    ]
    names = ("place", "rule", "version", "verdict", "reasons", "mark", "numbers")
    answers = [
        dict(zip(names, (*key[:4], orjson.Fragment(key[4]), key[5], numbers), strict=True))
        for key, numbers in alike.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ANSWER, [orjson.dumps(rows).decode() for rows in (answers, asked)])


def _open_holds(cases: Sequence[_Case]) -> None:
    """The first rule of a type says why; the others stand with the answers."""
    wanted: dict[tuple[int, str], holding.HoldDraft] = {}
    for case in cases:
        for tuned, answer in case.news():
            draft = holding.HoldDraft(
                order=case.order,
                type=tuned.rule.hold_type,
                reason=answer.reasons[0]["detail"],
                at=case.at,
                rule=tuned.rule.code,
            )
            wanted.setdefault((case.order.id, draft.type), draft)
    holding.open_many(drafts=list(wanted.values()))


def _reject(cases: Sequence[_Case]) -> None:
    reasons = {case.order.id: case.stops[0][1].reasons[0]["detail"] for case in cases}
    times = {case.order.id: case.at for case in cases}
    rejecting.reject_many(
        orders=[case.order for case in cases],
        reason_for=lambda order: reasons[order.id],
        at_for=lambda order: times[order.id],
    )


def open_hold_types(*, order_ids: Sequence[int]) -> dict[int, list[str]]:
    """This function will return the types of open holds by order."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Hold.objects.filter(order_id__in=order_ids, released_at=None)
    for order_id, kind in rows.values_list("order_id", "type"):
        found[order_id].append(kind)
    return dict(found)


@needs_transaction
def verify_again(*, orders: Sequence[Order]) -> dict[int, set[str]]:
    """This function will judge stored orders that the caller has locked: those of a submitted
    draft, or those that were changed.

    Stores a new run of answers, opens holds for what is objected to for the first time, and lifts
    the holds that rules opened and none of their type upholds. What an override covers is no
    objection, and what a person let go is not held again. An order without open holds goes on from
    where it stopped: a new one is confirmed, routed and told. One that is confirmed already can be
    held, but not rejected. The number of statements is constant.

    :returns: the open holds by order; an order that is closed or was rejected is absent.
    """
    live = [order for order in orders if order.closed_at is None]
    if not live:
        return {}
    cases = _cases(live)
    _judge(cases)
    _store(cases)
    fresh = [case.order for case in cases if case.order.status == Order.Status.RECEIVED]
    transitions.apply_many(fresh, "verify")
    _reject([c for c in cases if c.is_refused and c.order.status == Order.Status.VERIFYING])
    kept = [case for case in cases if case.order.closed_at is None]
    _open_holds(kept)
    _lift(kept)
    return _go_on([case.order for case in kept])


def _cases(orders: Sequence[Order]) -> list[_Case]:
    keys = [order.id for order in orders]
    stored = facts.load(orders, purpose="verification")
    scopes = {order.id: (order.organization_id, stored.code_of(order)) for order in orders}
    books = rulebook.current(scopes=set(scopes.values()))
    past = facts.past_of(orders, list(books.values()))
    covered = overrides.marks_of(order_ids=keys)
    runs = overrides.last_runs(order_ids=keys)
    now = clock.now()
    cases = [
        _Case(
            order,
            stored.facts(order, past),
            books[scopes[order.id]],
            now,
            runs[order.id].number + 1,
            covered=covered[order.id],
            known=runs[order.id].objections,
        )
        for order in orders
    ]
    _rate_addresses(cases, stored)
    return cases


def _rate_addresses(cases: Sequence[_Case], stored: facts.Stored) -> None:
    changed = []
    for case in cases:
        level = facts.address_level(stored, case.order, case.facts)
        if level != case.order.address_verdict:
            case.order.address_verdict = level
            changed.append({"id": case.order.id, "address_verdict": level})
    bulk.update_rows(Order, changed)


def _lift(cases: Sequence[_Case]) -> None:
    upheld = {(case.order.id, tuned.rule.hold_type) for case in cases for tuned, _ in case.stops}
    orders = {case.order.id: case.order for case in cases}
    rows = Hold.objects.filter(order__in=list(orders), released_at=None).exclude(rule="")
    content: dict[int, set[str]] = defaultdict(set)
    for order_id, kind in rows.values_list("order_id", "type"):
        if (order_id, kind) not in upheld:
            content[order_id].add(kind)
    holds.lift_many(
        orders=[order for key, order in orders.items() if key in content],
        types=content,
        reason="The rule has no objection any more.",
    )


def _go_on(orders: Sequence[Order]) -> dict[int, set[str]]:
    """Work of what is held stops; what is new and free is confirmed, routed and told."""
    found = open_hold_types(order_ids=[order.id for order in orders])
    standing = {order.id: set(found.get(order.id, ())) for order in orders}
    stopping.tell(orders=[order for order in orders if standing[order.id]])
    free = [o for o in orders if not standing[o.pk] and o.status == Order.Status.VERIFYING]
    committing.resume(orders=free)
    return standing
