"""What inventory hands over its border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Leg:
    """`quantity` of one variant from one node for one demand line."""

    line_ref: str
    variant_id: int
    node_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What one demand (an order) takes, as a plan of legs. Same demand twice = same answer."""

    organization_id: int
    demand_kind: str
    demand_ref: str
    legs: tuple[Leg, ...]
    at: datetime | None = None
    #: Where it was sold: channels have reserves and limits of their own.
    channel: str = ""
    #: The day it must arrive by: lots that expire before are not taken. None: today.
    needed_on: date | None = None
    #: Take what there is of each leg, rather than all legs or nothing.
    is_partial: bool = False
    #: Who asks; empty: the actor of the context.
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A leg that could not be taken, and what was free there."""

    demand_ref: str
    line_ref: str
    variant_id: int
    node_id: int
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class ReserveResult:
    """`taken` demands hold their legs; `short` ones lack something, with the reasons.

    A demand is in one of the two. Only a partial demand may be in both: it holds what there was.
    """

    taken: tuple[str, ...]
    short: Mapping[str, tuple[Shortage, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemandAtNode:
    """What one demand holds at one node, or (None) at all of them; `at` is when the step was."""

    demand_kind: str
    demand_ref: str
    node_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """What a node can sell of a variant now: never below zero."""

    variant_id: int
    node_id: int
    on_hand: int
    available: int


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
class NodeOffer:
    """What one node, by its code, can sell now."""

    node: str
    available: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be sold of one SKU now, and where."""

    sku: str
    is_active: bool
    total: int
    nodes: tuple[NodeOffer, ...]


@dataclass(frozen=True, slots=True)
class BacklogLine:
    """Units that one demand line waits for. A higher priority is filled first."""

    organization_id: int
    demand_kind: str
    demand_ref: str
    line_ref: str
    variant_id: int
    quantity: int
    channel: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """What a demand line waits for now, and the day it is promised; None: no arrival is known."""

    line_ref: str
    variant_id: int
    kind: str
    units: int
    promised_on: date | None


@dataclass(frozen=True, slots=True)
class LimitReached:
    """Why a line may not wait: `room` units are left of what its selling rule allows."""

    line_ref: str
    variant_id: int
    wanted: int
    room: int


@dataclass(frozen=True, slots=True)
class BacklogAnswer:
    """Demands that wait, and those that may not: each is in one of the two with all its lines."""

    waiting: Mapping[str, tuple[WaitingLine, ...]]
    refused: Mapping[str, tuple[LimitReached, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SupplyRef:
    """One line of a document that brings units: a purchase order, a transfer, a return."""

    organization_id: int
    kind: str
    document_ref: str
    line_ref: str = "1"


@dataclass(frozen=True, slots=True)
class SupplyDraft:
    """What will arrive, where and when."""

    ref: SupplyRef
    node_id: int
    variant_id: int
    quantity: int
    expected_on: date


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units of a supply line that came in; `receipt_ref` is the number of the delivery's paper."""

    ref: SupplyRef
    quantity: int
    receipt_ref: str
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """Units of a supply line that will never come; None: all that has not come yet."""

    ref: SupplyRef
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class TransferLine:
    line_ref: str
    variant_id: int
    quantity: int
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Stock on its way between two nodes of the operator, by the number of its paper."""

    document_ref: str
    source_node_id: int
    node_id: int
    expected_on: date
    lines: tuple[TransferLine, ...]


@dataclass(frozen=True, slots=True)
class ExpectedUnits:
    """Units nobody was promised yet that will arrive at a node on a day."""

    variant_id: int
    node_id: int
    expected_on: date
    units: int


@dataclass(frozen=True, slots=True)
class SoftlyHeld:
    """Units that a demand line holds at a place, and no node works on."""

    demand_kind: str
    demand_ref: str
    line_ref: str
    variant_id: int
    position_id: int
    node_id: int
    units: int

    @property
    def key(self) -> tuple[str, str]:
        return self.demand_kind, self.demand_ref
