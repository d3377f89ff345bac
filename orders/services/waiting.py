"""Orders that are sold while the stock is not there.

The whole order waits, with one promise and one delivery: what is in stock of it is kept for it, and
for the rest it stands in the backlog of inventory. When the last unit is there it is planned like
any other order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from inventory.services import backlog
from inventory.services import waiting as stock_waiting
from inventory.types import BacklogLine, WaitingLine
from oms.core import bulk
from oms.core.transactions import needs_transaction
from orders import promise_inputs
from orders.models import OrderLine
from orders.services import promising
from orders.services.recording import Recorded


@dataclass(slots=True)
class Waited:
    """Keys of orders: those that wait, and those for which all is kept already; and what those
    that wait are promised."""

    waiting: set[int] = field(default_factory=set)
    ready: set[int] = field(default_factory=set)
    promises: list[promising.NewPromise] = field(default_factory=list)


@needs_transaction
def let_wait(
    *,
    items: Sequence[Recorded],
    short: Mapping[int, Sequence[int]],
    at: Mapping[int, datetime],
    cause: str,
) -> Waited:
    """This function will let the orders wait of which all `short` variants may be sold so.

    Their short units are counted as backordered, and they are to be promised the day of their last
    one, which the caller stores. The other orders are left as they are.
    """
    allowed = _allowed(items, short)
    waited = Waited()
    if not allowed:
        return waited
    answer = stock_waiting.wait(lines=[line for item in allowed for line in _lines(item)])
    for item in allowed:
        found = answer.waiting.get(item.order.public_id)
        if found:
            waited.waiting.add(item.order.pk)
            _count(item, found)
            waited.promises.append(_promise(item, found, at[item.order.pk], cause))
        elif found is not None:
            waited.ready.add(item.order.pk)
            item.may_hold = True
    _store([item for item in allowed if item.order.pk in waited.waiting])
    return waited


def _allowed(items: Sequence[Recorded], short: Mapping[int, Sequence[int]]) -> list[Recorded]:
    wanted = {
        item.order.pk: {
            (item.order.organization_id, variant_id, item.channel)
            for variant_id in short[item.order.pk]
        }
        for item in items
    }
    offers = set().union(*wanted.values())
    allowed = backlog.may_wait(offers=offers)
    return [item for item in items if wanted[item.order.pk] <= allowed]


def _lines(item: Recorded) -> list[BacklogLine]:
    order = item.order
    return [
        BacklogLine(
            organization_id=order.organization_id,
            demand_kind="order",
            demand_ref=order.public_id,
            line_ref=str(line.position),
            variant_id=line.variant_id,
            quantity=line.unallocated,
            channel=item.channel,
            priority=item.level.rank,
            since=item.waiting_since.get(str(line.position)),
        )
        for line in item.lines
        if line.unallocated
    ]


def _count(item: Recorded, found: Sequence[WaitingLine]) -> None:
    lines = {str(line.position): line for line in item.lines}
    for waits in found:
        line = lines[waits.line_ref]
        line.unallocated -= waits.units
        line.backordered += waits.units


def _promise(
    item: Recorded, found: Sequence[WaitingLine], at: datetime, cause: str
) -> promising.NewPromise:
    return promising.NewPromise(
        order=item.order,
        promised_on=_last_day([waits.promised_on for waits in found]),
        latest_ship_at=item.order.latest_ship_at,
        cause=cause,
        inputs=promise_inputs.of_waiting(item.level, found, at),
        at=at,
    )


def _last_day(days: Sequence[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return max(known) if len(known) == len(days) else None


def _store(items: Sequence[Recorded]) -> None:
    bulk.update_rows(
        OrderLine,
        [
            {"id": line.pk, "unallocated": line.unallocated, "backordered": line.backordered}
            for item in items
            if item.are_lines_stored
            for line in item.lines
        ],
    )
