"""Messages between this stock and other systems'."""

from __future__ import annotations

from dataclasses import dataclass

from oms.core.errors import OmsError


@dataclass(frozen=True, slots=True)
class SyncLine:
    """A place in a message: `units` of change, or units counted there."""

    node: str
    sku: str
    units: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SyncDraft:
    """One numbered message of another system: changes, or (a snapshot) its counts.

    Of a complete snapshot's nodes, what it does not list is counted as nothing.
    """

    sequence: int
    kind: str
    lines: tuple[SyncLine, ...]
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """What became of one message: applied, waiting, duplicate or refused.

    `problem` says what could not be booked of an applied one, `error` why one was refused.
    """

    sequence: int | None
    outcome: str
    problem: str = ""
    error: OmsError | None = None


@dataclass(frozen=True, slots=True)
class FeedItem:
    """What a channel may sell of a SKU, and the number of that telling."""

    sku: str
    quantity: int
    sequence: int
