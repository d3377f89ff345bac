"""What an import would change, said before it does: counts, reasons, the first orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms.core import clock
from orders.channels.types import ChannelFacts
from orders.importing import runner
from orders.importing.answers import Batch
from orders.importing.errors_file import ErrorsFile
from orders.importing.types import Reader, SourceOrder
from orders.types import Placed

#: Orders that are shown one by one.
SHOWN = 20


@dataclass(slots=True)
class Preview:
    """Without personal data: it is stored and shown. `total` is what the file holds, `done` how
    much of it was looked at."""

    total: int
    done: int = 0
    new: int = 0
    repeated: int = 0
    rejected: int = 0
    held: int = 0
    units: int = 0
    #: By currency.
    amounts: dict[str, Decimal] = field(default_factory=dict)
    #: How often what is wrong, most often first.
    reasons: Counter[str] = field(default_factory=Counter)
    first: list[dict[str, Any]] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """This method will count a batch."""
        self.done += len(batch.orders)
        self.new += batch.placed
        self.repeated += batch.replayed
        self.rejected += len(batch.refused)
        wrong = {id(order): errors for order, errors in batch.refused}
        for errors in wrong.values():
            self.reasons.update({f"{error.field} {error.code}".strip() for error in errors})
        for order, answer in batch.pairs:
            if answer is not None and answer.is_placed and not answer.is_replay:
                self._count(order, answer)
            if len(self.first) < SHOWN:
                codes = [error.code for error in wrong.get(id(order), ())]
                self.first.append(_shown(order, answer, codes))

    def _count(self, order: SourceOrder, answer: Placed) -> None:
        assert order.draft is not None
        currency = order.draft.currency
        self.held += bool(answer.holds)
        self.units += sum(line.quantity for line in order.draft.lines)
        self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + answer.total_amount

    def as_json(self) -> dict[str, Any]:
        """This method will return it as it is stored."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "amounts": {currency: str(amount) for currency, amount in self.amounts.items()},
            "reasons": dict(self.reasons.most_common(50)),
            "first": self.first,
        }


_PLAIN = ("total", "done", "new", "repeated", "rejected", "held", "units")


def look(
    *,
    reader: Reader,
    channel: ChannelFacts,
    path: Path,
    advance: Callable[[int], None] = lambda _n: None,
    told: Callable[[Preview], bool] = lambda _preview: True,
    limit: int | None = None,
    until: float | None = None,
) -> Preview:
    """This function will run an import batch by batch and take every batch back.

    :param path: where the refused rows go.
    :param told: called after each batch; False stops.
    :param until: monotonic seconds at which it stops; `done` says how far it came.
    """
    found = Preview(total=reader.total)
    with ErrorsFile(path, columns=reader.columns) as errors:
        for orders in runner.batches(reader, limit=limit):
            batch = runner.rehearse(reader=reader, channel=channel, orders=orders)
            errors.append(batch.refused)
            found.add(batch)
            advance(len(orders))
            if not told(found) or (until is not None and clock.monotonic() >= until):
                break
    return found


def _shown(order: SourceOrder, answer: Placed | None, codes: list[str]) -> dict[str, Any]:
    draft = order.draft
    return {
        "line": order.line,
        "reference": draft.external_ref if draft else "",
        "units": sum(line.quantity for line in draft.lines) if draft else 0,
        "outcome": _outcome(answer, codes),
        "codes": codes or list(answer.holds if answer else ()),
    }


def _outcome(answer: Placed | None, codes: list[str]) -> str:
    if codes or answer is None:
        return "rejected"
    if answer.is_replay:
        return "repeated"
    return "held" if answer.holds else "new"
