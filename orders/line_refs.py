"""What lines of an order are called where stock is promised to them: "2", and "2/3" when the order
is routed for the third time. Each route has names of its own, so that what an earlier one still
holds is never mistaken for what a later one asks for."""

from __future__ import annotations


def of(position: int, attempt: int) -> str:
    """This function will return the name of a line in the order's `attempt`-th route."""
    return str(position) if attempt == 1 else f"{position}/{attempt}"


def position_of(line_ref: str) -> int:
    """This function will return the position of the line that a name stands for."""
    return int(line_ref.partition("/")[0])
