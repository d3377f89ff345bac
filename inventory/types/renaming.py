"""What is promised, under another name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Renaming:
    """Of one variant that a line holds, what is beyond `leave` units becomes another line's.

    `is_allocated`: of what nodes work on, else of what is only kept. Without `node_id` wherever it
    lies. One line is named once a call.
    """

    demand_kind: str
    demand_ref: str
    line_ref: str
    variant_id: int
    to_ref: str
    to_line: str
    leave: int
    is_allocated: bool
    node_id: int | None = None


@dataclass(frozen=True, slots=True)
class PlaceGiven:
    """`units` that a line waits for are waited for by another line, at the same place in the
    queue."""

    demand_kind: str
    demand_ref: str
    line_ref: str
    to_ref: str
    to_line: str
    units: int
