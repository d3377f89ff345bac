"""Demands that wait for stock: as many as the selling rules allow, and not one more.

Callers at the same moment are served one after the other, variant by variant. Lock order: stock
positions first, then the variants' queues; a transaction queues once, after its last reservation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q

from inventory.events import BackorderQueued
from inventory.models import Backorder
from inventory.services import _backlog_sql, promising, waiting_limits
from inventory.services.balances import DemandKey
from inventory.services.waiting_limits import Rule, RuleKey, Rules
from inventory.types import BacklogAnswer, BacklogLine, LimitReached, WaitingLine
from oms.core import bulk, clock, ids
from oms.core.errors import Invalid
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

#: (organization, variant, channel): something that somebody sells somewhere.
Offer = tuple[int, int, str]
#: (demand_kind, demand_ref, line_ref, variant_id)
_LineKey = tuple[str, str, str, int]

_OPEN = Q(quantity__gt=F("filled") + F("cancelled"))


class ForeignVariant(Invalid):
    """There is no such variant, or it is another seller's."""

    code = "inventory.foreign_variant"


@needs_transaction
def enqueue(*, lines: Sequence[BacklogLine]) -> BacklogAnswer:
    """This function will let demands wait: all lines of a demand, or none of them.

    Demands are judged in the order given, under the limits of their selling rules. A line that
    waits already is answered as it stands. Every waiting line is promised from the arrivals that
    are known; the number of statements does not grow with the lines.

    :raises InvalidQuantity: a line of less than one unit.
    :raises ForeignVariant: a variant that the organization does not sell.
    """
    asked = _once(lines)
    if not asked:
        return BacklogAnswer({})
    variants = {line.variant_id for line in asked}
    rules = waiting_limits.rules_of(
        organization_ids={line.organization_id for line in asked}, variant_ids=variants
    )
    promising.lock(variant_ids=variants)
    found = _look(asked, rules)
    known = _open_lines(asked)
    fresh, refused = _judge([line for line in asked if _key(line) not in known], found)
    if fresh:
        known |= _queue(fresh)
    waiting: dict[str, tuple[WaitingLine, ...]] = {}
    for line in asked:
        if line.demand_ref not in refused:
            waiting[line.demand_ref] = (*waiting.get(line.demand_ref, ()), known[_key(line)])
    return BacklogAnswer(waiting, refused)


@needs_transaction
def cancel(*, demands: Iterable[DemandKey]) -> int:
    """This function will let the demands wait no more; what was filled stays theirs.

    :returns: units that nobody waits for now.
    """
    keys = sorted(set(demands))
    kinds, refs = [kind for kind, _ in keys], [ref for _, ref in keys]
    variants = set(
        Backorder.objects.filter(
            _OPEN, demand_kind__in=kinds, demand_ref__in=refs
        ).values_list("variant_id", flat=True)
    )  # fmt: skip
    if not variants:
        return 0
    promising.lock(variant_ids=variants)
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.CANCEL, [kinds, refs])
        units: int = sum(row[0] for row in cursor.fetchall())
    promising.renew(variant_ids=variants)
    return units


def waiting_since(*, demand_kind: str, demand_ref: str) -> dict[str, datetime]:
    """This function will return since when each line of a demand waits."""
    rows = Backorder.objects.filter(_OPEN, demand_kind=demand_kind, demand_ref=demand_ref)
    return dict(rows.order_by("-created_at").values_list("line_ref", "created_at"))


def may_wait(*, offers: Collection[Offer]) -> set[Offer]:
    """This function will return what may be sold while there is none, in one statement.

    Whether there is room for more is known when a line is queued.
    """
    rules = waiting_limits.rules_of(
        organization_ids={organization_id for organization_id, _, _ in offers},
        variant_ids={variant_id for _, variant_id, _ in offers},
    )
    today = clock.now().date()
    return {offer for offer in offers if rules.allow(*offer, today)}


@dataclass(slots=True)
class _Standing:
    """Whose the variants are, what may wait for them, and what does."""

    rules: Rules
    today: date
    owners: dict[int, int] = field(default_factory=dict)
    units: dict[tuple[RuleKey, int, str], int] = field(default_factory=dict)

    def room(self, rule: Rule, variant_id: int, kind: str) -> int | None:
        limit = rule.limit_of(kind)
        if limit is None:
            return None
        return max(0, limit - self.units.get((rule.key, variant_id, kind), 0))

    def count(self, rule: Rule, variant_id: int, kind: str, units: int) -> None:
        key = (rule.key, variant_id, kind)
        self.units[key] = self.units.get(key, 0) + units


_Fresh = list[tuple[BacklogLine, Rule, str]]


def _once(lines: Sequence[BacklogLine]) -> list[BacklogLine]:
    first: dict[_LineKey, BacklogLine] = {}
    for line in lines:
        require_quantity(line.quantity)
        first.setdefault(_key(line), line)
    return list(first.values())


def _key(line: BacklogLine) -> _LineKey:
    return line.demand_kind, line.demand_ref, line.line_ref, line.variant_id


def _demand(line: BacklogLine) -> DemandKey:
    return line.demand_kind, line.demand_ref


