"""What lines of an order are called where stock is promised to them: "2", "2/3" when the order is
routed for the third time, and "2/3/2" for the second part of that. Each route and part has names of
its own, so that what one holds is never mistaken for what another asks for."""

from __future__ import annotations


def of(position: int, attempt: int, part: int = 1) -> str:
    """This function will return the name of a line in a part of the order's `attempt`-th route."""
    if part > 1:
        return f"{position}/{attempt}/{part}"
    return str(position) if attempt == 1 else f"{position}/{attempt}"


def position_of(line_ref: str) -> int:
    """This function will return the position of the line that a name stands for."""
    return int(line_ref.partition("/")[0])
