"""What is booked, and how it is proved."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class StockChange:
    """One receipt, adjustment or return to book."""

    node_id: int
    variant_id: int
    quantity: int
    reason: str = ""
    document_kind: str = "manual"
    document_ref: str = ""
    lot_id: int | None = None
    #: A unit of the variant, by its code; empty: pieces.
    unit: str = ""


@dataclass(frozen=True, slots=True)
class LedgerDifference:
    """A balance that its movements, or its live reservations, do not explain."""

    position_id: int
    node_id: int
    variant_id: int
    balance: str
    source: str
    stored: int
    expected: int | None


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """`count` differences in all; the first of them one by one."""

    positions: int
    movements: int
    differences: list[LedgerDifference]
    count: int


@dataclass(frozen=True, slots=True)
class NodeStock:
    """One node's stock in sum."""

    node_id: int
    positions: int
    on_hand: int
    held: int
    allocated: int
    quarantined: int
    damaged: int
    returned: int = 0


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """Units whose condition changes for a reason of `inventory.reasons`, at one place.

    The lot is named where lots are tracked, the serial number where those are.
    """

    node_id: int
    variant_id: int
    quantity: int
    reason: str
    lot_id: int | None = None
    serial: str = ""
    note: str = ""
    document_kind: str = "adjustment"
    document_ref: str = ""


@dataclass(frozen=True, slots=True)
class CountedLine:
    """What somebody found on the shelf of one variant, and of one lot where lots are tracked."""

    variant_id: int
    counted: int
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class FoundLine:
    """The same as people write it down: by SKU, and by the lot's code where lots are tracked."""

    sku: str
    counted: int
    lot: str = ""


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A counted place beside what the books say; `expected` lay on the shelf by the snapshot."""

    sku: str
    name: str
    lot: str
    expected: int
    counted: int
    difference: int
    #: Of the difference, at the lot's cost or else the variant's price.
    value: Decimal
    currency: str
    #: Units came to the shelf or left it after the snapshot.
    has_moved: bool
    #: Units that are promised now and would have no stock once this is booked.
    uncovered: int
