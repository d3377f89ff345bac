"""What readers give the import and what it reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orders.types import OrderDraft


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as it stands in the source, where it is looked up and corrected."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong with one row of the source."""

    line: int
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceOrder:
    """One order of the source: a draft, or what made it unreadable. A draft's lines stand in the
    order of the rows, where each row is one line."""

    rows: tuple[SourceRow, ...]
    draft: OrderDraft | None = None
    errors: tuple[RowError, ...] = field(default=())

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.rows[0].line


class Reader(Protocol):
    """A file of orders in a fixed order: reading it twice gives the same sequence."""

    #: What the progress bar counts to.
    total: int
    #: Identifies content and mapping: the same file resumes its own import.
    fingerprint: str

    @property
    def columns(self) -> Sequence[str]:
        """The header that the rows' cells stand under; empty where a row is a JSON document."""

    def __iter__(self) -> Iterator[SourceOrder]: ...
