"""What people took responsibility for, and for exactly what."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Max, OuterRef, Subquery

from orders.models import Order, Override, RuleResult

#: A rule, and a mark of what it objects to.
Mark = tuple[str, str]

ADDRESS = "address"


def mark(order: Order, rule: str, reasons: Sequence[Mapping[str, str]]) -> Mark:
    """This function will return what an override of this objection covers: of an address this very
    one, of all else the same kinds of reasons."""
    if rule == ADDRESS:
        return rule, f"contact:{order.ship_to_id}"
    codes = ",".join(sorted({reason["code"] for reason in reasons}))
    return rule, hashlib.blake2b(codes.encode(), digest_size=16).hexdigest()


def marks_of(*, order_ids: Collection[int]) -> dict[int, set[Mark]]:
    """This function will return what is covered, by order. One statement."""
    found: dict[int, set[Mark]] = defaultdict(set)
    rows = Override.objects.filter(order_id__in=order_ids)
    for order_id, rule, covers in rows.values_list("order_id", "rule", "covers"):
        found[order_id].add((rule, covers))
    return found


@dataclass(slots=True)
class Run:
    """The newest run of an order's rules: its number, 0 for none, and what was objected to."""

    number: int = 0
    objections: set[Mark] = field(default_factory=set)
    #: Rule → its answer.
    answers: dict[str, RuleResult] = field(default_factory=dict)


def last_runs(*, order_ids: Collection[int]) -> dict[int, Run]:
    """This function will return the newest run of each order. One statement."""
    newest = (
        RuleResult.objects.filter(order=OuterRef("order"))
        .order_by()
        .values("order")
        .annotate(newest=Max("run"))
        .values("newest")
    )
    rows = RuleResult.objects.filter(order_id__in=order_ids, run=Subquery(newest))
    found: dict[int, Run] = defaultdict(Run)
    for row in rows.order_by("pk"):
        run = found[row.order_id]
        run.number = row.run
        run.answers[row.rule] = row
        if row.mark:
            run.objections.add((row.rule, row.mark))
    return found


def without_override(*, orders: Sequence[Order]) -> list[Order]:
    """This function will return the orders whose address is undeliverable and that nobody took
    responsibility for. No statement where every address is fine."""
    doomed = [o for o in orders if o.address_verdict == Order.AddressVerdict.UNDELIVERABLE]
    if not doomed:
        return []
    covered = marks_of(order_ids=[order.pk for order in doomed])
    return [order for order in doomed if mark(order, ADDRESS, ()) not in covered[order.pk]]
