"""What became of a batch of a file's orders, in the words of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from oms.core.errors import FieldError, OmsError
from orders.importing.types import RowError, SourceOrder
from orders.types import Placed


@dataclass(frozen=True)
class Batch:
    """Orders of a file with placement's answers to those that could be read."""

    orders: Sequence[SourceOrder]
    answers: Sequence[Placed]
    is_table: bool

    @cached_property
    def pairs(self) -> list[tuple[SourceOrder, Placed | None]]:
        """Each order with its answer; None for one that could not be read."""
        replies = iter(self.answers)
        return [(order, None if order.draft is None else next(replies)) for order in self.orders]

    @cached_property
    def refused(self) -> list[tuple[SourceOrder, Sequence[RowError]]]:
        """The orders that were not placed, with what is wrong with each."""
        found: list[tuple[SourceOrder, Sequence[RowError]]] = []
        for order, answer in self.pairs:
            if answer is None:
                found.append((order, order.errors))
            elif answer.error is not None:
                found.append((order, self._told(order, answer.error)))
        return found

    @property
    def placed(self) -> int:
        return sum(answer.is_placed and not answer.is_replay for answer in self.answers)

    @property
    def replayed(self) -> int:
        return sum(answer.is_placed and answer.is_replay for answer in self.answers)

    def _told(self, order: SourceOrder, error: OmsError) -> list[RowError]:
        if not error.errors:
            return [RowError(order.line, "", error.code, error.detail)]
        return [self._located(order, e) for e in error.errors]

    def _located(self, order: SourceOrder, error: FieldError) -> RowError:
        """In a table the line and the column, in a JSON document the path of the value."""
        steps = error.pointer.strip("/").split("/")
        if not self.is_table:
            return RowError(order.line, "/".join(steps), error.code, error.detail)
        line = order.line
        if steps[0] == "lines" and len(steps) > 1 and int(steps[1]) < len(order.rows):
            line = order.rows[int(steps[1])].line
        column = f"payment_{steps[-1]}" if steps[0] == "payments" else steps[-1]
        return RowError(line, column, error.code, error.detail)
