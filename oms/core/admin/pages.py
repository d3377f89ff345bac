"""A page to read: a head that answers first, then blocks in two columns and one across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from oms.core.admin.cells import Text
from oms.core.admin.charts import Flow, Waterfall


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values."""

    template: ClassVar[str] = "admin/oms/blocks/facts.html"

    title: Text
    rows: Sequence[tuple[Text, Any]]
    note: Any = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; `empty` is said where there are none. `numeric` columns stand right;
    `foot` is the row of totals; a table of figures `is_dense`: two of them in a line on a phone.
    """

    template: ClassVar[str] = "admin/oms/blocks/table.html"

    title: Text
    headers: Sequence[Text]
    rows: Sequence[Sequence[Any]]
    empty: Text
    numeric: frozenset[int] = frozenset()
    note: Any = ""
    foot: Sequence[Any] = ()
    is_dense: bool = False

    @property
    def lines(self) -> list[list[tuple[Text, Any, bool]]]:
        """Each cell with its header (a phone shows it beside) and whether it is a figure."""
        return [self._line(row) for row in self.rows]

    @property
    def last_line(self) -> list[tuple[Text, Any, bool]]:
        return self._line(self.foot) if self.foot else []

    def _line(self, row: Sequence[Any]) -> list[tuple[Text, Any, bool]]:
        return [
            (header, cell, index in self.numeric)
            for index, (header, cell) in enumerate(zip(self.headers, row, strict=True))
        ]

    @property
    def heads(self) -> list[tuple[Text, bool]]:
        return [(header, index in self.numeric) for index, header in enumerate(self.headers)]


@dataclass(frozen=True, slots=True)
class Sentences:
    """Plain sentences, the first one first."""

    template: ClassVar[str] = "admin/oms/blocks/sentences.html"

    title: Text
    sentences: Sequence[Any]
    empty: Text = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that answers, as a cell; the words below it say what more there is to know."""

    name: Text
    value: Any
    more: Any = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers that answer first, side by side."""

    template: ClassVar[str] = "admin/oms/blocks/figures.html"

    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a story."""

    at: Any
    text: Any
    who: Any = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What happened, newest first."""

    template: ClassVar[str] = "admin/oms/blocks/story.html"

    title: Text
    moments: Sequence[Moment]
    empty: Text = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """A stored document as it is, for those who look closer."""

    template: ClassVar[str] = "admin/oms/blocks/raw.html"

    title: Text
    text: str


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a whole; below zero where it was added rather than taken."""

    label: Text
    units: int
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """Where a share stands in the picture, in per mille of its width."""

    share: Share
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Shares:
    """How a whole is made up: one bar of its parts, and each in words with its number."""

    template: ClassVar[str] = "admin/oms/blocks/shares.html"

    title: Text
    shares: Sequence[Share]
    empty: Text
    note: Any = ""

    @property
    def slices(self) -> list[Slice]:
        """The parts above zero, side by side; what is below zero is told in words only."""
        whole = sum(share.units for share in self.shares if share.units > 0)
        found, start = [], 0.0
        for share in self.shares:
            if share.units > 0:
                width = 1000 * share.units / whole
                found.append(Slice(share, round(start, 2), round(width, 2)))
                start += width
        return found


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a way: what it is called, its time as a cell, and a note. `state` is done, late
    (done or not), now, ahead or never; the words say the same."""

    name: Text
    at: Any
    note: Any = ""
    state: str = "ahead"
    is_now: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """A way with its stops, side by side; one below the other on a phone."""

    template: ClassVar[str] = "admin/oms/blocks/track.html"

    title: Text
    stops: Sequence[Stop]
    note: Any = ""


Block = Facts | Table | Sentences | Story | Raw | Figures | Flow | Waterfall | Shares | Track


@dataclass(frozen=True, slots=True)
class Page:
    """`lead` is the line below the name: what people look for first, as name and value; `top` are
    blocks above the columns, `across` those below."""

    name: Text
    pills: Sequence[Any] = ()
    lead: Sequence[tuple[Text, Any]] = ()
    top: Sequence[Block] = ()
    main: Sequence[Block] = field(default_factory=list)
    side: Sequence[Block] = field(default_factory=list)
    across: Sequence[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a narrowed list is about and comes to, above its rows."""

    name: Text
    facts: Sequence[tuple[Text, Any]] = ()
    pills: Sequence[Any] = ()
    ways: Sequence[Any] = ()
