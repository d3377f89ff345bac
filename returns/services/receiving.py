"""Books what came back: to stock, to quarantine, or missing; the last unit closes the return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from inventory.services import kits, stock
from inventory.types import StockChange
from oms.core import bulk, clock, transitions
from oms.core.errors import Conflict, FieldError
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.services import counters
from returns.eligibility import InvalidReturn
from returns.events import ReturnClosed, ReturnReceived
from returns.models import Return, ReturnLine
from returns.selectors import returns as selectors
from returns.types import ReceivedLine


class MoreThanExpected(Conflict):
    """More arrived of a line than was to come back."""

    code = "returns.more_than_expected"


@use_case
def receive(
    *,
    return_ref: str,
    lines: Sequence[ReceivedLine],
    actor: str,
    at: datetime | None = None,
    within: Callable[[Return], None] | None = None,
) -> Return:
    """This function will book one receipt and close the return when every unit is settled.

    Each receipt adds to those before. Missing units are settled without coming back. `within` is
    called before the commit.

    :raises UnknownReturn: there is none with this reference.
    :raises IllegalTransition: it is declined, closed, cancelled or expired.
    :raises InvalidReturn: nothing was received, a line is unknown or a count is negative.
    :raises MoreThanExpected: a line would hold more units than were to come back.
    """
    moment = at or clock.now()
    parent, expected = selectors.lock_with_lines(public_id=return_ref)
    if parent.status != Return.Status.IN_PROGRESS:
        transitions.apply(parent, "begin", actor=actor, now=moment)
    _add(expected, lines)
    # Order lines before stock: the lock order of the whole product.
    _count_returned(parent, expected, lines)
    _book_stock(parent, expected, lines, moment)
    emitting.emit(_received(parent, lines, moment))
    if all(line.quantity == _settled(line) for line in expected):
        event = ReturnClosed(
            organization_id=parent.organization_id,
            return_ref=parent.public_id,
            order_ref=parent.order.public_id,
            occurred_at=moment,
        )
        transitions.apply(parent, "close", actor=actor, now=moment, event=event)
    if within is not None:
        within(parent)
    return parent


def _settled(line: ReturnLine) -> int:
    return line.restocked + line.quarantined + line.missing


def _add(expected: Sequence[ReturnLine], lines: Sequence[ReceivedLine]) -> None:
    """Adds the receipt to the lines and stores them; refuses all when one is wrong."""
    rows = {line.pk: line for line in expected}
    errors = [error for index, line in enumerate(lines) if (error := _wrong(index, line, rows))]
    if errors or not lines:
        raise InvalidReturn("Count at least one unit of a line of this return.", errors=errors)
    for line in lines:
        row = rows[line.line_id]
        row.restocked += line.restock
        row.quarantined += line.quarantine
        row.missing += line.missing
    over = [
        FieldError(f"/lines/{index}", "more_than_expected", _expected(rows[line.line_id]))
        for index, line in enumerate(lines)
        if _settled(rows[line.line_id]) > rows[line.line_id].quantity
    ]
    if over:
        raise MoreThanExpected("More is counted than was to come back; see errors.", errors=over)
    bulk.update_rows(
        ReturnLine,
        [
            {
                "id": row.pk,
                "restocked": row.restocked,
                "quarantined": row.quarantined,
                "missing": row.missing,
            }
            for row in expected
        ],
    )


def _wrong(index: int, line: ReceivedLine, rows: dict[int, ReturnLine]) -> FieldError | None:
    if line.line_id not in rows:
        return FieldError(f"/lines/{index}", "unknown_line", "The return has no such line.")
    if min(line.restock, line.quarantine, line.missing) < 0 or line.units == 0:
        return FieldError(f"/lines/{index}", "no_units", "Count at least one unit, none negative.")
    return None


def _expected(row: ReturnLine) -> str:
    return f"{row.quantity} units were to come back, {_settled(row)} are counted in all."


def _count_returned(
    parent: Return, expected: Sequence[ReturnLine], lines: Sequence[ReceivedLine]
) -> None:
    order_lines = {row.pk: row.order_line_id for row in expected}
    came: dict[int, int] = {}
    for line in lines:
        key = order_lines[line.line_id]
        came[key] = came.get(key, 0) + line.restock + line.quarantine
    counters.record_returned(
        order_id=parent.order_id, quantities={key: n for key, n in came.items() if n}
    )


def _book_stock(
    parent: Return,
    expected: Sequence[ReturnLine],
    lines: Sequence[ReceivedLine],
    at: datetime,
) -> None:
    variants = {row.pk: row.variant_id for row in expected}
    restock = [(variants[line.line_id], line.restock) for line in lines]
    quarantine = [(variants[line.line_id], line.quarantine) for line in lines]
    for counts, is_quarantine in ((restock, False), (quarantine, True)):
        changes = [_change(parent, variant_id, units) for variant_id, units in counts if units]
        if changes:
            changes = kits.in_parts(changes=changes)
            stock.take_back(changes=changes, quarantine=is_quarantine, at=at)


def _change(parent: Return, variant_id: int, units: int) -> StockChange:
    return StockChange(
        node_id=parent.node_id,
        variant_id=variant_id,
        quantity=units,
        reason=parent.reason,
        document_kind="return",
        document_ref=parent.public_id,
    )


def _received(parent: Return, lines: Sequence[ReceivedLine], at: datetime) -> ReturnReceived:
    return ReturnReceived(
        organization_id=parent.organization_id,
        return_ref=parent.public_id,
        order_ref=parent.order.public_id,
        occurred_at=at,
        restocked=sum(line.restock for line in lines),
        quarantined=sum(line.quarantine for line in lines),
        missing=sum(line.missing for line in lines),
    )