def _look(lines: Sequence[BacklogLine], rules: Rules) -> _Standing:
    found = _Standing(rules, clock.now().date())
    with connection.cursor() as cursor:
        cursor.execute(_backlog_sql.STANDING, [sorted({line.variant_id for line in lines})])
        for variant_id, owner, channel, kind, units in cursor.fetchall():
            found.owners[variant_id] = owner
            rule = rules.find(owner, variant_id, channel) if kind else None
            if rule is not None:
                found.count(rule, variant_id, kind, units)
    for line in lines:
        if found.owners.get(line.variant_id) != line.organization_id:
            raise ForeignVariant(f"Organization {line.organization_id} sells no such variant.",
                                 data={"variant_id": line.variant_id})  # fmt: skip
    return found


def _judge(
    lines: Sequence[BacklogLine], found: _Standing
) -> tuple[_Fresh, dict[str, tuple[LimitReached, ...]]]:
    demands: dict[DemandKey, list[BacklogLine]] = {}
    for line in lines:
        demands.setdefault(_demand(line), []).append(line)
    fresh: _Fresh = []
    refused: dict[str, tuple[LimitReached, ...]] = {}
    for (_, ref), mine in demands.items():
        granted, over = _judge_one(mine, found)
        if over:
            refused[ref] = tuple(over)
            for line, rule, kind in granted:
                found.count(rule, line.variant_id, kind, -line.quantity)
        else:
            fresh += granted
    return fresh, refused


def _judge_one(lines: Sequence[BacklogLine], found: _Standing) -> tuple[_Fresh, list[LimitReached]]:
    granted: _Fresh = []
    over: list[LimitReached] = []
    for line in lines:
        rule = found.rules.find(line.organization_id, line.variant_id, line.channel)
        kind = rule.kind_on(found.today) if rule else ""
        room = found.room(rule, line.variant_id, kind) if rule else 0
        if rule is None or (room is not None and room < line.quantity):
            over.append(LimitReached(line.line_ref, line.variant_id, line.quantity, room or 0))
            continue
        found.count(rule, line.variant_id, kind, line.quantity)
        granted.append((line, rule, kind))
    return granted, over


def _queue(fresh: _Fresh) -> dict[_LineKey, WaitingLine]:
    """Stores the lines, promises them, and tells each demand that it waits."""
    now = clock.now()
    stored = bulk.insert_rows(
        Backorder,
        [_row(line, rule, kind, now) for line, rule, kind in fresh],
        returning="demand_kind, demand_ref, line_ref, variant_id, id",
    )
    keys = {row[:-1]: row[-1] for row in stored}
    lines = [line for line, _, _ in fresh]
    days = promising.renew(
        variant_ids={line.variant_id for line in lines}, untold={_demand(line) for line in lines}
    )
    queued = {
        _key(line): WaitingLine(
            line.line_ref, line.variant_id, kind, line.quantity, days.get(keys[_key(line)])
        )
        for line, _, kind in fresh
    }
    emitting.emit_many(_events(lines, queued, now))
    return queued


def _row(line: BacklogLine, rule: Rule, kind: str, now: datetime) -> dict[str, Any]:
    return {
        "public_id": ids.public_id("bko", at=now),
        "organization_id": line.organization_id,
        "kind": kind,
        "demand_kind": line.demand_kind,
        "demand_ref": line.demand_ref,
        "line_ref": line.line_ref,
        "variant_id": line.variant_id,
        "channel": line.channel,
        "quantity": line.quantity,
        "filled": 0,
        "cancelled": 0,
        "priority": line.priority,
        "ships_on": rule.preorder_ships_on if kind == Backorder.Kind.PREORDER else None,
        "created_at": line.since or now,
        "version": 0,
    }


def _open_lines(lines: Sequence[BacklogLine]) -> dict[_LineKey, WaitingLine]:
    rows = Backorder.objects.filter(
        _OPEN,
        demand_kind__in={line.demand_kind for line in lines},
        demand_ref__in={line.demand_ref for line in lines},
    ).order_by("pk")
    return {
        (row.demand_kind, row.demand_ref, row.line_ref, row.variant_id): WaitingLine(
            line_ref=row.line_ref,
            variant_id=row.variant_id,
            kind=row.kind,
            units=row.quantity - row.filled - row.cancelled,
            promised_on=row.promised_on,
        )
        for row in rows
    }


def _events(
    lines: Sequence[BacklogLine], queued: dict[_LineKey, WaitingLine], now: datetime
) -> list[BackorderQueued]:
    demands: dict[DemandKey, list[BacklogLine]] = {}
    for line in lines:
        demands.setdefault(_demand(line), []).append(line)
    return [
        BackorderQueued(
            organization_id=mine[0].organization_id,
            demand_kind=kind,
            demand_ref=ref,
            units=sum(line.quantity for line in mine),
            variant_ids=sorted({line.variant_id for line in mine}),
            promised_on=promising.iso(
                promising.last_day(queued[_key(line)].promised_on for line in mine)
            ),
            occurred_at=now,
        )
        for (kind, ref), mine in demands.items()
    ]
