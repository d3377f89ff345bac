"""What returns take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Units of one order line, by its position, that somebody wants to send back."""

    position: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """Where the units of one return line ended; they add to what was received before."""

    line_id: int
    restock: int = 0
    quarantine: int = 0
    missing: int = 0

    @property
    def units(self) -> int:
        return self.restock + self.quarantine + self.missing
