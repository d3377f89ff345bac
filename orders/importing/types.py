"""What readers give the import and what it reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from orders.types import OrderDraft


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong with one row of the source."""

    line: int
    field: str
    code: str
    message: str
    original: str


@dataclass(frozen=True, slots=True)
class SourceOrder:
    """One order of the source: a draft, or what made it unreadable. `line` is where it began."""

    line: int
    original: str
    draft: OrderDraft | None = None
    errors: tuple[RowError, ...] = field(default=())


class Reader(Protocol):
    """A file of orders in a fixed order: reading it twice gives the same sequence."""

    #: What the progress bar counts to.
    total: int
    #: Identifies the content: the same file resumes its own import.
    fingerprint: str

    def __iter__(self) -> Iterator[SourceOrder]: ...
