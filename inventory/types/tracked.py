"""Lots, serial numbers and recalls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LotDraft:
    """A lot to make or bring up to date, found by variant and code."""

    variant_id: int
    code: str
    expires_on: date | None = None
    #: Not sold from this day on; None: the expiry date counts.
    removal_on: date | None = None
    cost_amount: Decimal | None = None
    cost_currency: str = ""


@dataclass(frozen=True, slots=True)
class SerialUnit:
    """One numbered unit that comes in, in a condition: the balance that will count it."""

    node_id: int
    variant_id: int
    code: str
    condition: str = "on_hand"
    lot_id: int | None = None
    reason: str = ""
    document_kind: str = "manual"
    document_ref: str = ""


@dataclass(frozen=True, slots=True)
class SerialPick:
    """The serial numbers that were taken from the shelf for one reservation."""

    reservation_id: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SerialCount:
    """What a scan of one place found, by serial number: `missing` were booked as gone and `found`
    as back; the rest needs a person: promised ones, those of other places, unknown ones."""

    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    promised: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Units of a lot, or a serial number, that are promised and have not left."""

    demand_kind: str
    demand_ref: str
    line_ref: str
    node_id: int
    variant_id: int
    quantity: int
    status: str
    lot_id: int | None = None
    serial_id: int | None = None


@dataclass(frozen=True, slots=True)
class ShippedUnits:
    """Units that left for a demand; `at` is when the last of them did."""

    demand_kind: str
    demand_ref: str
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Remaining:
    """What one node still has of recalled goods."""

    node_id: int
    on_hand: int
    allocated: int
    quarantined: int
    damaged: int
    returned: int


@dataclass(frozen=True, slots=True)
class RecallScope:
    """The lots and serial numbers a recall is about; a lot's own serial numbers come with it."""

    lot_ids: tuple[int, ...] = ()
    serial_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecallBoard:
    """Where every received unit is: `parts` are (code, units) and add up to `received`.

    What stands in the house is read from balances, what left it from movements; the sum proves
    both. Units that were found without a receipt make the part `lost` negative.
    """

    received: int
    parts: tuple[tuple[str, int], ...]
    remaining: tuple[Remaining, ...]
    open_work: tuple[OpenWork, ...]
    shipped: tuple[ShippedUnits, ...]

    @property
    def accounted(self) -> int:
        return sum(units for _, units in self.parts)

    @property
    def is_balanced(self) -> bool:
        return self.accounted == self.received
