"""What inventory hands over its border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from oms.core.errors import OmsError


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
    """What one demand holds at one node, or (None) at all of them; `at` is when the step was.

    With `line_refs` only what it holds for these lines.
    """

    demand_kind: str
    demand_ref: str
    node_id: int | None = None
    at: datetime | None = None
    line_refs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Availability:
    """What a node can sell of a variant now: never below zero."""

    variant_id: int
    node_id: int
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
class SafetyLimit:
    """`quantity` a node keeps back: of a variant, else of each variant of a category, else of any.

    Zero is a rule too: it wins over a wider one.
    """

    node_id: int
    quantity: int
    variant_id: int | None = None
    category: str = ""


@dataclass(frozen=True, slots=True)
class SellingLimit:
    """What may be sold beyond the shelf of a variant (None: any) in a channel (empty: any).

    Oversell is at each node, backorders and preorders are over all; None is without limit.
    """

    organization_id: int
    variant_id: int | None = None
    channel: str = ""
    oversell_limit: int = 0
    backorder_limit: int | None = 0
    preorder_limit: int | None = 0
    preorder_ships_on: date | None = None


@dataclass(frozen=True, slots=True)
class ChannelReserve:
    """`quantity` at a place that one channel alone may take."""

    node_id: int
    variant_id: int
    channel: str
    quantity: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RuleQuestion:
    """Which rules hold for one variant at one node, sold in one channel (empty: no channel)?"""

    variant_id: int
    node_id: int
    channel: str = ""


@dataclass(frozen=True, slots=True)
class SafetyTerms:
    """One safety rule that fits; scopes are variant, category and node."""

    scope: str
    rule_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class SellingTerms:
    """One selling rule that fits; scopes are variant+channel, variant, channel and any."""

    scope: str
    rule_id: int
    oversell_limit: int
    backorder_limit: int | None
    preorder_limit: int | None
    preorder_ships_on: date | None


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """All rules that fit, of each kind: the first one wins, over the others as they follow."""

    question: RuleQuestion
    safety: tuple[SafetyTerms, ...]
    selling: tuple[SellingTerms, ...]

    @property
    def safety_stock(self) -> int:
        """Units kept back; none where no rule fits."""
        return self.safety[0].quantity if self.safety else 0

    @property
    def oversell_limit(self) -> int:
        """Units that the channel may sell beyond the shelf; none where no rule fits."""
        return self.selling[0].oversell_limit if self.selling else 0


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
class SyncLine:
    """A place in a message: `units` of change, or units counted there."""

    node: str
    sku: str
    units: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SyncDraft:
    """One numbered message of another system: changes, or (a snapshot) its counts.

    Of a complete snapshot's nodes, what it does not list is counted as nothing.
    """

    sequence: int
    kind: str
    lines: tuple[SyncLine, ...]
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """What became of one message: applied, waiting, duplicate or refused.

    `problem` says what could not be booked of an applied one, `error` why one was refused.
    """

    sequence: int | None
    outcome: str
    problem: str = ""
    error: OmsError | None = None


@dataclass(frozen=True, slots=True)
class FeedItem:
    """What a channel may sell of a SKU, and the number of that telling."""

    sku: str
    quantity: int
    sequence: int


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
